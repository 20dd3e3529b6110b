"""A GitHub that is a file, and repositories with specs in a temporary folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pretended import GitHub, git

ROOT = Path(__file__).parents[2]
REPOSITORY = "techhub/infra"
sys.path.insert(0, str(ROOT / "ci"))

SPECS = {
    "base.toml": 'project = "techhub"\n[aws]\naccount = "123456789012"\nregion = "us-east-1"\n',
    "dev.toml": 'extends = "base.toml"\nenvironment = "dev"\n',
    "staging.toml": 'extends = "base.toml"\nenvironment = "staging"\n[promotion]\nfrom = "dev"\n',
    "prod.toml": 'extends = "base.toml"\nenvironment = "prod"\n[approval]\nrequired = true\n[promotion]\nfrom = "staging"\n',
}


class Repository:
    """A git repository with specs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "environments").mkdir(parents=True)
        git(folder, "init", "--quiet", "--initial-branch=main")
        for name, text in SPECS.items():
            self.write(f"environments/{name}", text)
        self.commit("specs")

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def append(self, path: str, text: str) -> None:
        self.write(path, (self.folder / path).read_text() + text)

    def commit(self, message: str) -> str:
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--message", message)
        return git(self.folder, "rev-parse", "HEAD").strip()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable or git configuration of the machine's own matters."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "CIRCLE", "GITHUB_", "INFRA_", "GIT_"))]:
        monkeypatch.delenv(name)
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "A"), ("EMAIL", "a@b"))}
    ours = {
        "FAKE_GITHUB": str(tmp_path / "github.json"),
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_RUN_ID": "77",
        "GITHUB_SERVER_URL": "https://github.example",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_SYSTEM": "/dev/null",
        # The Python that runs the tests runs the scripts as well.
        "PATH": f"{Path(__file__).parent / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    for name, value in (who | ours).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def github(tmp_path: Path) -> GitHub:
    return GitHub(tmp_path / "github.json")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture
def run(repository: Repository):
    """Runs one of the scripts in the repository."""

    def run(script: str, *arguments: object, **variables: str) -> subprocess.CompletedProcess:
        command = [str(ROOT / "ci" / script), *map(str, arguments)]
        return subprocess.run(
            command, cwd=repository.folder, env=os.environ | variables, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )

    return run


@pytest.fixture
def infra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that stands for AWS where `infra` is the pretended one."""
    assert shutil.which("infra") == str(Path(__file__).parent / "bin" / "infra")
    aws = tmp_path / "aws"
    aws.mkdir()
    monkeypatch.setenv("FAKE_AWS", str(aws))
    monkeypatch.setenv("FAKE_ROLE", "dev-plan")
    return aws
