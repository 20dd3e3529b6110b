#!/usr/bin/env python3
"""Keeps one comment per environment on a pull request: its plan as it is now.

The comment of an environment is found by the marker in its first line, and edited in place. Where the pull request no longer
changes an environment, its comment says so, so that nobody reviews a plan that nobody will apply.
"""

import argparse
import json
import sys
from pathlib import Path

import github

MARKER = "<!-- infra plan: "


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pull", type=int, required=True, help="the number of the pull request")
    parser.add_argument("--commit", required=True, help="the commit that was planned")
    parser.add_argument("folder", type=Path, help="where `ci/plan` wrote, one folder per environment")
    options = parser.parse_args()

    existing = [comment for comment in github.pages(f"issues/{options.pull}/comments") if github.ours(comment, MARKER)]
    wanted = dict(written(folder, options.commit) for folder in folders(options.folder))
    for marker, body in wanted.items():
        mine = next((comment for comment in existing if first_line(comment["body"]) == marker), None)
        if mine is None:
            github.call("POST", f"issues/{options.pull}/comments", body=body)
        else:
            update(mine, body)
    for comment in existing:
        marker = first_line(comment["body"])
        if marker not in wanted:
            environment = marker.removeprefix(MARKER).removesuffix(" -->").rpartition("/")[2]
            update(comment, f"{marker}\n## {environment}: not changed by this pull request any more\n")


def folders(folder: Path) -> list[Path]:
    return sorted(path.parent for path in folder.glob("*/plan.md"))


def written(folder: Path, commit: str) -> tuple[str, str]:
    """The marker and the whole comment for a plan."""
    plan = (folder / "plan.md").read_text(encoding="utf-8").rstrip()
    state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    marker = first_line(plan)
    if not marker.startswith(MARKER):
        sys.exit(f"error: `{folder / 'plan.md'}` does not begin with `{MARKER}…`, so its comment could not be found again")
    page = f"as a page: artifact `plan-{state['environment']}` of " if state["plan_id"] else ""
    return marker, f"{plan}\n\n<sub>Planned for {commit}; {page}[this run]({github.run_url()}).</sub>\n"


def update(comment: dict, body: str) -> None:
    # GitHub keeps a body without the line break at its end.
    if comment["body"].rstrip() != body.rstrip():
        github.call("PATCH", f"issues/comments/{comment['id']}", body=body)


def first_line(text: str) -> str:
    return text.split("\n", 1)[0].strip()


if __name__ == "__main__":
    try:
        main()
    except github.Refused as refused:
        sys.exit(f"error: {refused}")
