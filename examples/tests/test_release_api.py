"""release-api: releases replace containers, and the data survive.

Replaced are the account, Docker Hub by a registry of this machine, and five minutes of watching by one second.
"""

import pytest
import registry as docker_hub
from example import Example
from pipelines import OnGitHub, ends

RELEASED = {"release/test": "success", "release/build": "success", "release/staging": "success", "release/production": "success"}


@pytest.fixture
def example(tmp_path, registry):
    replaced = {"REGISTRY: docker.io/example": f"REGISTRY: {registry.host}/example", 'bake = "5m"': 'bake = "1s"'}
    return Example("release-api", tmp_path, replaced)


@pytest.fixture
def team(example):
    return OnGitHub(example, {"REGISTRY_USER": docker_hub.USER}, {"REGISTRY_PASSWORD": docker_hub.PASSWORD})


def database(example, environment: str) -> tuple[str, str]:
    """The database as AWS knows it: an identity that no other instance ever has, and when it was made."""
    (found,) = example.cloud.client("rds").describe_db_instances(DBInstanceIdentifier=f"release-api-{environment}-main")["DBInstances"]
    assert found["DBInstanceStatus"] == "available"
    return found["DbiResourceId"], found["InstanceCreateTime"].isoformat()


def test_its_whole_life(example, team, registry):
    example.as_the_readme_says("Adopt it", "staging", "production")
    assert example.outcomes("staging") == example.outcomes("production") == ["apply done"]
    data = {name: database(example, name) for name in ("staging", "production")}

    # Three releases, each with the same data.
    running = []
    for version in ("v1.0.0", "v1.1.0", "v1.2.0"):
        example.edit("app/main.py", "print(", f"print('{version}', ")
        example.commit(version)
        example.push()
        assert ends(team.releases(version)) == RELEASED, team.log
        published = registry.digest("example/release-api", version)
        assert example.runs("staging") == example.runs("production") == published not in running, "the same on Docker Hub and ECR"
        running.append(example.runs("production"))
    # The pipeline called what a team would call.
    assert example.called("ruff")[-1] == ["check", "."] and example.called("pytest")[-1] == ["--quiet"]

    # One that does badly in staging is put back there, fails the job, and production never hears of it.
    example.edit("app/main.py", "print(", "prnt(")
    example.commit("broken")
    example.push()
    example.cloud.outcome("apprunner", "release-api-staging-api", "ROLLBACK_SUCCEEDED")
    broken = team.releases("v1.3.0")
    assert ends(broken) == RELEASED | {"release/staging": "failure", "release/production": "skipped"}, team.log
    assert example.last_code("apply") == 6
    assert example.outcomes("staging")[-1] == "apply rolled_back"
    assert example.runs("staging") == example.runs("production") == running[-1]

    # By hand to the version before, without a release.
    example.as_the_readme_says("Every day", "production")
    assert example.last_record("production")["verb"] == "rollback" and example.runs("production") == running[-2]

    # After three releases in each, one that was put back and one that was taken back: the same database, which nobody has touched.
    assert {name: database(example, name) for name in data} == data
    assert example.cloud.calls("CreateDBInstance") == 2
    assert example.cloud.calls("ModifyDBInstance") == example.cloud.calls("DeleteDBInstance") == 0
    assert example.cloud.calls("RestoreDBInstanceFromDBSnapshot") == 0

    infrastructure_by_pull_request(example, team)
    taken_down(example, team)
    example.everything_written_was_run()


def infrastructure_by_pull_request(example, team):
    opened = team.opens(lambda: example.edit("environments/production.toml", "min = 2", "min = 3"))
    assert set(ends(opened).values()) == {"success"}, team.log
    staging, production = sorted(team.comments(), key=lambda body: "production" in body.splitlines()[0])
    assert "nothing to do" in staging, staging
    assert "2 to 4 instances → 3 to 4 instances" in production, production

    merged = team.merges()
    assert ends(merged) == {"infrastructure/staging": "success", "infrastructure/production": "success"}, team.log
    # Nobody was asked about staging, where there was nothing to do.
    assert team.runner.deployed == ["production"]
    record = example.last_record("production")
    assert (record["verb"], record["outcome"], record["agreement"]["by"]) == ("apply", "done", "approved")


def taken_down(example, team):
    example.by_hand("infra destroy --env production --allow data-loss", "production", code=5)
    team.changes(lambda: example.edit("environments/production.toml", "deletion_protection = true", "deletion_protection = false"))
    example.as_the_readme_says("Take it down", "production", "staging")
    assert example.outcomes("production")[-1] == example.outcomes("staging")[-1] == "destroy done"
