"""What no linter knows of our workflows and recipes."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, git
from ruamel.yaml import YAML

WORKFLOWS = sorted([*(ROOT / ".github/workflows").glob("*.yml"), *(ROOT / "docs/ci").glob("github-*.yml")])
CIRCLECI = ROOT / "docs/ci/circleci-config.yml"
APPLIES = [ROOT / ".github/workflows/apply.yml", ROOT / "docs/ci/github-merge-approves.yml"]


def read(path: Path) -> dict:
    return YAML(typ="safe").load(path)


def environments() -> list[str]:
    """Those of this repository, in the order in which changes reach them."""
    done = subprocess.run([ROOT / "ci/environments.py"], cwd=ROOT, check=True, capture_output=True)
    return [environment["environment"] for environment in json.loads(done.stdout)]


def scripts() -> list[tuple[str, str]]:
    """Every script that stands in a workflow, an action or a recipe."""
    found = []
    for path in WORKFLOWS:
        for name, job in read(path)["jobs"].items():
            found += [(f"{path.name} {name}", step["run"]) for step in job.get("steps", []) if "run" in step]
    for path in (ROOT / ".github/actions").glob("*/action.yml"):
        found += [(path.parent.name, step["run"]) for step in read(path)["runs"]["steps"] if "run" in step]
    circleci = read(CIRCLECI)
    for name, job in (circleci["commands"] | circleci["jobs"]).items():
        for step in job["steps"]:
            if "run" in step:
                run = step["run"]
                found.append((f"circleci {name}", run if isinstance(run, str) else run["command"]))
    return found


def test_scripts_within_workflows_are_sound(tmp_path):
    assert len(scripts()) > 20
    for at, (name, script) in enumerate(scripts()):
        assert "${{" not in script and "<<" not in script.replace("<<<", ""), f"{name}: values come in by the environment"
        (tmp_path / f"{at}-{name.replace(' ', '-')}").write_text(f"#!/bin/bash -e\n{script}\n")
    shellcheck = Path(sys.executable).parent / "shellcheck"
    done = subprocess.run([shellcheck, *tmp_path.iterdir()], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_circleci_reads_no_here_string_as_a_parameter():
    for name, script in scripts():
        assert not (name.startswith("circleci") and "<<" in script), script


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_job_may_more_or_run_longer_than_it_says(path):
    workflow = read(path)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        if "uses" not in job:
            assert job["timeout-minutes"] <= 90, name
            # A fixed image: what runs with the keys is not to change by itself.
            assert job["runs-on"] == "ubuntu-24.04", name


@pytest.mark.parametrize("path", APPLIES, ids=lambda path: path.name)
def test_every_environment_has_its_job_after_those_before_it(path):
    jobs = read(path)["jobs"]
    ordered = environments()
    assert list(jobs) == ["changed", *ordered]
    for at, name in enumerate(ordered):
        job = jobs[name]
        needs = [job["needs"]] if isinstance(job["needs"], str) else job["needs"]
        assert needs == ["changed", *ordered[:at]]
        assert job["with"]["environment"] == name and f"'{name}'" in job["if"]
        # Nobody is turned away, and nobody is first who came later.
        assert job["concurrency"] == {"group": f"infra-{name}", "queue": "max"}


def test_by_hand_every_environment_can_be_chosen():
    assert read(APPLIES[0])["on"]["workflow_dispatch"]["inputs"]["environment"]["options"] == environments()
    assert "workflow_dispatch" not in read(APPLIES[1])["on"]


def test_circleci_holds_what_requires_approval():
    done = subprocess.run([ROOT / "ci/environments.py"], cwd=ROOT, check=True, capture_output=True)
    for environment in json.loads(done.stdout):
        name = environment["environment"]
        jobs = {one.get("name", kind): one for job in read(CIRCLECI)["workflows"]["main"]["jobs"] for kind, one in job.items()}
        before = f"hold {name}" if environment["approval"] else f"plan {name}"
        assert jobs[f"apply {name}"]["requires"] == [before]
        if environment["from"]:
            assert jobs[f"plan {name}"]["requires"] == [f"apply {environment['from']}"]


def circleci_steps(job: str) -> list[tuple[str, dict]]:
    """The steps of a job by kind, with those of the commands it uses."""
    config, found = read(CIRCLECI), []
    for step in config["jobs"][job]["steps"]:
        commands = config["commands"].get(step) if isinstance(step, str) else None
        for each in commands["steps"] if commands else [step]:
            found.append((each, {}) if isinstance(each, str) else next(iter(each.items())))
    return found


def test_circleci_takes_nothing_from_a_cache_where_roles_may_write():
    """Caches belong to the project, so a branch could plant there what `main` runs."""
    config = read(CIRCLECI)
    caches = {job for job in config["jobs"] for kind, _ in circleci_steps(job) if kind.endswith("_cache")}
    on_main = {kind for one in config["workflows"]["main"]["jobs"] for kind in one}
    assert caches == {"branch"} and not caches & on_main
    assert {"build", "plan", "apply"} <= on_main
    # Nor from a key that a branch could use as well: those of the project are every job's.
    assert "add_ssh_keys" not in CIRCLECI.read_text()


def test_circleci_keeps_the_record_of_a_failed_apply():
    steps = circleci_steps("apply")
    (at,) = [at for at, (_, step) in enumerate(steps) if step.get("name") == "Apply"]
    # CircleCI keeps artifacts of jobs that failed, too.
    assert [step.get("when", kind) for kind, step in steps[at + 1 :]] == ["always", "store_artifacts"]


@pytest.mark.parametrize("url", ["https://github.com/techhub/infra.git", "https://x:token@github.com/techhub/infra", "git@github.com:techhub/infra.git"])
def test_circleci_pushes_records_with_its_own_key(url, tmp_path, repository):
    (step,) = [step for _, step in circleci_steps("apply") if step.get("name") == "Keep the record"]
    git(tmp_path, "clone", "--quiet", "--bare", str(repository.folder), "origin.git")
    git(repository.folder, "remote", "add", "origin", str(tmp_path / "origin.git"))
    git(repository.folder, "fetch", "--quiet")
    git(repository.folder, "remote", "set-url", "origin", url)
    records = tmp_path / "records/dev"
    records.mkdir(parents=True)
    (records / "1-apply-abc.json").write_text("{}\n")
    shutil.copytree(ROOT / "ci", repository.folder / "ci", ignore=shutil.ignore_patterns("tests", "__pycache__"))
    # An SSH that says what it was given, and is there already.
    ssh = tmp_path / "bin/ssh"
    ssh.parent.mkdir()
    ssh.write_text(
        f"""#!/bin/bash
