"""CircleCI for an example: the workflows of its config, their jobs in order, and every `run:` step as written.

Each job has a folder and a home of its own, and of CircleCI's variables those that the config may count on. A token of a job names its
project and branch, and AWS asks the roles' trust about it.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from example import Example
from pretended import git
from ruamel.yaml import YAML
from tokens import TokenService

ORGANISATION = "c4b0cd6b-0001-4c4b-8a6e-0123456789ab"
PROJECT = "0d3f2e0c-0002-4c4b-8a6e-0123456789ab"
EXPRESSION = re.compile(r"(?<!\\)<<\s*([\w.]+)\s*>>")


class StepFailed(Exception):
    """A step that ended with something else than 0."""


@dataclass
class OnCircleCI:
    """A team whose pushes start workflows. `contexts` are variables by context; who approves is always there."""

    example: Example
    contexts: dict[str, dict[str, str]]
    deploy_key: str
    number: int = 0
    commit: str = ""
    log: str = ""
    workspace: Path = Path()
    tokens: TokenService = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = TokenService(self.example.cloud)
        for name in ("cargo", "ssh"):
            (self.example.tools / name).symlink_to(Path(__file__).parent / "bin" / name)

    def pushes(self, edit, branch: str = "main") -> dict[str, str]:
        """Commits an edit to a branch and pushes it; gives how each job ended."""
        work = self.example.work
        self.example.pull()
        if branch != "main":
            git(work, "checkout", "--quiet", "-b", branch)
        edit()
        commit = self.example.commit(f"change of {branch}")
        git(work, "push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
        ran = self.runs(branch, commit)
        self.example.pull()
        return ran

    def merges(self, branch: str) -> dict[str, str]:
        """Merges a branch by a squash."""
        return self.pushes(lambda: git(self.example.work, "merge", "--quiet", "--squash", f"origin/{branch}"))

    def runs(self, branch: str, commit: str) -> dict[str, str]:
        """Runs the workflows that are for the branch."""
        self.number, self.commit, self.log = self.number + 1, commit, ""
        config = YAML(typ="safe").load(git(self.example.origin, "show", f"{commit}:.circleci/config.yml"))
        assert config["version"] == 2.1
        pipeline = {f"pipeline.parameters.{name}": how["default"] for name, how in config.get("parameters", {}).items()}
        pipeline["pipeline.project.slug"] = f"gh/example/{self.example.name}"
        ends: dict[str, str] = {}
        for name, workflow in config["workflows"].items():
            self.workspace = self.example.folder / f"workspace-{self.number}-{name}"
            self.workspace.mkdir()
            for job, given in expanded(workflow["jobs"]):
                if for_branch(given.get("filters"), branch):
                    assert set(given.get("requires", [])) <= ends.keys(), f"{job} requires what stands below it"
                    well = all(ends[need] == "success" for need in given.get("requires", []))
                    ends[job] = self.job(job, config, given, pipeline, branch, commit) if well else "skipped"
        return ends

    def job(self, name: str, config: dict, given: dict, pipeline: dict[str, str], branch: str, commit: str) -> str:
        if given.get("type") == "approval":
            return "success"
        job = config["jobs"][given["job"]]
        values = pipeline | parameters(job, given)
        job = filled(job, values)
        executor = filled(config["executors"][job["executor"]], values) if "executor" in job else job
        here = self.example.folder / f"job-{self.number}-{name.replace(' ', '-')}"
        for folder in ("project", "home"):
            (here / folder).mkdir(parents=True)
        (here / "bash-env").touch()
        environment = self.environment(here, given, name, branch, commit) | executor.get("environment", {}) | job.get("environment", {})
        failed = False
        for kind, step in self.steps(job["steps"], config, pipeline):
            if failed and step.get("when") != "always" and kind != "store_artifacts":
                continue
            try:
                self.step(kind, step, here / "project", environment, commit)
            except StepFailed:
                failed = True
        return "failed" if failed else "success"

    def steps(self, steps: list, config: dict, pipeline: dict[str, str]) -> list[tuple[str, dict]]:
        """The steps of a job by kind, with those of the commands it uses."""
        found = []
        for step in steps:
            kind, given = (step, {}) if isinstance(step, str) else next(iter(step.items()))
            if kind in config.get("commands", {}):
                command = config["commands"][kind]
                found += self.steps(filled(command["steps"], pipeline | parameters(command, given)), config, pipeline)
            else:
                found.append((kind, {"command": given} if isinstance(given, str) else given))
        return found

    def step(self, kind: str, step: dict, work: Path, environment: dict[str, str], commit: str) -> None:
        match kind:
            case "checkout":
                git(work, "init", "--quiet")
                git(work, "remote", "add", "origin", f"file://{self.example.origin}")
                git(work, "fetch", "--quiet", "origin", commit)
                git(work, "checkout", "--quiet", "--detach", "FETCH_HEAD")
                # Its key may only read.
                git(work, "remote", "set-url", "--push", "origin", "nobody-may-push-from-here")
            case "run":
                self.script(step, work, environment)
            case "attach_workspace":
                shutil.copytree(self.workspace, work / step["at"], dirs_exist_ok=True)
            case "persist_to_workspace":
                for path in step["paths"]:
                    shutil.copytree(work / step["root"] / path, self.workspace / path, dirs_exist_ok=True)
            case _:
                raise AssertionError(f"nobody knows the step {kind}")

    def script(self, step: dict, work: Path, environment: dict[str, str]) -> None:
        script = step["command"]
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=work,
            env=environment | step.get("environment", {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        self.log += f"$ {script}\n{done.stdout}{done.stderr}"
        if done.returncode != 0:
            raise StepFailed

    def environment(self, here: Path, given: dict, name: str, branch: str, commit: str) -> dict[str, str]:
        contexts = given.get("context", [])
        contexts = [contexts] if isinstance(contexts, str) else contexts
        variables = self.example.variables | {name: value for name, value in os.environ.items() if name.startswith("GIT_CONFIG")}
        for context in contexts:
            variables |= self.contexts[context]
        if contexts:
            # A token is for jobs that use a context.
            repository = f"github.com/example/{self.example.name}"
            subject = f"org/{ORGANISATION}/project/{PROJECT}/user/1/vcs-origin/{repository}/vcs-ref/refs/heads/{branch}"
            claims = {"iss": f"oidc.circleci.com/org/{ORGANISATION}", "aud": ORGANISATION, "sub": subject}
            variables["CIRCLE_OIDC_TOKEN_V2"] = json.dumps(claims)
        return variables | {
            "AWS_ENDPOINT_URL_STS": self.tokens.url,
            "BASH_ENV": str(here / "bash-env"),
            "CI": "true",
            "CIRCLECI": "true",
            "CIRCLE_BRANCH": branch,
            "CIRCLE_BUILD_URL": f"https://circleci.example/{self.number}",
            "CIRCLE_SHA1": commit,
            "CIRCLE_WORKFLOW_JOB_ID": f"{self.number}-{name.replace(' ', '-')}",
            "DEPLOY_KEY": self.deploy_key,
            "HOME": str(here / "home"),
            "ORIGIN": str(self.example.origin),
        }


def expanded(jobs: list) -> list[tuple[str, dict]]:
    """The jobs of a workflow by name, a matrix as many jobs."""
    found = []
    for one in jobs:
        job, given = (one, {}) if isinstance(one, str) else next(iter(one.items()))
        matrix = given.get("matrix", {}).get("parameters", {})
        assert len(matrix) <= 1, "a matrix of one parameter"
        cells = [{key: value} for key, values in matrix.items() for value in values] or [{}]
        for cell in cells:
            name = given.get("name", "-".join([job, *cell.values()]))
            found.append((name, {key: value for key, value in given.items() if key != "matrix"} | cell | {"job": job}))
    return found


def for_branch(filters: dict | None, branch: str) -> bool:
    branches = (filters or {}).get("branches", {})
    only, ignore = branches.get("only", branch), branches.get("ignore", "")
    return branch == only and branch != ignore


def parameters(declared: dict, given: dict) -> dict[str, str]:
    known = declared.get("parameters", {})
    return {f"parameters.{name}": given[name] if name in given else how["default"] for name, how in known.items()}


def filled(value: object, values: dict[str, str]) -> object:
    """A part of the config with its `<< … >>` replaced; one that is not known is an error, but those of commands come later."""
    if isinstance(value, str):
        return EXPRESSION.sub(lambda match: values[match[1]], value)
    if isinstance(value, dict):
        return {key: filled(each, values) for key, each in value.items()}
    return [filled(each, values) for each in value] if isinstance(value, list) else value
