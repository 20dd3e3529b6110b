"""ci/drift.py"""

import json

import pytest


@pytest.fixture
def night(run, tmp_path, github):
    """One night: how planning each environment ended, and with which id; everything else is clean. Gives the exit code."""

    def night(**ends: tuple[int, str] | None) -> int:
        folder = tmp_path / "made"
        for name, (code, plan_id) in ({"dev": (0, "e"), "staging": (0, "e"), "prod": (0, "e")} | {k: v for k, v in ends.items() if v}).items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            (folder / name / "plan.md").write_text(f"<!-- infra plan: techhub/{name} -->\nplan {plan_id}\n")
            (folder / name / "state.json").write_text(json.dumps({"environment": name, "code": code, "plan_id": plan_id}))
        for name in [name for name, end in ends.items() if end is None]:
            for file in (folder / name).glob("*"):
                file.unlink()
        done = run("drift.py", folder)
        assert done.returncode in (0, 1), done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode

    return night


def test_a_clean_night_writes_nothing(night, github):
    assert night() == 0
    assert github.writes() == []


def test_opened_left_alone_updated_closed(night, github):
    night(dev=(2, "aaa"))
    assert github.writes() == ["POST labels", "POST issues"]
    (issue,) = github.read()["issues"]
    assert issue["title"] == "infra: dev differs from its spec" and "plan aaa" in issue["body"] and issue["labels"] == ["infra-drift"]

    night(dev=(2, "aaa"))
    assert github.writes() == []

    night(dev=(2, "bbb"))
    assert github.writes() == ["PATCH issues/1", "POST issues/1/comments"]
    (issue,) = github.read()["issues"]
    assert "plan bbb" in issue["body"] and "aaa" not in issue["body"]
    assert "`bbb`" in github.read()["comments"][-1]["body"]

    night()
    assert github.writes() == ["POST issues/1/comments", "PATCH issues/1"]
    assert github.read()["issues"][0]["state"] == "closed"
    night()
    assert github.writes() == []


def test_drift_that_comes_back_opens_the_same_issue_again(night, github):
    night(dev=(2, "aaa"))
    night()
    github.writes()
    night(dev=(2, "aaa"))
    assert github.writes() == ["PATCH issues/1", "POST issues/1/comments"]
    (issue,) = github.read()["issues"]
    assert issue["state"] == "open"


def test_every_environment_has_an_issue_of_its_own(night, github):
    night(dev=(2, "aaa"), prod=(2, "bbb"))
    night(dev=(2, "aaa"))
    assert [(issue["title"].split()[1], issue["state"]) for issue in github.read()["issues"]] == [("dev", "open"), ("prod", "closed")]


def test_a_blocked_plan_is_a_difference(night, github):
    assert night(dev=(5, "aaa")) == 0
    assert "differs" in github.read()["issues"][0]["title"]


@pytest.mark.parametrize("end", [(1, ""), None])
def test_what_cannot_be_checked_is_no_drift(night, github, end):
    assert night(dev=end) == 1
    (issue,) = github.read()["issues"]
    assert issue["title"] == "infra: dev could not be checked"
    github.writes()
    assert night(dev=end) == 1
    assert github.writes() == []
    assert night() == 0
    assert github.read()["issues"][0]["state"] == "closed"


def test_a_failed_check_leaves_what_is_known_of_drift(night, github):
    night(dev=(2, "aaa"))
    night(dev=(1, ""))
    drift, trouble = github.read()["issues"]
    assert drift["state"] == "open" and "plan aaa" in drift["body"] and trouble["state"] == "open"
    night(dev=(2, "aaa"))
    drift, trouble = github.read()["issues"]
    assert drift["state"] == "open" and trouble["state"] == "closed"


def test_issues_of_others_are_not_touched(night, github):
    for number in (1, 2, 3):
        body = "<!-- infra drift: techhub/dev -->\n"
        github.add("issues", number=number, state="open", user={"login": "mallory"}, labels=["infra-drift"], body=body)
    night()
    assert github.writes() == []
    night(dev=(2, "aaa"))
    assert github.writes() == ["POST labels", "POST issues"]
