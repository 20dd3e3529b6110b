"""RunInstances from a launch template, and release commands that such an instance runs."""

import base64
import json
import time

import pytest
from private_network import interfaces, subnets_and_group

GROUP = "/shop/dev/web"
ADDRESS = "service.web.release"


def user_data(**more) -> str:
    """As `infra` writes it, a document between these lines; boto encodes it."""
    document = {
        "command": ["python", "manage.py", "migrate"],
        "environment": {"GREETING": "hello there"},
        "secrets": {},
        "log_group": GROUP,
        "release": {"stream": "release/ab12", "timeout_seconds": 900},
    }
    return f"#!/bin/bash\ncat <<'INFRA_DOCUMENT'\n{json.dumps(document | more)}\nINFRA_DOCUMENT\n"


@pytest.fixture
def net(aws):
    return subnets_and_group(aws)


@pytest.fixture
def wanted(aws, net):
    """A request that starts a release."""
    aws.logs.create_log_group(logGroupName=GROUP)
    image = aws.ec2.describe_images()["Images"][0]["ImageId"]
    data = {
        "ImageId": image,
        "InstanceType": "t3.micro",
        "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": [net.group]}],
        "Monitoring": {"Enabled": True},
        "UserData": base64.b64encode(b"of the template").decode(),
    }
    template = aws.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)["LaunchTemplate"]
    tags = [{"Key": "infra:address", "Value": ADDRESS}]
    return {
        "LaunchTemplate": {"LaunchTemplateId": template["LaunchTemplateId"], "Version": "1"},
        "MinCount": 1,
        "MaxCount": 1,
        "NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": net.subnets[0], "Groups": [net.group]}],
        "InstanceInitiatedShutdownBehavior": "terminate",
        "TagSpecifications": [{"ResourceType": it, "Tags": tags} for it in ("instance", "volume", "network-interface")],
        "UserData": user_data(),
    }


def start(aws, wanted, outcome=None) -> str:
    if outcome:
        aws.infra("outcome", service="ec2", resource=ADDRESS, outcome=outcome)
    return aws.ec2.run_instances(**wanted)["Instances"][0]["InstanceId"]


def seen(aws, instance) -> dict:
    return aws.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]


def state(aws, instance) -> str:
    return seen(aws, instance)["State"]["Name"]


def end(aws, instance) -> dict:
    """What the instance told of the end of its command."""
    (told,) = lines(aws, f"release/ab12/{instance}/end")
    return json.loads(told)


def lines(aws, stream) -> list[str]:
    return [it["message"] for it in aws.logs.get_log_events(logGroupName=GROUP, logStreamName=stream)["events"]]


def test_what_the_request_does_not_say_the_template_does(aws, net, wanted):
    aws.settle(600)
    made = seen(aws, start(aws, wanted))
    assert (made["InstanceType"], made["SubnetId"], made["Monitoring"]["State"]) == ("t3.micro", net.subnets[0], "enabled")
    assert [it["GroupId"] for it in made["SecurityGroups"]] == [net.group]
    tags = {it["Key"]: it["Value"] for it in made["Tags"]}
    # "Amazon EC2 automatically assigns two tags to each instance launched using a launch template."
    expected = {"aws:ec2launchtemplate:id": wanted["LaunchTemplate"]["LaunchTemplateId"], "aws:ec2launchtemplate:version": "1"}
    assert tags == {"infra:address": ADDRESS} | expected
    assert interfaces(aws, net.subnets[0])[0]["TagSet"] == [{"Key": "infra:address", "Value": ADDRESS}]
    written = aws.ec2.describe_instance_attribute(InstanceId=made["InstanceId"], Attribute="userData")["UserData"]["Value"]
    assert base64.b64decode(written).decode() == wanted["UserData"], "the request's user data takes the place of the template's"


def test_what_ec2_does_not_start(aws, net, wanted):
    run, template = aws.ec2.run_instances, wanted["LaunchTemplate"]
    aws.refuses("InvalidLaunchTemplateId.VersionNotFound", run, **wanted | {"LaunchTemplate": template | {"Version": "2"}})
    aws.refuses("InvalidLaunchTemplateId.NotFound", run, **wanted | {"LaunchTemplate": {"LaunchTemplateId": "lt-0"}})
    aws.refuses("InvalidParameterValue", run, **wanted | {"UserData": "x" * (16 * 1024 + 1)})
    run(**wanted | {"UserData": "x" * 16 * 1024})
    profile = {"Arn": f"arn:aws:iam::{aws.account}:instance-profile/none"}
    assert "Invalid IAM Instance Profile" in aws.refuses("InvalidParameterValue", run, **wanted | {"IamInstanceProfile": profile})
    # "Network interfaces and an instance-level subnet ID may not be specified on the same request", the template's included.
    without = {key: value for key, value in wanted.items() if key != "NetworkInterfaces"}
    aws.refuses("InvalidParameterCombination", run, **without | {"SubnetId": net.subnets[0]})


