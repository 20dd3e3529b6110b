"""From pull request to production and back to a quiet night, with the workflows as they are written."""

import os
import shutil

import pytest
from conftest import ROOT, SPECS, git
from people import Team, results

@pytest.fixture
def team(tmp_path, github, infra):
    variables = {name: os.environ[name] for name in ("FAKE_AWS", "FAKE_GITHUB")}
    return Team(tmp_path, github, SPECS, variables, os.environ["PATH"])


@pytest.fixture
def merging(team):
    """The same team, where merging is the approval."""
    shutil.copy(ROOT / "docs/ci/github-merge-approves.yml", team.work / ".github/workflows/apply.yml")
    team.publish()
    return team


BASE = ("environments/base.toml", "# changed\n")
DEV = ("environments/dev.toml", "# changed\n")


@pytest.mark.parametrize("how", ["merge", "squash"])
def test_from_a_pull_request_to_production(team, github, infra, how):
    jobs = team.open(BASE)
    assert results(jobs) == {"specs": "success", "plan": "success", "comment": "success", "planned": "success"}, team.runner.log
    bodies = [comment["body"] for comment in github.read()["comments"]]
    assert [body.split("\n")[0] for body in bodies] == [f"<!-- infra plan: techhub/{name} -->" for name in ("dev", "staging", "prod")]
    assert team.runner.summary.count("Plan id:") == 3

    team.push(BASE)
    assert len(github.read()["comments"]) == 3
    assert all(new["body"] != old for new, old in zip(github.read()["comments"], bodies, strict=True))

    jobs = team.merge(how)
    assert results(jobs) == {"changed": "success", "dev": "success", "staging": "success", "prod": "success"}, team.runner.log
    assert (infra / "log").read_text().split() == ["dev", "staging", "prod"]
    # Each record is pushed from an environment of its own, which keeps the key.
    assert team.runner.deployed == ["dev", "records", "staging", "records", "prod", "records"]
    assert [record.split("/")[1] for record in team.records()] == ["dev", "prod", "staging"]

    # Started again, there is nothing to do, and nobody is asked to approve nothing.
    main = git(team.runner.origin, "rev-parse", "main^").strip()
    team.runner.run("apply.yml", "push", main, {"before": "0" * 40})
    assert team.runner.deployed == []

    assert results(team.night()) == {"environments": "success", "check": "success", "issues": "success"}, team.runner.log
    assert github.read()["issues"] == []


def test_a_change_of_one_environment_leaves_the_others_alone(team, infra):
    team.open(DEV)
    assert results(team.merge("squash")) == {"changed": "success", "dev": "success", "staging": "skipped", "prod": "skipped"}
    assert (infra / "log").read_text().split() == ["dev"]


def test_nothing_of_ours_in_a_pull_request(team, github):
    jobs = team.open(("ci/requirements.txt", "\n"))
    assert results(jobs) == {"specs": "success", "plan": "skipped", "comment": "success", "planned": "success"}
    assert github.read()["comments"] == []


def test_a_fork_gets_no_credentials_and_no_comment(team, github):
    team.open(DEV)
    jobs = team.push(DEV, repository="mallory/infra")
    assert results(jobs) == {"specs": "success", "plan": "skipped", "comment": "skipped", "planned": "success"}


def test_a_blocked_plan_fails_the_check_and_is_shown(team, github):
    jobs = team.open(("environments/dev.toml", "# blocked\n"))
    assert results(jobs) == {"specs": "success", "plan": "failure", "comment": "success", "planned": "failure"}
    (comment,) = github.read()["comments"]
    assert "Plan id" in comment["body"]


def test_what_was_not_reviewed_is_not_applied(team, infra):
    team.open(BASE)
    # Somebody changes dev in AWS between the review and the merge.
    (infra / "dev").write_text("something else")
    jobs = team.merge("squash")
    assert results(jobs) == {"changed": "success", "dev": "failure", "staging": "skipped", "prod": "skipped"}
    assert not (infra / "log").exists() and team.runner.deployed == []
    assert "what was reviewed in #1 was" in team.runner.log and "what was reviewed in #1 was" in team.runner.summary
    plan = team.runner.log.rsplit("-f plan=", 1)[1].split()[0]

    # A person looks at the plan as it is now, and agrees to exactly that.
    assert results(team.dispatch(environment="dev", plan="0" * 32))["dev"] == "failure"
    assert results(team.dispatch(environment="dev", plan=plan)) == {
        "changed": "success",
        "dev": "success",
        "staging": "skipped",
        "prod": "skipped",
    }
    assert (infra / "log").read_text().split() == ["dev"]


