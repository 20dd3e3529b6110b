#!/usr/bin/env python3
"""Keeps one issue per environment that differs from its spec, and another per environment that could not be checked.

An issue is opened when there is something to say, commented on when the plan becomes another one, and closed when there is
nothing any more. A night that finds the same again leaves it alone. Ends with 1 where an environment could not be checked:
that is no drift, and says nothing about the environment, so an issue about its drift stays as it is.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import environments
import github

LABEL = "infra-drift"


@dataclass
class Topic:
    """What an issue is about; the marker is its first line, by which it is found again."""

    marker: str
    title: str

    def find(self) -> dict | None:
        """The issue, the open one first, then the newest."""
        issues = [issue for issue in github.pages(f"issues?labels={LABEL}&state=all") if github.ours(issue, self.marker)]
        return max(issues, key=lambda issue: (issue["state"] == "open", issue["number"]), default=None)

    def say(self, text: str, version: str, news: str) -> None:
        """Opens the issue, or brings it up to date with a comment of what is new, unless it says this version already."""
        body = f"{self.marker}\n<!-- version: {version} -->\n{text}"
        issue = self.find()
        if issue is None:
            create_label()
            github.call("POST", "issues", title=self.title, body=body, labels=[LABEL])
        elif issue["state"] == "closed" or f"<!-- version: {version} -->" not in issue["body"]:
            github.call("PATCH", f"issues/{issue['number']}", state="open", body=body)
            github.call("POST", f"issues/{issue['number']}/comments", body=news)

    def settle(self, news: str) -> None:
        """Closes the issue if it is open."""
        issue = self.find()
        if issue is not None and issue["state"] == "open":
            github.call("POST", f"issues/{issue['number']}/comments", body=news)
            github.call("PATCH", f"issues/{issue['number']}", state="closed", state_reason="completed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where `ci/plan` wrote, one folder per environment")
    options = parser.parse_args()
    unchecked = [each["environment"] for each in environments.load() if not tell(each, options.folder / each["environment"])]
    if unchecked:
        sys.exit(f"error: could not be checked: {', '.join(unchecked)}\n  = help: see the job of that environment")


def tell(environment: dict, folder: Path) -> bool:
    """Brings the issues of one environment up to date; whether it could be checked at all."""
    name = environment["environment"]
    of = f"{environment['project']}/{name}"
    drift = Topic(f"<!-- infra drift: {of} -->", f"infra: {name} differs from its spec")
    trouble = Topic(f"<!-- infra drift check: {of} -->", f"infra: {name} could not be checked")
    run = f"[this run]({github.run_url()})"
    code, plan_id, plan = read(folder)
    if code == 0:
        drift.settle(f"No difference any more, says {run}.")
    elif code in (2, 5):
        drift.say(difference(environment, plan, run), plan_id, f"The plan is `{plan_id}` now, says {run}; the text above shows it.")
    else:
        text = f"Whether `{name}` still is as its spec says is not known since {run}:\n\n{plan}\n"
        trouble.say(text, "failed", f"It could not be checked again, says {run}.")
        return False
    trouble.settle(f"It could be checked again in {run}.")
    return True


def read(folder: Path) -> tuple[int, str, str]:
    """How planning ended, the plan's id, and the plan without the marker of its first line."""
    try:
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        plan = (folder / "plan.md").read_text(encoding="utf-8")
    except FileNotFoundError:
        return 1, "", "The job ended before there was a plan."
    return state["code"], state["plan_id"], github.without_marker(plan)


def difference(environment: dict, plan: str, run: str) -> str:
    name, spec = environment["environment"], environment["files"][0]
    return f"""`{name}` in AWS is not what `{spec}` says: somebody has changed AWS, or a change of the spec was never applied; the plan says which.

- To make AWS as the spec says, open a pull request that edits `{spec}`, were it only a comment, and merge it: its plan is this difference.
- To keep what is in AWS, write it into the spec, until the plan is empty.

Found by {run}. The first night without a difference closes this issue.

{plan}"""


def create_label() -> None:
    try:
        github.call("GET", f"labels/{LABEL}")
    except github.Refused:
        github.call("POST", "labels", name=LABEL, description="An environment is not what its spec says", color="d4a72c")


if __name__ == "__main__":
    try:
        main()
    except github.Refused as refused:
        sys.exit(f"error: {refused}")
