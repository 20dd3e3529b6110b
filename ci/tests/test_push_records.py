"""ci/push-records"""

import os

import pytest
from conftest import git


@pytest.fixture
def origin(repository, tmp_path):
    """Where the repository pushes to; a clone of it stands for somebody else."""
    git(tmp_path, "clone", "--quiet", "--bare", str(repository.folder), "origin.git")
    git(repository.folder, "remote", "add", "origin", str(tmp_path / "origin.git"))
    git(tmp_path, "clone", "--quiet", "origin.git", "other")
    return tmp_path / "origin.git"


@pytest.fixture
def records(tmp_path):
    folder = tmp_path / "records"
    (folder / "dev").mkdir(parents=True)
    (folder / "dev/20261121T143205Z-apply-abc.json").write_text("{}\n")
    return folder


def push_as_other(tmp_path, name: str) -> None:
    (tmp_path / "other" / name).write_text("theirs\n")
    git(tmp_path / "other", "add", "--all")
    git(tmp_path / "other", "commit", "--quiet", "--message", name)
    git(tmp_path / "other", "push", "--quiet", "origin", "main")


def test_pushed_without_starting_anything(run, origin, records):
    done = run("push-records", records, "main")
    assert done.returncode == 0, done.stderr
    assert git(origin, "show", "main:plans/dev/20261121T143205Z-apply-abc.json") == "{}\n"
    assert git(origin, "log", "-1", "--format=%s", "main").strip() == "plans: dev/20261121T143205Z-apply-abc [skip ci]"


@pytest.mark.parametrize(("variables", "name"), [({}, "github-actions[bot]"), ({"CIRCLECI": "true"}, "CircleCI")])
def test_the_commit_is_by_the_ci_system_unless_variables_say_otherwise(run, origin, records, monkeypatch, variables, name):
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_NAME")
        monkeypatch.delenv(f"GIT_{role}_EMAIL")
    done = run("push-records", records, "main", GIT_AUTHOR_NAME="Ann", GIT_AUTHOR_EMAIL="ann@example.com", **variables)
    assert done.returncode == 0, done.stderr
    assert git(origin, "log", "-1", "--format=%an %ae, %cn", "main").strip() == f"Ann ann@example.com, {name}"


def test_no_record_no_commit(run, origin, tmp_path):
    before = git(origin, "rev-parse", "main")
    assert run("push-records", tmp_path / "nothing", "main").returncode == 0
    assert git(origin, "rev-parse", "main") == before


def test_twice_is_once(run, origin, records):
    run("push-records", records, "main")
    before = git(origin, "rev-parse", "main")
    assert run("push-records", records, "main").returncode == 0
    assert git(origin, "rev-parse", "main") == before


def test_somebody_pushed_meanwhile(run, origin, records, tmp_path):
    push_as_other(tmp_path, "theirs")
    done = run("push-records", records, "main")
    assert done.returncode == 0, done.stderr
    assert git(origin, "log", "-2", "--format=%s", "main").splitlines()[1] == "theirs"


@pytest.mark.parametrize(
    ("variables", "way_on"), [({}, ["deploy key", "docs/ci/github.md"]), ({"CIRCLECI": "true"}, ["INFRA_RECORDS_KEY", "docs/ci/circleci.md"])]
)
def test_a_branch_that_takes_no_push_ends_and_says_so(run, origin, records, repository, variables, way_on):
    hook = origin / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    # Without the pauses in between.
    sleep = repository.folder / ".git/bin/sleep"
    sleep.parent.mkdir()
    sleep.write_text("#!/bin/sh\n")
    sleep.chmod(0o755)
    done = run("push-records", records, "main", PATH=f"{sleep.parent}:{os.environ['PATH']}", **variables)
    assert done.returncode == 1 and "cannot push the records to main" in done.stderr
    assert all(words in done.stderr for words in way_on)
