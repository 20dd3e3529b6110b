"""client-server: every commit goes to production by itself, unless it errors.

Replaced are the account, GitHub's registry by one of this machine, and five minutes of watching by one second.
"""

import pytest
from example import Example
from pipelines import OnGitHub, ends

DEPLOYED = {"deploy/test": "success", "deploy/build": "success", "deploy/staging": "success", "deploy/prod": "success"}


@pytest.fixture
def example(tmp_path, registry):
    replaced = {"REGISTRY: ghcr.io/example": f"REGISTRY: {registry.host}/example", 'bake = "5m"': 'bake = "1s"'}
    return Example("client-server", tmp_path, replaced, parts=("client", "server"))


@pytest.fixture
def team(example):
    return OnGitHub(example)


def test_its_whole_life(example, team):
    example.as_the_readme_says("Adopt it", "staging", "prod")
    assert example.outcomes("staging") == example.outcomes("prod") == ["apply done"]

    # A commit: two images, deployed to staging and to production.
    pulled = team.opens(lambda: example.edit("server/app/main.py", "hello", "hello from the server"))
    assert ends(pulled) == {"test/test": "success"}, "nothing of the infrastructure, so no plan"
    assert ends(team.merges()) == DEPLOYED, team.log
    first = running(example, "staging")
    assert running(example, "prod") == first and len(first) == 2
    one_door(example, "staging")
    the_cache_over_tls(example, "staging")

    # A release that errors is put back. The history in git shows both.
    example.cloud.outcome("autoscaling", "client-server-staging-server", "RollbackSuccessful")
    broken = team.changes(lambda: example.edit("server/app/main.py", "print", "prnt"))
    assert ends(broken) == DEPLOYED | {"deploy/staging": "failure", "deploy/prod": "skipped"}, team.log
    assert example.last_code("apply") == 6
    assert running(example, "staging") == running(example, "prod") == first
    example.cloud.outcome("autoscaling", "client-server-staging-server", None)

    infrastructure_by_pull_request(example, team)
    assert running(example, "prod") == running(example, "staging") != first
    assert example.outcomes("staging") == ["apply done", "apply done", "apply rolled_back", "apply done"]
    assert example.outcomes("prod") == ["apply done", "apply done", "apply done"]
    assert len(example.history_of_git()) == 6, "the first two in one commit, each other in one of its own"

    shown = example.as_the_readme_says("Every day", "prod")
    assert "rolled back" in shown, "history lists it"
    assert example.last_record("prod")["verb"] == "rollback"

    taken_down(example)
    example.everything_written_was_run()


def running(example, environment: str) -> set[str]:
    images = example.images(environment)
    return images["client"] | images["server"]


def one_door(example, environment: str):
    """One load balancer, whose rule for `/api/*` leads to the server and all else to the client."""
    elb = example.cloud.client("elbv2")
    balancers = elb.describe_load_balancers()["LoadBalancers"]
    (balancer,) = [each for each in balancers if each["LoadBalancerName"].startswith(f"client-server-{environment}")]
    assert balancer["Scheme"] == "internet-facing"
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    leads = {}
    for rule in elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]:
        (action,) = rule["Actions"]
        (group,) = elb.describe_target_groups(TargetGroupArns=[action["TargetGroupArn"]])["TargetGroups"]
        leads[tuple(value for condition in rule["Conditions"] for value in condition["PathPatternConfig"]["Values"])] = group["Port"]
    assert leads == {("/api/*",): 3000, (): 8080}


def the_cache_over_tls(example, environment: str):
    """The cache takes nothing but TLS, and the server is told to come that way."""
    (cache,) = [
        group
        for group in example.cloud.client("elasticache").describe_replication_groups()["ReplicationGroups"]
        if group["ReplicationGroupId"].startswith(f"client-server-{environment}")
    ]
    assert cache["TransitEncryptionEnabled"] and cache["TransitEncryptionMode"] == "required"
    address = cache["NodeGroups"][0]["PrimaryEndpoint"]
    assert f"rediss://{address['Address']}:{address['Port']}/0" in example.started_with(environment, "server")


def infrastructure_by_pull_request(example, team):
    """The plan of a change of infrastructure is a comment; merged, it comes with the image of that commit."""

    def mended_and_larger():
        example.edit("server/app/main.py", "prnt", "print")
        example.edit("environments/prod.toml", "max = 8", "max = 10")

    opened = team.opens(mended_and_larger)
    assert set(ends(opened).values()) == {"success"}, team.log
    staging, production = sorted(team.comments(), key=lambda body: "prod" in body.splitlines()[0])
    assert "nothing to do" in staging and "2 to 8 instances → 2 to 10 instances" in production, production
    assert ends(team.merges()) == DEPLOYED, team.log
    record = example.last_record("prod")
    assert (record["verb"], record["outcome"], record["agreement"]["by"]) == ("apply", "done", "approved")


def taken_down(example):
    example.by_hand("infra destroy --env prod --allow data-loss", "prod", code=5)
    example.unprotects("prod")
    example.as_the_readme_says("Take it down", "prod", "staging")
    assert example.outcomes("prod")[-1] == example.outcomes("staging")[-1] == "destroy done"
