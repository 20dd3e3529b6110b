"""scripts/hooks/pre-commit"""

import os
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, git


@pytest.fixture
def hook(repository, infra):
    def hook(**variables: str) -> subprocess.CompletedProcess:
        git(repository.folder, "add", "--all")
        return commit(**variables)

    def commit(**variables: str) -> subprocess.CompletedProcess:
        command = ["git", "-c", f"core.hooksPath={ROOT / 'scripts/hooks'}", "commit", "--quiet", "--message", "x"]
        return subprocess.run(command, cwd=repository.folder, env=os.environ | variables, capture_output=True, text=True, check=False)

    hook.commit = commit
    return hook


def test_a_sound_spec_is_committed(hook, repository):
    repository.append("environments/dev.toml", "# more\n")
    assert hook().returncode == 0


def test_a_broken_spec_is_not(hook, repository):
    repository.append("environments/dev.toml", "# broken\n")
    done = hook()
    assert done.returncode == 1 and "environments/dev.toml" in done.stderr


def test_what_is_staged_counts_and_not_what_lies_beside_it(hook, repository):
    repository.append("environments/dev.toml", "# broken\n")
    git(repository.folder, "add", "--all")
    git(repository.folder, "show", "HEAD:environments/dev.toml")
    repository.write("environments/dev.toml", 'extends = "base.toml"\nenvironment = "dev"\n')
    assert hook.commit().returncode == 1
    git(repository.folder, "reset", "--quiet", "--hard")
    repository.append("environments/prod.toml", "# more\n")
    git(repository.folder, "add", "--all")
    repository.append("environments/dev.toml", "# broken\n")
    assert hook.commit().returncode == 0


def test_without_specs_it_needs_no_infra(hook, repository):
    repository.write("README.md", "x\n")
    assert hook(PATH=without_infra()).returncode == 0


def test_without_infra_it_says_how_to_get_it(hook, repository):
    repository.append("environments/dev.toml", "# more\n")
    done = hook(PATH=without_infra(), CARGO_TARGET_DIR="/nonexistent")
    assert done.returncode == 1 and "cargo install" in done.stderr


def without_infra() -> str:
    here = str(Path(__file__).parent / "bin")
    return ":".join(folder for folder in os.environ["PATH"].split(":") if folder != here)
