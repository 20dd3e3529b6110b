"""devops-challenge: an image only of what is green, its vulnerabilities in the pull request, dev with every merge, pro after approval.

Replaced are the account, and ten minutes of watching by one second.
"""

import pytest
from example import Example
from pipelines import OnGitHub, ends

SERVICES = ("web", "worker", "beat", "flower")
PULLED = {f"pull-request/{name}": "success" for name in ("test", "build", "plan")}
DEPLOYED = {f"deploy/{name}": "success" for name in ("test", "build", "dev", "pro")}
CRITICAL = {"name": "CVE-2026-1234", "severity": "CRITICAL", "package": "openssl", "version": "3.0.1"}


@pytest.fixture
def example(tmp_path):
    return Example("devops-challenge", tmp_path, {'bake = "10m"': 'bake = "1s"'})


@pytest.fixture
def team(example):
    return OnGitHub(example)


def test_its_whole_life(example, team):
    example.as_the_readme_says("Adopt it", "dev", "pro")
    assert example.outcomes("dev") == example.outcomes("pro") == ["apply done"]
    assert example.last_record("pro")["agreement"]["by"] == "typed"

    # Nothing is built of what is not green.
    example.refuses("pytest")
    assert ends(team.opens(lambda: example.edit("app/main.py", "hello", "helo"))) == {
        "pull-request/test": "failure",
        "pull-request/build": "skipped",
        "pull-request/plan": "skipped",
    }
    assert example.called("pytest")[-1] == ["--cov", "--cov-fail-under=80"] and not team.comments()
    example.refuses("pytest", False)

    vulnerabilities_in_the_pull_request(example, team)
    assert ends(team.merges()) == DEPLOYED, team.log
    # Pro waited for its reviewers, and got exactly the plan they had read.
    assert team.runner.deployed == ["dev", "pro"]
    assert example.last_record("pro")["agreement"]["by"] == "approved"
    first = example.runs("dev")
    assert example.runs("pro") == first
    flower_for_the_team(example, "dev")
    beat_never_twice(example, "dev")
    private(example, "pro", zones=3)
    scaled_and_seen(example, "dev")

    # A version that does badly in dev is put back there, all four services, and never offered to pro.
    example.cloud.outcome("autoscaling", "devops-challenge-dev-worker", "Failed")
    broken = team.changes(lambda: example.edit("app/main.py", "print", "prnt"))
    assert ends(broken) == DEPLOYED | {"deploy/dev": "failure", "deploy/pro": "skipped"}, team.log
    example.cloud.outcome("autoscaling", "devops-challenge-dev-worker", None)
    assert example.last_code("apply") == 6
    assert example.outcomes("dev")[-1] == "apply rolled_back"
    assert example.runs("dev") == example.runs("pro") == first

    infrastructure_by_pull_request(example, team)
    assert example.runs("dev") == example.runs("pro") != first
    example.as_the_readme_says("Every day", "pro")
    assert example.runs("pro") == first
    taken_down(example)
    example.everything_written_was_run()


def vulnerabilities_in_the_pull_request(example, team):
    """What was found in the image stands beside the plan; what is pushed next has its own scan, in the same comment."""
    repository = "devops-challenge-dev/web"
    example.cloud.outcome("ecr", repository, {"status": "COMPLETE", "findings": [CRITICAL]})
    opened = team.opens(lambda: example.edit("app/main.py", "hello", "welcome"))
    assert ends(opened) == PULLED | {"pull-request/plan": "failure"}, team.log
    assert len(team.comments()) == 2, team.log
    for words in ("max-critical", "CVE-2026-1234", "openssl 3.0.1"):
        assert words in team.comments()[0], team.comments()[0]

    example.cloud.outcome("ecr", repository, {"status": "COMPLETE", "findings": []})
    assert ends(team.pushes(lambda: example.edit("app/main.py", "welcome", "good day"))) == PULLED, team.log
    assert len(team.comments()) == 2, "edited in place"
    assert "COMPLETE: 0 critical" in team.comments()[0], team.comments()[0]


def flower_for_the_team(example, environment: str):
    """The same load balancer leads the team's addresses to Flower, and answers all others."""
    elb = example.cloud.client("elbv2")
    balancers = elb.describe_load_balancers()["LoadBalancers"]
    (balancer,) = [each for each in balancers if each["LoadBalancerName"].startswith(f"devops-challenge-{environment}")]
    (listener,) = elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    rules = elb.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    ours = sorted((rule for rule in rules if not rule["IsDefault"]), key=lambda rule: int(rule["Priority"]))
    flower = [rule for rule in ours if any("/flower" in value for value in paths(rule))]
    assert flower, rules
    team = [rule for rule in flower if ["203.0.113.0/24"] in [each.get("SourceIpConfig", {}).get("Values") for each in rule["Conditions"]]]
    others = [rule for rule in flower if rule not in team]
    assert {rule["Actions"][0]["Type"] for rule in team} == {"forward"}
    answers = {rule["Actions"][0].get("FixedResponseConfig", {}).get("StatusCode") for rule in others}
    assert answers == {"403"}
    for path in ("/flower", "/flower/*"):
        first = next(rule for rule in ours if path in paths(rule))
        assert first in team, "the team's rule comes before the refusal"