def test_a_client_token_starts_one_instance(aws, wanted):
    once = wanted | {"ClientToken": "one"}
    first, second = (aws.ec2.run_instances(**once)["Instances"][0]["InstanceId"] for _ in range(2))
    assert first == second
    aws.refuses("IdempotentParameterMismatch", aws.ec2.run_instances, **once | {"UserData": "other"})


def test_a_command_says_what_it_does_and_how_it_ended_and_its_instance_goes(aws, wanted):
    aws.settle(600)
    instance = start(aws, wanted)
    assert state(aws, instance) == "pending"
    aws.hurried(lambda: state(aws, instance) == "running")
    aws.hurried(lambda: state(aws, instance) == "terminated")
    said = lines(aws, f"release/ab12/{instance}")
    assert (said[0], said[-1]) == ("python manage.py migrate", "GREETING=hello there")
    # What is told of it elsewhere is without the secrets, which the log has.
    assert end(aws, instance) == {"exit_code": 0, "said": "\n".join(said[-20:]) + "\n"}


def test_what_it_tells_at_its_end_has_no_secret_in_it(aws, wanted):
    aws.ssm.put_parameter(Name="/shop/key", Value="hunter2", Type="SecureString")
    aws.secretsmanager.create_secret(Name="shop", SecretString='{"token": "hunter3"}')
    secrets = {"KEY": "ssm:/shop/key", "TOKEN": "secretsmanager:shop#token", "NONE": "secretsmanager:other"}
    instance = start(aws, wanted | {"UserData": user_data(secrets=secrets)})
    aws.eventually(lambda: state(aws, instance) == "terminated")
    assert {"KEY=hunter2", "TOKEN=hunter3", "NONE="} <= set(lines(aws, f"release/ab12/{instance}"))
    assert "KEY=(concealed)\nTOKEN=(concealed)\nNONE=\n" in end(aws, instance)["said"]


@pytest.mark.parametrize("outcome, told", [("3", ("exit_code", 3)), ("docker pull … failed", ("failed", "docker pull … failed"))])
def test_one_that_fails(aws, wanted, outcome, told):
    instance = start(aws, wanted, outcome)
    aws.eventually(lambda: state(aws, instance) == "terminated")
    assert told in end(aws, instance).items()
    # The outcome was for one run.
    instance = start(aws, wanted)
    aws.eventually(lambda: state(aws, instance) == "terminated")
    assert end(aws, instance)["exit_code"] == 0


def test_one_that_is_stuck_runs_until_somebody_ends_it(aws, wanted):
    instance = start(aws, wanted, "stuck")
    aws.eventually(lambda: state(aws, instance) == "running" and aws.logs.describe_log_streams(logGroupName=GROUP)["logStreams"])
    time.sleep(0.5)
    assert state(aws, instance) == "running"
    assert [it["logStreamName"] for it in aws.logs.describe_log_streams(logGroupName=GROUP)["logStreams"]] == [f"release/ab12/{instance}"]
    aws.ec2.terminate_instances(InstanceIds=[instance])
    aws.eventually(lambda: state(aws, instance) == "terminated")


def test_one_that_vanishes_says_nothing_of_its_end(aws, wanted):
    instance = start(aws, wanted, "vanishes")
    aws.eventually(lambda: state(aws, instance) == "terminated")
    streams = [it["logStreamName"] for it in aws.logs.describe_log_streams(logGroupName=GROUP)["logStreams"]]
    assert streams == [f"release/ab12/{instance}"]


def test_an_instance_that_is_not_to_be_terminated_is_stopped(aws, wanted):
    instance = start(aws, wanted | {"InstanceInitiatedShutdownBehavior": "stop"})
    aws.eventually(lambda: state(aws, instance) == "stopped")


def test_other_instances_go_on(aws, wanted):
    instance = start(aws, wanted | {"UserData": user_data(release=None)})
    aws.eventually(lambda: state(aws, instance) == "running")
    time.sleep(0.3)
    assert state(aws, instance) == "running" and not aws.logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
