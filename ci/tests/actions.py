"""Runs workflows as GitHub would: their jobs in order, their `run:` steps as written, and pretended actions.

Each job has a checkout and a home of its own, and nothing in its environment but what GitHub or the workflow puts there.
"""

import io
import json
import os
import shutil
import subprocess
import zipfile
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from expressions import STATUS, Unknown, evaluate, interpolate
from pretended import GitHub, git
from ruamel.yaml import YAML

BASE_FUNCTIONS = {
    "contains": lambda where, what: what in where,
    "fromJSON": json.loads,
    "join": lambda items, separator: separator.join(items),
}


@dataclass
class Job:
    """How a job ended."""

    result: str
    outputs: dict = field(default_factory=dict)


@dataclass
class Runner:
    """GitHub's part: where jobs run, what they are given, and what they leave."""

    origin: Path
    github: GitHub
    folder: Path
    variables: dict[str, str]
    path: str
    vars: dict[str, str]
    repository: str
    account: str = "123456789012"
    secrets: dict[str, str] = field(default_factory=lambda: {"INFRA_RECORDS_KEY": ""})
    now: str = "2026-11-21T11:00:00Z"
    run_id: int = 0
    log: str = ""
    summary: str = ""
    deployed: list[str] = field(default_factory=list)

    def run(self, workflow: str, event: str, commit: str, payload: dict, inputs: dict | None = None, ref: str = "main") -> dict[str, Job]:
        """Runs a workflow for an event on a commit; gives its jobs by name."""
        self.run_id, self.log, self.summary, self.deployed = self.run_id + 1, "", "", []
        file = f".github/workflows/{workflow}"
        source = YAML(typ="safe").load(git(self.origin, "show", f"{commit}:{file}"))
        context = {
            "event": {"before": None, "repository": {"default_branch": "main"}, **payload},
            "event_name": event,
            "ref_name": ref,
            "repository": self.repository,
            "run_attempt": 1,
            "run_id": self.run_id,
            "sha": commit,
            "token": "token",
        }
        if inputs is None:
            # Without a dispatch, every input is null.
            inputs = dict.fromkeys((source["on"].get("workflow_dispatch") or {}).get("inputs", {}))
        jobs = self.jobs(source, {"github": context, "inputs": inputs, "secrets": self.secrets})
        self.github.add(
            "runs",
            id=self.run_id,
            workflow=workflow,
            event=event,
            head_sha=payload["pull_request"]["head"]["sha"] if event == "pull_request" else commit,
            head_repository={"full_name": self.repository},
            run_started_at=self.now,
            status="failure" if any(job.result == "failure" for job in jobs.values()) else "success",
        )
        return jobs

    def jobs(self, source: dict, names: dict) -> dict[str, Job]:
        done: dict[str, Job] = {}
        for name, job in source["jobs"].items():
            needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            assert set(needs) <= done.keys(), f"{name} needs what stands below it"
            ancestors = set(needs).union(*(self.ancestors(source, need) for need in needs))
            results = [done[each].result for each in ancestors]
            status = {
                "always": lambda: True,
                "cancelled": lambda: False,
                "failure": lambda results=results: "failure" in results,
                "success": lambda needs=needs: all(done[need].result == "success" for need in needs),
            }
            given = names | {"needs": {need: vars(done[need]) for need in needs}, "vars": self.vars}
            # What a job does not say, its outputs are null.
            if not self.condition(job.get("if"), given, status):
                empty = dict.fromkeys(job.get("outputs", {}), "")
                done[name] = Job("skipped", empty)
            elif "uses" in job:
                done[name] = self.called(job, given, status)
            else:
                matrix = interpolate_all(job.get("strategy", {}).get("matrix", {}), given, status)
                cells = [{key: value} for key, values in matrix.items() for value in values] or [{}]
                ends = [self.job(name, source, job, given | {"matrix": cell}) for cell in cells]
                failed = any(end.result == "failure" for end in ends)
                done[name] = Job("failure" if failed else "success", ends[-1].outputs)
        return done

    def ancestors(self, source: dict, name: str) -> set[str]:
        needs = source["jobs"][name].get("needs", [])
        needs = {needs} if isinstance(needs, str) else set(needs)
        return needs.union(*(self.ancestors(source, need) for need in needs))

    def condition(self, text: object, names: dict, status: dict) -> bool:
        text = str(text if text is not None else "success()").strip()
        text = text.removeprefix("${{").removesuffix("}}")
        if not STATUS.search(text):
            text = f"success() && ({text})"
        return bool(evaluate(text, names, BASE_FUNCTIONS | status))

    def called(self, job: dict, names: dict, status: dict) -> Job:
        """A reusable workflow of the same repository."""
        commit = names["github"]["sha"]
        source = YAML(typ="safe").load(git(self.origin, "show", f"{commit}:{job['uses'].removeprefix('$/').removeprefix('./')}"))
        declared = source["on"]["workflow_call"] or {}
        taken = declared.get("inputs", {})
        given = interpolate_all(job.get("with", {}), names, status)
        assert given.keys() <= taken.keys()
        assert all(given.get(key) for key, how in taken.items() if how.get("required")), f"{given} is not all that is required"
        inputs = {key: given.get(key) or how.get("default", "") for key, how in taken.items()}
        secrets = interpolate_all(job.get("secrets", {}), names, status)
        assert secrets.keys() <= declared.get("secrets", {}).keys()
        may = job["permissions"]
        for inner in source["jobs"].values():
            for scope, access in inner["permissions"].items():
                assert may.get(scope) in (access, "write"), f"{scope}: {access} is more than the caller may"
        ends = self.jobs(source, {"github": names["github"], "inputs": inputs, "secrets": secrets})
        return Job("failure" if any(end.result == "failure" for end in ends.values()) else "success")

    def job(self, name: str, source: dict, job: dict, names: dict) -> Job:
        here = self.folder / f"{self.run_id}-{name}-{'-'.join(map(str, names['matrix'].values()))}-{names['inputs'].get('environment')}"
        for folder in ("work", "temp", "home"):
            (here / folder).mkdir(parents=True)
        state = {"failed": False}
        status = {
            "always": lambda: True,
            "cancelled": lambda: False,
            "failure": lambda: state["failed"],
            "success": lambda: not state["failed"],
        }
        ids = [step["id"] for step in job["steps"] if "id" in step]
        steps = {each: {"outputs": Outputs(), "outcome": "skipped"} for each in ids}
        names = names | {"steps": steps, "runner": {"temp": str(here / "temp")}}
        environment, names["env"] = self.environment(here, names), {}
        for level in (source, job):
            names["env"] |= texts(interpolate_all(level.get("env", {}), names, status))
        environment |= names["env"]
        if "environment" in job:
            self.deployed.append(interpolate(job["environment"], names, BASE_FUNCTIONS | status))
        for step in job["steps"]:
            if not self.condition(step.get("if"), names, status):
                continue
            outputs: dict = {}
            try:
                if "uses" in step:
                    given = interpolate_all(step.get("with", {}), names, status)
                    self.action(step["uses"].split("@")[0], given, here, names, environment, job)
                else:
                    own = texts(interpolate_all(step.get("env", {}), names, status))
                    outputs = self.script(step["run"], here, environment | own)
                outcome = "success"
            except StepFailed:
                outcome = "failure"
                state["failed"] |= not step.get("continue-on-error", False)
            if "id" in step:
                steps[step["id"]] = {"outputs": Outputs(outputs), "outcome": outcome}
        outputs = interpolate_all(job.get("outputs", {}), names, status)
        return Job("failure" if state["failed"] else "success", outputs)

    def environment(self, here: Path, names: dict) -> dict[str, str]:
        github = names["github"]
        return self.variables | {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTOR": "somebody",
            "GITHUB_EVENT_NAME": github["event_name"],
            "GITHUB_OUTPUT": str(here / "output"),
            "GITHUB_REPOSITORY": self.repository,
            "GITHUB_RUN_ID": str(github["run_id"]),
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_SHA": github["sha"],
            "GITHUB_STEP_SUMMARY": str(here / "summary"),
            "HOME": str(here / "home"),
            "PATH": self.path,
            "RUNNER_TEMP": str(here / "temp"),
        }

    def script(self, script: str, here: Path, environment: dict[str, str]) -> dict[str, str]:
        assert "${{" not in script, "what others write must not become part of a script"
        (here / "output").write_text("")
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        # As GitHub does: no terminal, and nothing to read.
        done = subprocess.run(
            command, cwd=here / "work", env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300
        )
        self.log += f"$ {script}\n{done.stdout}{done.stderr}"
        if (here / "summary").exists():
            self.summary += (here / "summary").read_text()
            (here / "summary").unlink()
        if done.returncode != 0:
            raise StepFailed
        return dict(line.split("=", 1) for line in (here / "output").read_text().splitlines())

    def action(self, action: str, given: dict, here: Path, names: dict, environment: dict[str, str], job: dict) -> None:
        work = here / "work"
        match action:
            case "actions/checkout":
                self.check_out(work, given, names["github"]["sha"])
            case "$/.github/actions/setup-infra":
                assert shutil.which("infra", path=self.path)
            case "aws-actions/configure-aws-credentials":
                assert job["permissions"]["id-token"] == "write"
                assert (given["allowed-account-ids"], given["aws-region"]) == (self.account, "us-east-1")
                role = given["role-to-assume"].rsplit("/", 1)[1]
                # What the trust policy of the role demands.
                assert not role.endswith("-apply") or job.get("environment"), "only a protected environment may take on that role"
                keys = {"AWS_ACCESS_KEY_ID": self.account, "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": given["aws-region"]}
                environment.update(keys | {"FAKE_ROLE": role})
            case "actions/upload-artifact":
                self.upload(given, work)
            case "actions/download-artifact":
                self.download(given, work)
            case unknown:
                raise Unknown(unknown)

    def check_out(self, work: Path, given: dict, commit: str) -> None:
        """As deep as was asked for: one commit, unless the workflow says otherwise."""
        depth = given.get("fetch-depth", 1)
        git(work, "init", "--quiet")
        git(work, "remote", "add", "origin", f"file://{self.origin}")
        git(work, "fetch", "--quiet", *([f"--depth={depth}"] if depth else []), "origin", given.get("ref") or commit)
        git(work, "checkout", "--quiet", *(["-B", given["ref"]] if given.get("ref") else ["--detach"]), "FETCH_HEAD")

    def upload(self, given: dict, work: Path) -> None:
        folder = work / given["path"]
        files = [path for path in folder.rglob("*") if path.is_file()]
        if not files:
            if given.get("if-no-files-found") == "error":
                raise StepFailed
            return
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as archive:
            for file in files:
                archive.write(file, file.relative_to(folder))
        number = len(self.github.read()["artifacts"]) + 1
        file = self.folder / f"artifact-{number}.zip"
        file.write_bytes(held.getvalue())
        thing = {"id": number, "run": self.run_id, "name": given["name"], "created_at": self.now, "expired": False}
        self.github.add("artifacts", **thing, archive=str(file))

    def download(self, given: dict, work: Path) -> None:
        mine = [each for each in self.github.read()["artifacts"] if each["run"] == self.run_id]
        found = [each for each in mine if fnmatch(each["name"], given.get("name") or given["pattern"])]
        if "name" in given and not found:
            raise StepFailed
        for artifact in found:
            # Where only one is found, its files are not put into a folder of its name: the action's own trap.
            flat = given.get("merge-multiple") or len(found) == 1
            folder = work / given["path"] / ("" if flat else artifact["name"])
            zipfile.ZipFile(artifact["archive"]).extractall(folder)


class StepFailed(Exception):
    """A step that ended with something else than 0."""


class Outputs(dict):
    """What a step said; what it did not say is empty."""

    def __missing__(self, name: str) -> str:
        return ""


def texts(values: dict) -> dict[str, str]:
    """As they stand in the environment of a process."""
    return {key: str(value or "") for key, value in values.items()}


def interpolate_all(values: dict, names: dict, status: dict) -> dict:
    return {key: interpolate(value, names, BASE_FUNCTIONS | status) for key, value in values.items()}
