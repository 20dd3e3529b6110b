"""oc-lettings: CircleCI builds, App Runner serves, Sentry hears of it.

Replaced are the account, Docker Hub by a registry of this machine, Sentry by a server of this machine, and two minutes of watching by
one second.
"""

import base64

import pytest
import registry as docker_hub
from circleci import OnCircleCI
from example import Example
from receiver import Receiver

KEY = "the key that may write"
BRANCH = {"test": "success", "infra": "success", "plan-staging": "success", "plan-production": "success"}
MAIN = {"test": "success", "infra": "success", "build": "success", "staging": "success", "production": "success"}


@pytest.fixture
def sentry():
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def example(tmp_path, registry, sentry):
    replaced = {
        "default: docker.io/example": f"default: {registry.host}/example",
        'bake = "2m"': 'bake = "1s"',
        "[notify.sentry]": f'[notify.sentry]\nurl = "{sentry.url}"',
    }
    return Example("oc-lettings", tmp_path, replaced)


@pytest.fixture
def team(example):
    key = base64.b64encode(f"{KEY}\n".encode()).decode()
    deploy = {"REGISTRY_USER": docker_hub.USER, "REGISTRY_PASSWORD": docker_hub.PASSWORD, "RECORDS_KEY": key}
    team = OnCircleCI(example, {"oc-lettings-plan": {}, "oc-lettings-deploy": deploy}, KEY)
    yield team
    team.tokens.stop()


def test_its_whole_life(example, team, sentry, registry):
    example.as_the_readme_says("Adopt it", "staging", "production")
    assert example.outcomes("staging") == example.outcomes("production") == ["apply done"]
    assert not sentry.told, "no release yet"

    # A branch is looked at, and changes nothing.
    feature = lambda: example.edit("app/main.py", "hello", "welcome")  # noqa: E731
    assert team.pushes(feature, branch="feature") == BRANCH, team.log
    assert example.outcomes("staging") == ["apply done"]

    assert team.merges("feature") == MAIN, team.log
    first = example.runs("staging")
    assert example.runs("production") == first == registry.digest("example/oc-lettings", team.commit), "from Docker Hub, byte for byte"
    sentry_knows(sentry, team.commit)

    # A version that does badly in staging is put back there, fails the job, and production never hears of it.
    example.cloud.outcome("apprunner", "oc-lettings-staging-site", "ROLLBACK_SUCCEEDED")
    broken = team.pushes(lambda: example.edit("app/main.py", "print", "prnt"))
    assert broken == MAIN | {"staging": "failed", "production": "skipped"}, team.log
    assert example.last_code("apply") == 6
    assert example.outcomes("staging")[-2:] == ["apply done", "apply rolled_back"]
    assert "-apply-" in example.history_of_git()[-1], "the record of the one that was put back is in git"
    assert example.runs("staging") == example.runs("production") == first
    assert [told for told in sentry.told if "deploys" in told.path][-1].body["environment"] == "production", "no deployment failed well"

    # Infrastructure: the plan stands in the branch's job, and merging is the approval.
    def mended_and_larger():
        example.edit("app/main.py", "prnt", "print")
        example.edit("environments/production.toml", "max = 4", "max = 5")

    assert team.pushes(mended_and_larger, branch="larger") == BRANCH, team.log
    assert "max  4 → 5" in team.log, team.log
    assert team.merges("larger") == MAIN, team.log
    assert example.outcomes("production")[-1] == "apply done" and example.runs("production") != first

    every_day(example, first)
    taken_down(example, team)
    example.everything_written_was_run()


def sentry_knows(sentry, commit):
    """The release by its commit, before anything runs it; and where it runs."""
    releases = [told.body for told in sentry.told if told.path.endswith("/releases/")]
    assert {release["version"] for release in releases} == {commit}
    assert releases[0]["refs"] == [{"repository": "example/oc-lettings", "commit": commit}] and releases[0]["projects"] == ["oc-lettings"]
    assert [told.body["environment"] for told in sentry.told if told.path.endswith("/deploys/")] == ["staging", "production"]
    assert {told.key for told in sentry.told} == {"Bearer ORGANIZATION-TOKEN"}


def every_day(example, first):
    """Back by hand, and a change by its plan's id."""
    example.edit("environments/production.toml", "max = 5", "max = 6")
    example.commit("more")
    example.push()
    example.as_the_readme_says("Every day", "production")
    assert example.last_record("production")["agreement"]["by"] == "approved"
    assert example.runs("production") == first


def taken_down(example, team):
    example.by_hand("infra destroy --env production --allow data-loss", "production", code=5)
    team.pushes(lambda: example.edit("environments/production.toml", "deletion_protection = true", "deletion_protection = false"))
    example.as_the_readme_says("Take it down", "production", "staging")
    assert example.outcomes("production")[-1] == example.outcomes("staging")[-1] == "destroy done"
