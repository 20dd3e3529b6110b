"""A GitHub that is a file, and git."""

import json
import subprocess
from pathlib import Path


class GitHub:
    """What the fake `gh` keeps, to set up and to look at."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.write({key: [] for key in ("calls", "comments", "issues", "labels", "pulls", "runs", "artifacts")})

    def read(self) -> dict:
        return json.loads(self.file.read_text())

    def write(self, state: dict) -> None:
        self.file.write_text(json.dumps(state))

    def add(self, kind: str, **thing: object) -> None:
        state = self.read()
        state[kind].append(thing)
        self.write(state)

    def writes(self) -> list[str]:
        """The calls that changed something since the last time this was asked."""
        state = self.read()
        calls, state["calls"] = state["calls"], []
        self.write(state)
        return [call for call in calls if not call.startswith("GET ")]


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout
