"""People with a repository on a pretended GitHub: they open pull requests, merge them, and agree by hand."""

import json
import os
import shutil
from pathlib import Path

from actions import Runner
from conftest import REPOSITORY, ROOT
from pretended import GitHub, git


def roles() -> dict[str, str]:
    """The variables that say which role is whose."""
    arn = "arn:aws:iam::123456789012:role"
    each = {verb: {name: f"{arn}/{name}-{verb}" for name in ("dev", "staging", "prod")} for verb in ("plan", "apply")}
    return {"INFRA_PLAN_ROLES": json.dumps(each["plan"]), "INFRA_APPLY_ROLES": json.dumps(each["apply"])}


def results(jobs: dict) -> dict[str, str]:
    return {name: job.result for name, job in jobs.items()}


class Team:
    """People with a repository on GitHub."""

    def __init__(self, folder: Path, github: GitHub, specs: dict[str, str], variables: dict[str, str], path: str) -> None:
        self.work, self.number = folder / "work", 0
        (self.work / "environments").mkdir(parents=True)
        for name, text in specs.items():
            (self.work / "environments" / name).write_text(text)
        for copied in (".github", "ci"):
            shutil.copytree(ROOT / copied, self.work / copied, ignore=shutil.ignore_patterns("tests", "__pycache__"))
        origin = folder / "origin.git"
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
        git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")
        git(self.work, "init", "--quiet", "--initial-branch=main")
        git(self.work, "remote", "add", "origin", str(origin))
        always = {name: value for name, value in os.environ.items() if name.startswith(("GIT_", "PYTHON"))}
        self.runner = Runner(origin, github, folder / "jobs", variables | always, path, roles(), REPOSITORY)
        self.publish()

    def publish(self) -> None:
        """Commits to the default branch, before anything is planned."""
        self.commit()
        git(self.work, "push", "--quiet", "origin", "HEAD:main")

    def edit(self, path: str, text: str) -> None:
        file = self.work / path
        file.write_text(file.read_text() + text)

    def commit(self) -> str:
        git(self.work, "add", "--all")
        git(self.work, "commit", "--quiet", "--message", "change")
        return git(self.work, "rev-parse", "HEAD").strip()

    def open(self, *edits: tuple[str, str]) -> dict:
        """Opens a pull request, and gives the jobs that planned it."""
        self.number += 1
        git(self.work, "fetch", "--quiet", "origin")
        git(self.work, "checkout", "--quiet", "-B", f"change-{self.number}", "origin/main")
        return self.push(*edits)

    def push(self, *edits: tuple[str, str], repository: str = REPOSITORY) -> dict:
        """Pushes to the pull request; what runs is its merge with the default branch, as GitHub makes it."""
        for path, text in edits:
            self.edit(path, text)
        self.head = self.commit()
        merged = self.merge_commit()
        payload = {"pull_request": {"number": self.number, "head": {"sha": self.head, "repo": {"full_name": repository}}}}
        return self.runner.run("plan.yml", "pull_request", merged, payload)

    def merge_commit(self) -> str:
        git(self.work, "fetch", "--quiet", "origin")
        tree = git(self.work, "merge-tree", "--write-tree", "origin/main", self.head).strip()
        commit = git(self.work, "commit-tree", tree, "-p", "origin/main", "-p", self.head, "-m", "merge").strip()
        git(self.work, "push", "--quiet", "--force", "origin", f"{commit}:refs/pull/{self.number}/merge")
        return commit

    def merge(self, how: str) -> dict:
        """Merges the pull request, and gives the jobs that applied it."""
        before = git(self.work, "rev-parse", "origin/main").strip()
        merged = self.merge_commit()
        if how != "merge":
            # A squash and the last commit of a rebase look the same from here: one commit, one parent.
            merged = git(self.work, "commit-tree", f"{merged}^{{tree}}", "-p", "origin/main", "-m", how).strip()
        git(self.work, "push", "--quiet", "origin", f"{merged}:main")
        pull = {"number": self.number, "merged_at": "2026-11-21T12:00:00Z", "merge_commit_sha": merged, "head": {"sha": self.head}}
        self.runner.github.add("pulls", **pull, commits=[merged])
        return self.runner.run("apply.yml", "push", merged, {"before": before})

    def dispatch(self, ref: str = "main", **inputs: str) -> dict:
        main = git(self.runner.origin, "rev-parse", "main").strip()
        return self.runner.run("apply.yml", "workflow_dispatch", main, {}, {"allow": "", **inputs}, ref)

    def night(self) -> dict:
        return self.runner.run("drift.yml", "schedule", git(self.runner.origin, "rev-parse", "main").strip(), {})

    def records(self) -> list[str]:
        return git(self.runner.origin, "ls-tree", "-r", "--name-only", "main", "plans").split()
