"""What no linter knows of the examples' files, and what they have in common."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from example import EXAMPLES
from ruamel.yaml import YAML
from written import scripts

NAMES = ("client-server", "devops-challenge", "oc-lettings", "release-api", "techhub")
ON_GITHUB = [name for name in NAMES if name != "oc-lettings"]
COMMIT = "1f0c2b3a4d5e6f708192a3b4c5d6e7f8091a2b3c"
# Where the organisation may stand: before a repository or an image, or alone as a registry's or Sentry's.
ORGANISATION = r'(?<![\w.-])example(?=/(?:infra|NAME)\b)|(?<=[a-z]/)example$|"example"|(?:REGISTRY|default): [a-z.]+/example\b'
WORKFLOWS = sorted(EXAMPLES.glob("*/.github/workflows/*.yml"))


def files(name: str) -> dict[Path, str]:
    return {path: path.read_text() for path in sorted((EXAMPLES / name).rglob("*")) if path.is_file()}


def read(path: Path) -> dict:
    return YAML(typ="safe").load(path)


@pytest.mark.parametrize("name", NAMES)
def test_five_words_make_it_somebody_else_s(name):
    """Name, account, region, organisation, and where `infra` comes from: replaced as plain text, nothing of them is left or lost."""
    allowed = re.compile(ORGANISATION.replace("NAME", name), re.MULTILINE)
    for path, text in files(name).items():
        assert len(re.findall("example", text)) == len(allowed.findall(text)), f"{path} has the word for something else"
        assert set(re.findall(r"\b\d{12}\b", text)) <= {"111122223333"}, path
        assert set(re.findall(r"\b(?:eu|us|ap)-[a-z]+-\d\b", text)) <= {"eu-west-1"}, path
        assert set(re.findall(r"setup-infra@(\w+)|--rev (\w+)", text)) <= {(COMMIT, ""), ("", COMMIT)}, path
        assert not any(other in text for other in NAMES if other != name), path


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_repository_of_its_own(name):
    """Nothing leads out of it."""
    for path, text in files(name).items():
        for target in re.findall(r"\]\(([^)#]+)\)", text) if path.suffix == ".md" else ():
            assert target.startswith("https://") or (path.parent / target).resolve().is_relative_to(EXAMPLES / name), target
            assert target.startswith("https://") or (path.parent / target).exists(), target


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: f"{path.parts[-4]}/{path.name}")
def test_no_job_may_more_or_run_longer_than_it_says(path):
    workflow = read(path)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert "permissions" in job, name
        if "uses" not in job:
            assert job["timeout-minutes"] <= 60 and job["runs-on"] == "ubuntu-24.04", name


@pytest.mark.parametrize("name", NAMES)
def test_scripts_within_pipelines_are_sound(name, tmp_path):
    found = [script for path in files(name) if path.suffix == ".yml" for script in scripts(read(path))]
    assert found
    for at, script in enumerate(found):
        assert "${{" not in script and "<<" not in script.replace("<<<", ""), f"values come in by the environment: {script}"
        (tmp_path / str(at)).write_text(f"#!/bin/bash -e\n{script}\n")
    shellcheck = Path(sys.executable).parent / "shellcheck"
    # SC2153: what a step is given by its environment looks like a slip.
    done = subprocess.run([shellcheck, "--exclude", "SC2153", *tmp_path.iterdir()], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_same_version_of_an_action_everywhere():
    versions: dict[str, set[str]] = {}
    for path in [*WORKFLOWS, *(EXAMPLES.parent / ".github/workflows").glob("*.yml")]:
        for action, version in re.findall(r"uses: ([\w/-]+@)([0-9a-f]{40} # v[\d.]+)", path.read_text()):
            versions.setdefault(action, set()).add(version)
    assert versions and all(len(each) == 1 for each in versions.values()), versions


@pytest.mark.parametrize("script", ["comment", "keep-records", "make-roles"])
def test_what_they_have_in_common_is_the_same(script):
    texts = {name: (EXAMPLES / name / "scripts" / script).read_text().replace(name, "NAME") for name in ON_GITHUB}
    assert len(set(texts.values())) == 1, f"{script} differs between examples"


@pytest.mark.parametrize("name", NAMES)
def test_every_environment_is_deployed_after_the_one_it_takes_its_images_from(name):
    specs = [tomllib.loads(text) for path, text in files(name).items() if path.suffix == ".toml" and path.name != "base.toml"]
    before = {spec["environment"]: spec.get("promotion", {}).get("from") for spec in specs}
    for path in files(name):
        if path.suffix != ".yml":
            continue
        pipeline = read(path)
        jobs = pipeline["jobs"]
        if "workflows" in pipeline:
            jobs = {kind: one for each in pipeline["workflows"]["main"]["jobs"] for kind, one in each.items()}
        for environment in before.keys() & jobs.keys():
            needs = jobs[environment].get("needs") or jobs[environment].get("requires") or []
            if before[environment]:
                assert before[environment] in needs, f"{path}: {environment}"


@pytest.mark.parametrize("name", NAMES)
def test_an_environment_that_requires_approval_is_never_applied_by_yes(name):
    """There, only a plan's id is an approval, of a plan that was made before the wait."""
    specs = [tomllib.loads(text) for path, text in files(name).items() if path.suffix == ".toml" and path.name != "base.toml"]
    required = {spec["environment"] for spec in specs if spec.get("approval", {}).get("required")}
    lines = [line for path, text in files(name).items() if path.suffix == ".yml" for line in text.splitlines() if "infra " in line]
    for line in lines:
        if "--yes" in line:
            assert not required, line
