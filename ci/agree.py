#!/usr/bin/env python3
"""Says whether the plan just made is one that somebody agreed to, and prints its id if so.

Agreed is the plan with the id that a person gave by hand, or else the plan that stood in the pull request when it was merged:
the artifact `plan-ENVIRONMENT` of the last successful run of the plan workflow for the head of the pull request that the
commit came from. It is found through GitHub's API by commit, so merge commits, squashes and rebases are all the same.
Prints nothing where there is nothing to do.
"""

import argparse
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import github

WORKFLOW = "plan.yml"
# `infra apply` refuses these too; said here, it is said before anybody is asked to approve.
MUST_BE_ALLOWED = {"data-loss"}


class Disagreed(Exception):
    """Why the plan must not be applied."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commit", required=True, help="the commit on the default branch that is to be applied")
    parser.add_argument("--plan", default="", help="the id that a person agreed to, instead of the one in the pull request")
    parser.add_argument("--allow", default="", help="the hazard that this person allows")
    parser.add_argument("folder", type=Path, help="where `ci/plan` wrote what this environment's plan is now")
    options = parser.parse_args()

    state = json.loads((options.folder / "state.json").read_text(encoding="utf-8"))
    if state["code"] == 0:
        return
    environment, now = state["environment"], state["plan_id"]
    try:
        agreed, where = (options.plan, "what was given by hand") if options.plan else reviewed(environment, options.commit)
        if agreed != now:
            raise Disagreed(f"the plan of {environment} is {now} now, and {where} was {agreed}")
        hazards = must_be_allowed(options.folder / "plan.json") - {options.allow}
        if hazards:
            raise Disagreed(f"the plan of {environment} is dangerous: {', '.join(sorted(hazards))}")
    except Disagreed as why:
        github.summarise(f"**{why}.** Nothing was applied.")
        sys.exit(f"error: {why}; nothing was applied\n{way_on(environment, now)}")
    print(now)


def way_on(environment: str, now: str) -> str:
    return f"""  = help: the plan as it is now stands in the summary of this run. To have it reviewed, open a pull request that edits the spec
          of {environment}, were it only a comment: its plan is what is left to do. Whoever may run the workflow by hand can agree
          to exactly this plan, and to what it endangers:
              gh workflow run apply.yml -f environment={environment} -f plan={now} [-f allow=HAZARD]"""


def reviewed(environment: str, commit: str) -> tuple[str, str]:
    """The id that stood in the pull request, and words for where that is."""
    pulls = [pull for pull in github.pages(f"commits/{commit}/pulls") if pull["merged_at"] and pull["merge_commit_sha"] == commit]
    if not pulls:
        raise Disagreed(f"commit {commit} came from no pull request, so nobody has reviewed a plan of {environment}")
    pull = pulls[0]
    number, head = pull["number"], pull["head"]["sha"]
    runs = github.pages(f"actions/workflows/{WORKFLOW}/runs?event=pull_request&status=success&head_sha={head}", "workflow_runs")
    # Of a fork's run nobody knows which workflow it was: a fork can change it.
    trusted = [run for run in runs if (run["head_repository"] or {}).get("full_name") == github.repository()]
    for run in sorted(trusted, key=lambda run: run["run_started_at"], reverse=True):
        artifacts = list(github.pages(f"actions/runs/{run['id']}/artifacts?name=plan-{environment}", "artifacts"))
        # A run that was started again after merging has shown its plan to nobody who reviewed.
        seen = [artifact for artifact in artifacts if artifact["created_at"] <= pull["merged_at"]]
        if seen:
            newest = max(seen, key=lambda artifact: artifact["created_at"])
            if newest["expired"]:
                raise Disagreed(f"the plan that was reviewed in #{number} is older than artifacts are kept")
            return plan_id(environment, newest), f"what was reviewed in #{number}"
    raise Disagreed(f"#{number} was merged without a plan of {environment} by a run that succeeded for {head}")


def plan_id(environment: str, artifact: dict) -> str:
    archive = zipfile.ZipFile(io.BytesIO(github.download(f"actions/artifacts/{artifact['id']}/zip")))
    with tempfile.TemporaryDirectory() as folder:
        return shown(Path(archive.extract(f"{environment}/plan.json", folder)))["plan_id"]


def must_be_allowed(plan: Path) -> set[str]:
    named = {hazard for change in shown(plan)["resource_changes"] for hazard in change.get("hazards", [])}
    return named & MUST_BE_ALLOWED


def shown(plan: Path) -> dict:
    done = subprocess.run(["infra", "show", str(plan), "--format", "json"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Disagreed(f"`infra show` cannot read the plan: {done.stderr.strip()}")
    return json.loads(done.stdout)


if __name__ == "__main__":
    try:
        main()
    except github.Refused as refused:
        sys.exit(f"error: {refused}")
