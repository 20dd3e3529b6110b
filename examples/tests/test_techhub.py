"""techhub: hooks, a protected branch, one image through three environments, and Datadog.

Replaced are the account, Docker Hub by a registry of this machine, Datadog by a server of this machine, and five minutes of watching by
one second.
"""

import subprocess

import pytest
import registry as docker_hub
from example import BIN, Example
from pipelines import OnGitHub, ends
from receiver import Receiver

NAMES = ("staging", "qa", "production")
DEPLOYED = {f"deploy/{name}": "success" for name in ("test", "build", *NAMES)}
OF_DOCKER_HUB = {"REGISTRY_USER": docker_hub.USER}, {"REGISTRY_PASSWORD": docker_hub.PASSWORD}


@pytest.fixture
def datadog():
    receiver = Receiver()
    yield receiver
    receiver.stop()


def replaced(image: str, datadog: Receiver) -> dict[str, str]:
    there = {'bake = "5m"': 'bake = "1s"', "[notify.datadog]": f'[notify.datadog]\nurl = "{datadog.url}"'}
    return {"IMAGE: docker.io/example/techhub": f"IMAGE: {image}", **there}


def test_its_whole_life(tmp_path, registry, datadog):
    example = Example("techhub", tmp_path, replaced(f"{registry.host}/example/techhub", datadog))
    team = OnGitHub(example, *OF_DOCKER_HUB)
    example.as_the_readme_says("Adopt it", *NAMES)
    assert [example.outcomes(name) for name in NAMES] == [["apply done"]] * 3
    assert told(datadog) == ["planned staging", *[f"{what} {name}" for name in NAMES for what in ("started", "succeeded")]]

    before_a_commit(example)

    # One image, the same in all three.
    assert ends(team.changes(lambda: example.edit("app/main.py", "hello", "welcome"))) == DEPLOYED, team.log
    first = example.runs("staging")
    assert [example.runs(name) for name in NAMES] == [first] * 3
    datadog_knows(datadog, team.commit)

    # One that does badly in staging is put back there, and reaches nobody else.
    example.cloud.outcome("autoscaling", "techhub-staging-web", "RollbackSuccessful")
    broken = team.changes(lambda: example.edit("app/main.py", "print", "prnt"))
    later = {"deploy/qa": "skipped", "deploy/production": "skipped"}
    assert ends(broken) == DEPLOYED | {"deploy/staging": "failure"} | later, team.log
    example.cloud.outcome("autoscaling", "techhub-staging-web", None)
    assert example.last_code("apply") == 6
    assert example.outcomes("staging")[-1] == "apply rolled_back"
    assert [example.runs(name) for name in NAMES] == [first] * 3
    assert told(datadog)[-3:] == ["planned staging", "started staging", "rolled_back staging"]

    infrastructure_by_pull_request(example, team)
    assert example.runs("production") == example.runs("staging") != first
    example.as_the_readme_says("Every day", "production")
    assert example.runs("production") == first
    taken_down(example)
    example.by_hand("scripts/make-push-role")
    example.everything_written_was_run()


def test_ecr_by_changing_one_line(tmp_path, datadog):
    """Nothing is copied for staging: the image is pushed where it is to run from."""
    image = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/techhub-staging/web"
    example = Example("techhub", tmp_path, replaced(image, datadog))
    team = OnGitHub(example, {"REGISTRY_USER": ""}, {"REGISTRY_PASSWORD": ""})
    # As much of it as staging needs; the reviewers of qa want no more.
    example.by_hand("aws ssm put-parameter --type SecureString --name /techhub/staging/secret-key --value x")
    example.by_hand("aws ssm put-parameter --type SecureString --name /techhub/datadog-key --value x")
    example.by_hand("scripts/make-roles staging qa && scripts/make-push-role && infra apply --env staging", "staging")
    team.runner.turned_down = {"qa"}
    later = {"deploy/qa": "failure", "deploy/production": "skipped"}
    assert ends(team.changes(lambda: example.edit("app/main.py", "hello", "welcome"))) == DEPLOYED | later, team.log
    (found,) = example.cloud.client("ecr").describe_images(repositoryName="techhub-staging/web")["imageDetails"]
    assert (found["imageDigest"], found["imageTags"]) == (example.runs("staging"), [team.commit])


