"""GitHub for an example: pull requests, merges and releases start the workflows that wait for them.

Jobs run as in `ci/tests/actions.py`. Beside that, roles are those that the README has made, with their trust and their rights.
"""

import re
from fnmatch import fnmatchcase
from pathlib import Path

from actions import Job, Runner
from cloud import REGION
from example import Example
from expressions import interpolate
from pretended import GitHub, git
from ruamel.yaml import YAML

ISSUER = "token.actions.githubusercontent.com"
# The jobs that ran, by workflow and by name.
Ran = dict[str, dict[str, Job]]
SETUP_INFRA = re.compile(r"example/infra/\.github/actions/setup-infra")


class ExampleRunner(Runner):
    """Runs jobs of an example; `cloud` is where their roles are."""

    def __init__(self, example: Example, github: GitHub, vars: dict[str, str], secrets: dict[str, str]) -> None:
        self.cloud, self.example = example.cloud, example
        # Environments whose reviewers turn down whatever they are asked.
        self.turned_down: set[str] = set()
        variables = example.variables | {"FAKE_GITHUB": str(github.file)}
        repository = f"example/{example.name}"
        jobs = example.folder / "jobs"
        super().__init__(example.origin, github, jobs, variables, example.path, vars, repository, secrets={"RECORDS_KEY": ""} | secrets)

    def job(self, name: str, source: dict, job: dict, names: dict) -> Job:
        if "environment" in job and interpolate(job["environment"], names, {}) in self.turned_down:
            return Job("failure")
        return super().job(name, source, job, names)

    def action(self, action: str, given: dict, here: Path, names: dict, environment: dict[str, str], job: dict) -> None:
        match action:
            case "actions/setup-python" | "actions/setup-node":
                assert given, f"{action} of which version?"
            case "aws-actions/configure-aws-credentials":
                assert job["permissions"]["id-token"] == "write"
                assert given["aws-region"] == REGION
                claims = {"iss": ISSUER, "aud": "sts.amazonaws.com", "sub": self.subject(names, job)}
                environment.update(self.cloud.assume(given["role-to-assume"], claims, here.name))
                environment.update({"AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION})
            case _ if SETUP_INFRA.fullmatch(action):
                pass  # it is on the path
            case _:
                super().action(action, given, here, names, environment, job)
        if action == "actions/checkout" and not (given.get("persist-credentials") and job["permissions"]["contents"] == "write"):
            git(here / "work", "remote", "set-url", "--push", "origin", "nobody-may-push-from-here")

    def subject(self, names: dict, job: dict) -> str:
        """The claim `sub` of a job's token, as GitHub makes it of repositories since July 2026: with ids."""
        owner, name = self.repository.split("/")
        github = names["github"]
        if "environment" in job:
            what = f"environment:{interpolate(job['environment'], names, {})}"
        elif github["event_name"] == "pull_request":
            what = "pull_request"
        else:
            kind = "tags" if github["event_name"] == "release" else "heads"
            what = f"ref:refs/{kind}/{github['ref_name']}"
        return f"repo:{owner}@1/{name}@2:{what}"


class OnGitHub:
    """A team that works on an example on GitHub."""

    def __init__(self, example: Example, vars: dict[str, str] | None = None, secrets: dict[str, str] | None = None) -> None:
        self.example, self.number, self.commit, self.log = example, 0, "", ""
        self.github = GitHub(example.folder / "github.json")
        self.runner = ExampleRunner(example, self.github, vars or {}, secrets or {})

    def happens(self, event: str, commit: str, payload: dict, *, ref: str = "main", changed: list[str] | None = None) -> Ran:
        """Runs every workflow that waits for this; gives its jobs by workflow."""
        self.last = (event, commit, payload, ref, changed)
        files = git(self.example.origin, "ls-tree", "--name-only", commit, ".github/workflows/").split()
        ran, log = {}, ""
        for file in files:
            on = YAML(typ="safe").load(git(self.example.origin, "show", f"{commit}:{file}"))["on"]
            wanted = (on[event] or {}) if event in on else None
            if wanted is None or ref not in wanted.get("branches", [ref]) or not any_matches(wanted.get("paths"), changed or []):
                continue
            name = file.rsplit("/", 1)[1]
            ran[name] = self.runner.run(name, event, commit, payload, ref=ref)
            log += self.runner.log
        self.commit, self.log = commit, log
        return ran

    def again(self) -> Ran:
        """Starts all jobs again of what ran last."""
        event, commit, payload, ref, changed = self.last
        ran = self.happens(event, commit, payload, ref=ref, changed=changed)
        self.example.pull()
        return ran

    def opens(self, edit) -> Ran:
        """Opens a pull request with this edit."""
        self.branch()
        return self.pushes(edit)

    def branch(self) -> None:
        self.number += 1
        self.example.pull()
        git(self.example.work, "checkout", "--quiet", "-b", f"change-{self.number}")

    def pushes(self, edit) -> Ran:
        """Pushes to the pull request; what runs is its merge with the main branch, as GitHub makes it."""
        work = self.example.work
        edit()
        head = self.example.commit(f"change {self.number}")
        tree = git(work, "merge-tree", "--write-tree", "origin/main", head).strip()
        merged = git(work, "commit-tree", tree, "-p", "origin/main", "-p", head, "-m", "merge").strip()
        git(work, "push", "--quiet", "--force", "origin", f"{merged}:refs/pull/{self.number}/merge")
        head = {"sha": head, "repo": {"full_name": self.runner.repository}}
        payload = {"pull_request": {"number": self.number, "head": head}}
        return self.happens("pull_request", merged, payload, ref=f"{self.number}/merge", changed=self.changed("origin/main", merged))

    def merges(self) -> Ran:
        """Merges the pull request by a squash, and deletes its branch."""
        work = self.example.work
        before = git(work, "rev-parse", "origin/main").strip()
        merged = git(work, "commit-tree", "HEAD^{tree}", "-p", "origin/main", "-m", f"change {self.number} (#{self.number})").strip()
        git(work, "push", "--quiet", "origin", f"{merged}:main")
        ran = self.happens("push", merged, {"before": before}, changed=self.changed(before, merged))
        self.example.pull()
        return ran

    def changes(self, edit) -> Ran:
        """Merges a pull request with this edit, at whose own jobs nobody looks here; gives what ran on the main branch."""
        self.branch()
        edit()
        self.example.commit(f"change {self.number}")
        return self.merges()

    def releases(self, version: str) -> Ran:
        """Publishes a release of what is on the main branch."""
        self.example.pull()
        git(self.example.work, "tag", version)
        git(self.example.work, "push", "--quiet", "origin", version)
        commit = git(self.example.work, "rev-parse", "HEAD").strip()
        ran = self.happens("release", commit, {"release": {"tag_name": version}}, ref=version)
        self.example.pull()
        return ran

    def changed(self, before: str, after: str) -> list[str]:
        return git(self.example.work, "diff", "--name-only", before, after).split()

    def comments(self) -> list[str]:
        return [comment["body"] for comment in self.github.read()["comments"]]


def any_matches(patterns: list[str] | None, paths: list[str]) -> bool:
    """GitHub's `paths`; of its patterns, those that end in `**` and plain names."""
    if patterns is None:
        return True
    assert all(pattern.count("*") in (0, 2) and not pattern.startswith("!") for pattern in patterns), patterns
    return any(fnmatchcase(path, pattern) for path in paths for pattern in patterns)


def ends(ran: Ran) -> dict[str, str]:
    """How each job ended, as `workflow/job`, without `.yml`."""
    return {f"{file.removesuffix('.yml')}/{name}": job.result for file, jobs in ran.items() for name, job in jobs.items()}
