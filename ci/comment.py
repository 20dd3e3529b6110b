#!/usr/bin/env python3
"""Keeps one comment per environment on a pull request: its plan as it is now.

The comment of an environment is found by the marker in its first line, and edited in place. Where the pull request no longer
changes an environment, its comment says so, so that nobody reviews a plan that nobody will apply.
"""

import argparse
import json
import sys
from pathlib import Path

import environments
import github

MARKER = "<!-- infra plan: "


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pull", type=int, required=True, help="the number of the pull request")
    parser.add_argument("--commit", required=True, help="the commit that was planned")
    parser.add_argument("--environments", type=json.loads, required=True, help="the names of those it changes, as a JSON list")
    parser.add_argument("folder", type=Path, help="where `ci/plan` wrote, one folder per environment")
    options = parser.parse_args()

    existing = [comment for comment in github.pages(f"issues/{options.pull}/comments") if github.ours(comment, MARKER)]
    for environment in environments.load():
        name = environment["environment"]
        marker = f"{MARKER}{environment['project']}/{name} -->"
        mine = next((comment for comment in existing if github.ours(comment, marker)), None)
        if name in options.environments:
            body = f"{marker}\n{written(options.folder / name, name, options.commit)}"
            if mine is None:
                github.call("POST", f"issues/{options.pull}/comments", body=body)
            else:
                update(mine, body)
        elif mine is not None:
            update(mine, f"{marker}\n## {name}: not changed by this pull request any more\n")


def written(folder: Path, name: str, commit: str) -> str:
    """What a comment says below its marker: the plan, and where it comes from."""
    run = f"[this run]({github.run_url()})"
    try:
        plan = github.without_marker((folder / "plan.md").read_text(encoding="utf-8")).rstrip()
    except FileNotFoundError:
        plan = f"## {name}: there is no plan\n\nThe job ended before it was made."
    page = f"as a page: artifact `plan-{name}` of " if (folder / "plan.html").exists() else ""
    return f"{plan}\n\n<sub>Planned for {commit}; {page}{run}.</sub>\n"


def update(comment: dict, body: str) -> None:
    # GitHub keeps a body without the line break at its end.
    if comment["body"].rstrip() != body.rstrip():
        github.call("PATCH", f"issues/comments/{comment['id']}", body=body)


if __name__ == "__main__":
    try:
        main()
    except github.Refused as refused:
        sys.exit(f"error: {refused}")
