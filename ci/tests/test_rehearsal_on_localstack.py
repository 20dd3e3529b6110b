"""The same way with the real `infra` on LocalStack: INFRA is the binary, AWS_ENDPOINT_URL where LocalStack is.

Not among the fast tests; `scripts/test` runs it.
"""

import json
import os
import random
import subprocess
from pathlib import Path

import pytest
from people import Team, results

# An account that nothing else on that LocalStack uses.
ACCOUNT = str(random.randrange(10**11, 10**12))
ENDPOINT, INFRA = os.environ["AWS_ENDPOINT_URL"], os.environ["INFRA"]
SPECS = {
    "base.toml": f'project = "rehearsal"\n[aws]\naccount = "{ACCOUNT}"\nregion = "us-east-1"\n[repository.web]\nkeep_images = 20\n',
    "dev.toml": 'extends = "base.toml"\nenvironment = "dev"\n',
    "staging.toml": 'extends = "base.toml"\nenvironment = "staging"\n[promotion]\nfrom = "dev"\n',
    "prod.toml": 'extends = "base.toml"\nenvironment = "prod"\n[approval]\nrequired = true\n[promotion]\nfrom = "staging"\n',
}
MORE = ("environments/base.toml", '[repository.api]\nkeep_images = 5\n')


@pytest.fixture
def team(tmp_path, github):
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "infra").symlink_to(Path(INFRA).resolve())
    (tools / "gh").symlink_to(Path(__file__).parent / "bin" / "gh")
    path = ":".join([str(tools), *[folder for folder in os.environ["PATH"].split(":") if "tests/bin" not in folder]])
    variables = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": ENDPOINT, "FAKE_GITHUB": os.environ["FAKE_GITHUB"]}
    team = Team(tmp_path, github, SPECS, variables, path)
    team.runner.account = ACCOUNT
    team.direct = lambda *arguments: subprocess.run(
        [tools / "infra", *arguments],
        cwd=team.work,
        env=os.environ | variables | {"AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "x"},
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    return team


def test_from_a_pull_request_to_production_and_a_quiet_night(team, github):
    jobs = team.open(MORE)
    assert set(results(jobs).values()) == {"success"}, team.runner.log
    bodies = [comment["body"] for comment in github.read()["comments"]]
    assert [body.split("\n")[0] for body in bodies] == [f"<!-- infra plan: rehearsal/{name} -->" for name in ("dev", "staging", "prod")]
    assert "repository.api" in bodies[2]

    jobs = team.merge("squash")
    assert set(results(jobs).values()) == {"success"}, team.runner.log
    assert team.runner.deployed == ["dev", "records", "staging", "records", "prod", "records"]
    assert [record.split("/")[1] for record in team.records()] == ["dev", "prod", "staging"]

    assert set(results(team.night()).values()) == {"success"}, team.runner.log
    assert github.read()["issues"] == []

    # The next plan rests on what was applied, and somebody changes AWS before it is merged.
    team.open(("environments/dev.toml", '[repository.web]\nkeep_images = 7\n'))
    changed = team.direct("plan", "--env", "dev", "--format", "json")
    assert json.loads(changed.stdout)["summary"]["update"] == 1, changed.stderr
    (team.work / "environments/dev.toml").write_text(SPECS["dev.toml"] + '[repository.web]\nscan_on_push = false\n')
    by_hand = team.direct("apply", "--env", "dev", "--yes")
    assert by_hand.returncode == 0, by_hand.stderr
    assert results(team.merge("squash"))["dev"] == "failure"
    assert "what was reviewed in #2 was" in team.runner.log
    assert results(team.night())["issues"] == "success"
    (issue,) = github.read()["issues"]
    assert issue["title"] == "infra: dev differs from its spec"