@pytest.mark.parametrize(
    ("image", "login"),
    [
        ("docker.io/example/techhub:1", ["--username", "ana", "--password-stdin", "docker.io"]),
        ("ghcr.io/example/techhub:1", ["--username", "ben", "--password-stdin", "ghcr.io"]),
        (
            "europe-west1-docker.pkg.dev/shop/images/techhub:1",
            ["--username", "_json_key_base64", "--password-stdin", "europe-west1-docker.pkg.dev"],
        ),
    ],
)
def test_who_logs_in_where(tmp_path, image, login):
    """How registries are entered that no test can reach."""
    (tmp_path / "docker").symlink_to(BIN / "noted")
    variables = {"PATH": f"{tmp_path}:/usr/bin:/bin", "NOTES": str(tmp_path / "notes")}
    variables |= {"REGISTRY_USER": "ana", "REGISTRY_PASSWORD": "x", "GITHUB_ACTOR": "ben", "GITHUB_TOKEN": "y"}
    subprocess.run([BIN.parents[1] / "techhub/scripts/registry-login", image], env=variables, check=True)
    assert (tmp_path / "notes").read_text() == f'["docker", "login", {", ".join(f"{chr(34)}{word}{chr(34)}" for word in login)}]\n'


def before_a_commit(example):
    """The hook lets nobody commit a spec that is not valid."""
    example.edit("environments/qa.toml", 'from = "staging"', 'from = "stagin"')
    shown = example.by_hand("git commit --all --message 'a slip'", code=1)
    assert "did you mean `staging`?" in shown, shown
    assert example.called("ruff")[-1] == ["check", "."] and example.called("pytest")[-1] == ["--quiet"]
    example.by_hand("git checkout --quiet environments")


def told(datadog) -> list[str]:
    """The events, as outcome and environment."""
    events = [dict(tag.split(":", 1) for tag in one.body["tags"]) for one in datadog.told if one.path == "/api/v1/events"]
    return [f"{event['outcome']} {event['env']}" for event in events]


def datadog_knows(datadog, commit: str):
    """All that a dashboard and a monitor need: which environment, service and version, for how long, and how it ended."""
    assert {one.key for one in datadog.told} == {"API-KEY-OF-DATADOG"}
    last = [one for one in datadog.told if one.path == "/api/v1/events"][-1]
    tags = dict(tag.split(":", 1) for tag in last.body["tags"])
    wanted = {"env": "production", "service": "techhub", "version": commit, "outcome": "succeeded", "subject": "deployment"}
    assert wanted.items() <= tags.items() and int(tags["duration_seconds"]) >= 0, tags
    deployments = [one.body["data"]["attributes"] for one in datadog.told if one.path == "/api/v2/dora/deployment"]
    assert [(one["env"], one["service"], one["version"]) for one in deployments] == [(name, "techhub", commit) for name in NAMES]
    assert deployments[0]["git"] == {"repository_url": "https://github.com/example/techhub", "commit_sha": commit}


def infrastructure_by_pull_request(example, team):
    """The plan of a change of infrastructure is a comment; merged, it comes with the image of that commit."""

    def mended_and_larger():
        example.edit("app/main.py", "prnt", "print")
        example.edit("environments/production.toml", "max = 6", "max = 8")

    opened = team.opens(mended_and_larger)
    assert set(ends(opened).values()) == {"success"}, team.log
    (production,) = [body for body in team.comments() if "production" in body.splitlines()[0]]
    assert "2 to 6 instances → 2 to 8 instances" in production, production
    assert ends(team.merges()) == DEPLOYED, team.log
    record = example.last_record("production")
    assert (record["verb"], record["outcome"], record["agreement"]["by"]) == ("apply", "done", "approved")


def taken_down(example):
    example.by_hand("infra destroy --env production --allow data-loss", "production", code=5)
    example.unprotects("production")
    example.as_the_readme_says("Take it down", "production", "qa", "staging")
    assert [example.outcomes(name)[-1] for name in NAMES] == ["destroy done"] * 3