set -e
echo "$@" >>{tmp_path}/asked
while [[ $1 != -i ]]; do shift; done
stat --format=%a "$2" >>{tmp_path}/asked
cat "$2" "${{2%/key}}/hosts" >>{tmp_path}/asked
exec git-receive-pack {tmp_path}/origin.git
"""
    )
    ssh.chmod(0o755)
    variables = os.environ | step["environment"] | {
        "CIRCLECI": "true",
        "INFRA_RECORDS_KEY": base64.b64encode(b"the key\n").decode(),
        "PATH": f"{ssh.parent}:{os.environ['PATH']}",
    }
    script = step["command"].replace("/tmp/records", str(tmp_path / "records"))
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script], cwd=repository.folder, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert git(tmp_path / "origin.git", "show", "main:plans/dev/1-apply-abc.json") == "{}\n"
    asked, mode, key, host = (tmp_path / "asked").read_text().splitlines()
    assert "git@github.com git-receive-pack 'techhub/infra" in asked and "IdentitiesOnly=yes" in asked
    assert (mode, key, host) == ("600", "the key", step["environment"]["HOST_KEY"])


def test_the_same_version_of_an_action_everywhere():
    versions: dict[str, set[str]] = {}
    for path in [*WORKFLOWS, *(ROOT / ".github/actions").glob("*/action.yml")]:
        for action, version in re.findall(r"uses: ([\w/-]+@)(.*)", path.read_text()):
            versions.setdefault(action, set()).add(version)
    assert versions and all(len(each) == 1 for each in versions.values()), versions
    assert all(re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", version) for each in versions.values() for version in each)


def test_an_interrupt_of_the_run_reaches_infra_once(tmp_path):
    """Twice would mean to quit at once, and not at all would leave it to be killed."""
    (step,) = [step for step in read(WORKFLOWS[0])["jobs"]["apply"]["steps"] if step.get("name") == "Apply"]
    infra = tmp_path / "infra"
    # It waits long for the interrupt, and after that a second for another.
    infra.write_text(
        "#!/bin/bash\nleft=1200; trap 'echo interrupted; left=20' INT\necho \"$@\"; while ((left-- > 0)); do sleep 0.05; done; exit 130\n"
    )
    infra.chmod(0o755)
    variables = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "ENVIRONMENT": "dev", "PLAN": "abc", "ALLOW": ""}
    running = subprocess.Popen(["bash", "-eo", "pipefail", "-c", step["run"]], env=variables, stdout=subprocess.PIPE, text=True)
    assert running.stdout.readline() == "apply --env dev plans-made/dev/plan.json --approve abc --lock-timeout 10m\n"
    time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate(timeout=120)
    assert (said, running.returncode) == ("interrupted\n", 130)
