"""Nothing of the machine's own: every example gets an account, registries and a home of its own.

INFRA is the binary, AWS_ENDPOINT_URL where LocalStack is; `scripts/test` sets both.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "ci/tests"))

from registry import Registry  # noqa: E402


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable or git configuration of the machine's own matters, but where LocalStack is."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "CIRCLE", "GITHUB_", "INFRA_", "GIT_"))]:
        if name != "AWS_ENDPOINT_URL":
            monkeypatch.delenv(name)
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "A"), ("EMAIL", "a@b"))}
    for name, value in (who | {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def registry(tmp_path: Path):
    """What stands for Docker Hub: a registry that lets in who knows the password."""
    started = Registry(tmp_path / "registry")
    yield started
    started.stop()