def test_by_hand_from_a_branch_nothing_happens(team, infra):
    jobs = team.dispatch(ref="change-1", environment="dev", plan="0" * 32)
    assert results(jobs) == {"changed": "skipped", "dev": "skipped", "staging": "skipped", "prod": "skipped"}
    assert team.runner.deployed == []


def test_a_pull_request_that_changes_nothing_reviews_what_is_left(team, infra):
    team.open(BASE)
    (infra / "dev").write_text("something else")
    team.merge("squash")
    team.open(BASE)
    assert results(team.merge("squash"))["prod"] == "success", team.runner.log
    assert (infra / "log").read_text().split() == ["dev", "staging", "prod"]


def test_two_pull_requests_that_do_not_know_of_each_other(team, infra):
    """Both were planned before either was applied. The second is what was reviewed only if the first has been applied."""
    team.open(DEV)
    first = team.head, team.number
    team.open(("environments/staging.toml", "# changed\n"))
    team.merge("squash")
    assert (infra / "log").read_text().split() == ["staging"]
    team.head, team.number = first
    assert results(team.merge("squash"))["dev"] == "success", team.runner.log
    assert (infra / "log").read_text().split() == ["staging", "dev"]


def test_losing_data_takes_a_person(team, infra):
    team.open(("environments/dev.toml", "# data-loss\n"))
    assert results(team.merge("squash"))["dev"] == "failure"
    plan = team.runner.log.rsplit("-f plan=", 1)[1].split()[0]
    assert team.runner.deployed == []
    assert results(team.dispatch(environment="dev", plan=plan, allow="data-loss"))["dev"] == "success"


def test_a_failed_apply_is_recorded_and_stops_the_rest(team, infra):
    team.open(BASE, ("environments/dev.toml", "# breaks\n"))
    jobs = team.merge("squash")
    assert results(jobs) == {"changed": "success", "dev": "failure", "staging": "skipped", "prod": "skipped"}
    assert [record.split("/")[1] for record in team.records()] == ["dev"]


def test_drift_opens_an_issue_until_it_is_gone(team, github, infra):
    team.open(BASE)
    team.merge("merge")
    applied = (infra / "prod").read_text()
    (infra / "prod").write_text("somebody was here")
    assert results(team.night())["issues"] == "success", team.runner.log
    (issue,) = github.read()["issues"]
    assert issue["title"] == "infra: prod differs from its spec"
    (infra / "prod").write_text(applied)
    team.night()
    assert github.read()["issues"][0]["state"] == "closed"


def test_without_roles_every_job_says_what_is_missing(team, github):
    team.runner.vars = {"INFRA_PLAN_ROLES": "", "INFRA_APPLY_ROLES": ""}
    jobs = team.open(DEV)
    assert results(jobs) == {"specs": "success", "plan": "failure", "comment": "success", "planned": "failure"}
    assert "INFRA_PLAN_ROLES" in team.runner.log
    assert "there is no plan" in github.read()["comments"][0]["body"]
    assert results(team.night()) == {"environments": "success", "check": "failure", "issues": "failure"}
    assert {issue["title"].split(" ", 2)[2] for issue in github.read()["issues"]} == {"could not be checked"}


def test_where_merging_approves_production_waits_for_its_own_spec(merging, infra):
    merging.open(BASE)
    assert results(merging.merge("squash")) == {"changed": "success", "dev": "success", "staging": "success", "prod": "skipped"}
    # The plan of prod in this pull request has the change of the base in it.
    merging.open(("environments/prod.toml", "# approved\n"))
    assert results(merging.merge("merge")) == {"changed": "success", "dev": "skipped", "staging": "skipped", "prod": "success"}
    assert (infra / "log").read_text().split() == ["dev", "staging", "prod"]


def test_where_merging_approves_only_what_was_reviewed_is_applied(merging, infra):
    merging.open(("environments/prod.toml", "# approved\n"))
    (infra / "prod").write_text("something else")
    assert results(merging.merge("squash"))["prod"] == "failure"
    assert not (infra / "log").exists()