def paths(rule: dict) -> list[str]:
    return [value for each in rule["Conditions"] for value in each.get("PathPatternConfig", {}).get("Values", [])]


def beat_never_twice(example, environment: str):
    """The group may fall to none, and never rise above one."""
    name = f"devops-challenge-{environment}-beat"
    (group,) = example.cloud.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    policy = group["InstanceMaintenancePolicy"]
    assert (policy["MinHealthyPercentage"], policy["MaxHealthyPercentage"]) == (0, 100)


def private(example, environment: str, zones: int):
    """Application, database and Redis stand in private subnets of all zones; load balancer and NAT in public ones."""
    ec2 = example.cloud.client("ec2")
    ours = [{"Name": "tag:infra:environment", "Values": [environment]}]
    tables = ec2.describe_route_tables(Filters=ours)["RouteTables"]
    open_ = {
        association["SubnetId"]
        for table in tables
        if any(route.get("GatewayId", "").startswith("igw-") for route in table["Routes"])
        for association in table["Associations"]
        if "SubnetId" in association
    }
    zone = {subnet["SubnetId"]: subnet["AvailabilityZone"] for subnet in ec2.describe_subnets(Filters=ours)["Subnets"]}
    assert len(open_) == zones and len(set(zone.values())) == zones

    groups = example.cloud.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    of = [group for group in groups if group["AutoScalingGroupName"].startswith(f"devops-challenge-{environment}-")]
    assert len(of) == len(SERVICES)
    for group in of:
        subnets = set(group["VPCZoneIdentifier"].split(","))
        assert not subnets & open_ and {zone[subnet] for subnet in subnets} == set(zone.values())
    gateways = ec2.describe_nat_gateways(Filters=ours)["NatGateways"]
    assert {gateway["SubnetId"] for gateway in gateways if gateway["State"] == "available"} == open_
    balancers = example.cloud.client("elbv2").describe_load_balancers()["LoadBalancers"]
    (balancer,) = [each for each in balancers if each["LoadBalancerName"].startswith(f"devops-challenge-{environment}")]
    assert {each["SubnetId"] for each in balancer["AvailabilityZones"]} == open_
    rds = example.cloud.client("rds").describe_db_instances(DBInstanceIdentifier=f"devops-challenge-{environment}-main")
    assert not rds["DBInstances"][0]["PubliclyAccessible"]


def scaled_and_seen(example, environment: str):
    """Scaling by CPU, logs and alarms in CloudWatch, and mail by SMTP."""
    prefix = f"devops-challenge-{environment}-"
    policies = example.cloud.client("autoscaling").describe_policies()["ScalingPolicies"]
    targets = {
        policy["AutoScalingGroupName"].removeprefix(prefix): policy["TargetTrackingConfiguration"]["TargetValue"]
        for policy in policies
        if policy["AutoScalingGroupName"].startswith(prefix)
    }
    assert targets == {"web": 60, "worker": 70}
    groups = example.cloud.client("logs").describe_log_groups(logGroupNamePrefix=f"/devops-challenge/{environment}/")["logGroups"]
    assert {group["logGroupName"].rsplit("/", 1)[1] for group in groups} == set(SERVICES)
    alarms = example.cloud.client("cloudwatch").describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
    # Four of the site, one of the worker, three of the database, two of the cache's only node.
    assert len(alarms) == 10, [alarm["AlarmName"] for alarm in alarms]
    assert "smtp://email-smtp.eu-west-1.amazonaws.com:587" in example.started_with(environment, "worker")


def infrastructure_by_pull_request(example, team):
    """The plan of a change of infrastructure is a comment; merged, it comes with the image of that commit."""

    def mended_and_larger():
        example.edit("app/main.py", "prnt", "print")
        example.edit("environments/pro.toml", "max = 9", "max = 12")

    opened = team.opens(mended_and_larger)
    assert ends(opened) == PULLED, team.log
    (pro,) = [body for body in team.comments() if "/pro" in body.splitlines()[0] and "3 to 12" in body]
    assert "3 to 9 instances → 3 to 12 instances" in pro, pro
    # Turned down, nothing happens. Started again, dev has nothing to do, and pro asks once more.
    team.runner.turned_down = {"pro"}
    assert ends(team.merges()) == DEPLOYED | {"deploy/pro": "failure"}, team.log
    assert example.outcomes("pro") == ["apply done", "apply done"] and example.runs("pro") != example.runs("dev")
    example.by_hand("infra apply --env pro --yes </dev/null", code=5)
    team.runner.turned_down = set()
    assert ends(team.again()) == DEPLOYED and team.runner.deployed == ["pro"], team.log
    record = example.last_record("pro")
    assert (record["verb"], record["outcome"], record["agreement"]["by"]) == ("apply", "done", "approved")


def taken_down(example):
    example.by_hand("infra destroy --env pro --allow data-loss", "pro", code=5)
    example.unprotects("pro")
    example.as_the_readme_says("Take it down", "pro", "dev")
    assert example.outcomes("pro")[-1] == example.outcomes("dev")[-1] == "destroy done"
