"""The check of requests against AWS's models: what it lets pass, and that it sees each sort of fault in each protocol.

Requests are written by botocore, without its own validation, and spoilt where botocore could not write the fault.
"""

import base64
import json
import runpy
import sys
from pathlib import Path
from urllib.parse import urlencode

import pytest
import request as checked
from botocore.serialize import create_serializer

MODELS = Path(__file__).parent.parent / "models"
SIGNED_AS = {"elbv2": "elasticloadbalancing", "cloudwatch": "monitoring"}

UPLOAD = "01234567-0123-0123-0123-0123456789ab"
TAG = {"Key": "a", "Value": "b"}
GOOD = {
    # query, with a list in the model's own words
    ("rds", "CreateDBSubnetGroup"): {
        "DBSubnetGroupName": "a", "DBSubnetGroupDescription": "b", "SubnetIds": ["subnet-1"], "Tags": [TAG],
    },
    ("autoscaling", "PutScalingPolicy"): {"AutoScalingGroupName": "a", "PolicyName": "b", "TargetTrackingConfiguration": {"TargetValue": 50.5}},
    ("iam", "CreateRole"): {"RoleName": "a", "AssumeRolePolicyDocument": "{}"},
    ("elbv2", "CreateTargetGroup"): {"Name": "a", "Port": 80, "HealthCheckEnabled": True},
    ("ec2", "CreateSubnet"): {
        "VpcId": "vpc-1", "CidrBlock": "10.0.0.0/24", "TagSpecifications": [{"ResourceType": "subnet", "Tags": [TAG]}],
    },
    ("logs", "CreateLogGroup"): {"logGroupName": "/a", "tags": {"a": "b"}},
    ("ecr", "UploadLayerPart"): {"repositoryName": "ab", "uploadId": UPLOAD, "partFirstByte": 0, "partLastByte": 1, "layerPartBlob": b"ab"},
    ("apprunner", "CreateService"): {"ServiceName": "abcd", "SourceConfiguration": {"AutoDeploymentsEnabled": False}},
    ("cloudwatch", "PutMetricAlarm"): {"AlarmName": "a", "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "Threshold": 1.5},
}


def sent(service: str, operation: str, parameters: dict) -> dict:
    """The line that is recorded of this call."""
    described = checked.model(service)
    protocol = described.metadata["protocol"]
    made = create_serializer(protocol, include_validation=False).serialize_to_request(parameters, described.operation_model(operation))
    headers, body = dict(made["headers"]), made["body"]
    if isinstance(body, dict):
        body = urlencode(body).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    headers = {name.title() if name == "smithy-protocol" else name: value for name, value in headers.items()}
    line = {"method": "POST", "path": made["url_path"], "query": "", "headers": headers, "service": SIGNED_AS.get(service, service)}
    if protocol == "smithy-rpc-v2-cbor":
        return line | {"base64": base64.b64encode(body).decode()}
    return line | {"body": body.decode()}


def faults(service: str, operation: str, **changes) -> list[tuple[str, str]]:
    """What is found amiss with the good request, so changed; None takes a parameter out."""
    parameters = {name: value for name, value in (GOOD[service, operation] | changes).items() if value is not None}
    name, found = checked.check(sent(service, operation, parameters))
    assert name == f"{service}:{operation}"
    return [(fault.rule, fault.where) for fault in found]


@pytest.mark.parametrize("service, operation", GOOD)
def test_what_aws_allows_is_no_fault(service, operation):
    assert faults(service, operation) == []


@pytest.mark.parametrize("service, operation, changes, expected", [
    ("rds", "CreateDBSubnetGroup", {"SubnetIds": None}, ("missing", "SubnetIds")),
    ("ec2", "CreateSubnet", {"VpcId": None}, ("missing", "VpcId")),
    ("logs", "CreateLogGroup", {"logGroupName": None}, ("missing", "logGroupName")),
    ("apprunner", "CreateService", {"SourceConfiguration": None}, ("missing", "SourceConfiguration")),
    ("cloudwatch", "PutMetricAlarm", {"AlarmName": None}, ("missing", "AlarmName")),
    ("iam", "CreateRole", {"Tags": [{"Key": "a"}]}, ("missing", "Tags[].Value")),
    ("ec2", "CreateSubnet", {"TagSpecifications": [{"ResourceType": "sub-net"}]}, ("enum", "TagSpecifications[].ResourceType")),
    ("elbv2", "CreateTargetGroup", {"Protocol": "http"}, ("enum", "Protocol")),
    ("logs", "CreateLogGroup", {"logGroupClass": "CHEAP"}, ("enum", "logGroupClass")),
    ("cloudwatch", "PutMetricAlarm", {"ComparisonOperator": "More"}, ("enum", "ComparisonOperator")),
    ("iam", "CreateRole", {"RoleName": "a" * 65}, ("length", "RoleName")),
    ("iam", "CreateRole", {"RoleName": ""}, ("length", "RoleName")),
    ("logs", "CreateLogGroup", {"logGroupName": "a" * 513}, ("length", "logGroupName")),
    ("logs", "CreateLogGroup", {"tags": {f"{n}": "" for n in range(51)}}, ("length", "tags")),
    ("apprunner", "CreateService", {"ServiceName": "abc"}, ("length", "ServiceName")),
    ("cloudwatch", "PutMetricAlarm", {"AlarmName": "a" * 256}, ("length", "AlarmName")),
    ("elbv2", "CreateTargetGroup", {"Port": 65536}, ("range", "Port")),
    ("elbv2", "CreateTargetGroup", {"Port": 0}, ("range", "Port")),
    ("ecr", "UploadLayerPart", {"partFirstByte": -1}, ("range", "partFirstByte")),
    ("cloudwatch", "PutMetricAlarm", {"EvaluationPeriods": 0}, ("range", "EvaluationPeriods")),
    ("iam", "CreateRole", {"RoleName": "a/b"}, ("pattern", "RoleName")),
    ("iam", "CreateRole", {"Tags": [{"Key": "a;", "Value": ""}]}, ("pattern", "Tags[].Key")),
    ("logs", "CreateLogGroup", {"tags": {"a;": ""}}, ("pattern", "tags{}")),
    ("autoscaling", "PutScalingPolicy", {"PolicyName": "a\0"}, ("pattern", "PolicyName")),
    ("elbv2", "CreateTargetGroup", {"Port": "many"}, ("type", "Port")),
    ("logs", "CreateLogGroup", {"logGroupName": 5}, ("type", "logGroupName")),
    ("apprunner", "CreateService", {"SourceConfiguration": {"AutoDeploymentsEnabled": "no"}}, ("type", "SourceConfiguration.AutoDeploymentsEnabled")),
])
def test_faults_of_values_are_found(service, operation, changes, expected):
    assert expected in faults(service, operation, **changes)


@pytest.mark.parametrize("service, operation, more, where", [
    ("rds", "CreateDBSubnetGroup", "Colour=red", "Colour"),
    ("rds", "CreateDBSubnetGroup", "Tags.Tag.1.Colour=red", "Tags[].Colour"),
    ("rds", "CreateDBSubnetGroup", "Tags.member.1.Key=a", "Tags.member"),
    ("ec2", "CreateSubnet", "TagSpecification.1.Colour=red", "TagSpecifications[].Colour"),
    ("ec2", "CreateSubnet", "vpcId=vpc-1", "vpcId"),
])
def test_unknown_parameters_of_forms_are_found(service, operation, more, where):
    line = sent(service, operation, GOOD[service, operation])
    line["body"] += f"&{more}"
    assert ("unknown", where) in [(fault.rule, fault.where) for fault in checked.check(line)[1]]


@pytest.mark.parametrize("spoil, expected", [
    (lambda body: body | {"colour": "red"}, ("unknown", "colour")),
    (lambda body: body | {"LogGroupName": "/a"}, ("unknown", "LogGroupName")),
    (lambda body: body | {"tags": ["a"]}, ("type", "tags")),
    (lambda body: body | {"logGroupName": None}, ("type", "logGroupName")),
])
def test_faults_of_documents_are_found(spoil, expected):
    line = sent("logs", "CreateLogGroup", GOOD["logs", "CreateLogGroup"])
    line["body"] = json.dumps(spoil(json.loads(line["body"])))
    assert expected in [(fault.rule, fault.where) for fault in checked.check(line)[1]]


def test_unknown_parameters_of_cbor_are_found():
    import cbor2

    line = sent("cloudwatch", "PutMetricAlarm", GOOD["cloudwatch", "PutMetricAlarm"])
    body = cbor2.loads(base64.b64decode(line["base64"])) | {"Colour": "red"}
    line["base64"] = base64.b64encode(cbor2.dumps(body)).decode()
    assert [(fault.rule, fault.where) for fault in checked.check(line)[1]] == [("unknown", "Colour")]


@pytest.mark.parametrize("service, operation, change, where", [
    ("iam", "CreateRole", {"method": "GET"}, "method"),
    ("iam", "CreateRole", {"path": "/role"}, "path"),
    ("iam", "CreateRole", {"body": "Action=CreateRole&Version=2000-01-01"}, "Version"),
    ("rds", "CreateDBSubnetGroup", {"body": "Action=CreateDBSubnetGroup&Version=2014-10-31&DBSubnetGroupName=a&DBSubnetGroupName=b"}, "DBSubnetGroupName"),
    ("rds", "CreateDBSubnetGroup", {"body": "Action=CreateDBSubnetGroup&Version=2014-10-31&SubnetIds.SubnetIdentifier.2=a"}, "SubnetIds"),
    ("logs", "CreateLogGroup", {"body": "not json"}, "body"),
    ("logs", "CreateLogGroup", {"headers": {"X-Amz-Target": "Logs_20150101.CreateLogGroup", "Content-Type": "application/x-amz-json-1.1"}}, "X-Amz-Target"),
    ("logs", "CreateLogGroup", {"service": "lox"}, ""),
])
def test_faults_of_the_envelope_are_found(service, operation, change, where):
    line = sent(service, operation, GOOD[service, operation]) | change
    assert ("protocol", where) in [(fault.rule, fault.where) for fault in checked.check(line)[1]]


def test_an_operation_that_aws_does_not_have_is_found():
    line = sent("iam", "CreateRole", GOOD["iam", "CreateRole"])
    line["body"] = line["body"].replace("CreateRole", "CreateRoll")
    name, found = checked.check(line)
    assert (name, [fault.rule for fault in found]) == ("iam:CreateRoll", ["unknown"])


def run(recording: Path, *options: str, monkeypatch) -> int:
    monkeypatch.setattr(sys, "argv", ["models", str(recording), *options])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(MODELS), run_name="__main__")
    return ended.value.code


def test_a_recording_passes_or_fails_as_a_whole(tmp_path, monkeypatch, capsys):
    good, bad = sent("iam", "CreateRole", GOOD["iam", "CreateRole"]), sent("iam", "CreateRole", {"RoleName": "a"})
    recording = tmp_path / "requests.jsonl"
    for lines, code, says in [
        ([good, {"again": 0}], 0, "2 requests, 1 of them distinct, of 1 operations of 1 services: 0 faults"),
        ([good, bad], 1, "iam:CreateRole AssumeRolePolicyDocument: must be given [missing]"),
        ([], 1, "nothing was recorded"),
        ([good, {"full": True}], 1, "the recording is full"),
    ]:
        recording.write_text("".join(json.dumps(line) + "\n" for line in lines))
        assert run(recording, monkeypatch=monkeypatch) == code
        said = capsys.readouterr()
        assert says in said.out + said.err
