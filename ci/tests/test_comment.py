"""ci/comment.py"""

import json

import pytest


@pytest.fixture
def comment(run, tmp_path):
    def comment(plans: dict[str, str], names: list[str] | None = None):
        folder = tmp_path / "made"
        for name, plan in plans.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            (folder / name / "plan.md").write_text(f"<!-- infra plan: techhub/{name} -->\n{plan}\n")
            (folder / name / "plan.html").write_text("")
        names = json.dumps(list(plans) if names is None else names)
        done = run("comment.py", "--pull", 12, "--commit", "c0ffee", "--environments", names, folder)
        assert done.returncode == 0, done.stderr

    return comment


def test_one_comment_for_each_environment(comment, github):
    comment({"dev": "plan of dev", "prod": "plan of prod"})
    dev, prod = [each["body"] for each in github.read()["comments"]]
    assert dev.startswith("<!-- infra plan: techhub/dev -->\nplan of dev\n")
    assert prod.startswith("<!-- infra plan: techhub/prod -->\nplan of prod\n")
    assert "c0ffee" in dev and "artifact `plan-dev`" in dev and "/techhub/infra/actions/runs/77" in dev


def test_edited_in_place_and_only_when_it_differs(comment, github):
    comment({"dev": "first"})
    github.writes()
    comment({"dev": "first"})
    assert github.writes() == []
    comment({"dev": "second"})
    assert github.writes() == ["PATCH issues/comments/1"]
    (only,) = github.read()["comments"]
    assert "second" in only["body"] and "first" not in only["body"]


def test_found_among_many_and_never_those_of_others(comment, github):
    marker = "<!-- infra plan: techhub/dev -->\n"
    for number in range(5):
        github.add("comments", id=100 + number, issue=12, user={"login": "mallory"}, body=f"{marker}{number}")
    github.add("comments", id=200, issue=12, user={"login": "github-actions[bot]"}, body=f"> {marker}")
    comment({"dev": "ours"})
    assert github.writes() == ["POST issues/12/comments"]
    comment({"dev": "ours again"})
    assert len(github.writes()) == 1
    assert [each["body"] for each in github.read()["comments"] if each["user"]["login"] == "mallory"] == [
        f"{marker}{number}" for number in range(5)
    ]


def test_names_that_begin_alike_are_told_apart(comment, github, repository):
    repository.write("environments/dev-eu.toml", 'extends = "base.toml"\nenvironment = "dev-eu"\n')
    comment({"dev-eu": "Europe"})
    comment({"dev": "home"})
    assert len(github.read()["comments"]) == 2


def test_a_change_that_was_taken_back_is_said_once(comment, github):
    comment({"dev": "plan", "prod": "plan"})
    comment({}, names=["prod"])
    bodies = [each["body"] for each in github.read()["comments"]]
    assert "not changed by this pull request any more" in bodies[0] and "plan" in bodies[1]
    github.writes()
    comment({}, names=["prod"])
    assert github.writes() == []


def test_a_job_that_made_no_plan_leaves_no_old_plan(comment, github, tmp_path):
    comment({"dev": "old"})
    (tmp_path / "made/dev/plan.md").unlink()
    comment({}, names=["dev"])
    (only,) = github.read()["comments"]
    assert "there is no plan" in only["body"] and "old" not in only["body"]


def test_the_longest_plan_still_fits(comment, github):
    comment({"dev": "x" * 59_900})
    assert len(github.read()["comments"][0]["body"]) < 65_536


def test_what_github_refuses_is_said(run, github, tmp_path):
    (tmp_path / "made/dev").mkdir(parents=True)
    (tmp_path / "made/dev/plan.md").write_text("x" * 70_000)
    done = run("comment.py", "--pull", 12, "--commit", "c", "--environments", '["dev"]', tmp_path / "made")
    assert done.returncode == 1 and done.stderr.startswith("error: ") and "too long" in done.stderr
