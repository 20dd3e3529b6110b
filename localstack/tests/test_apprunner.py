"""App Runner: services through all their states, connectors, configurations, tags, and what is refused."""

import json

import images
import pytest
from private_network import interfaces, subnets_and_group

NAME = "shop-api"


def role(aws, name: str, principal: str) -> str:
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": principal}, "Action": "sts:AssumeRole"}],
    }
    made = aws.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy))
    return made["Role"]["Arn"]


class Api:
    """An image in ECR, the roles, and shorthands for one service on them."""

    def __init__(self, aws):
        self.aws, self.client = aws, aws.apprunner
        aws.ecr.create_repository(repositoryName="api")
        self.uri = f"{aws.account}.dkr.ecr.{aws.region}.amazonaws.com/api"
        self.digest = images.push(aws.ecr, "api", "1")
        self.access = role(aws, "access", "build.apprunner.amazonaws.com")
        self.instance = role(aws, "instance", "tasks.apprunner.amazonaws.com")

    def source(self, image: str | None = None, **configuration) -> dict:
        return {
            "AuthenticationConfiguration": {"AccessRoleArn": self.access},
            "AutoDeploymentsEnabled": False,
            "ImageRepository": {
                "ImageIdentifier": image or f"{self.uri}@{self.digest}",
                "ImageRepositoryType": "ECR",
                "ImageConfiguration": configuration,
            },
        }

    def request(self, **more) -> dict:
        return {"ServiceName": NAME, "SourceConfiguration": self.source(), **more}

    def create(self, **more) -> dict:
        self.arn = self.client.create_service(**self.request(**more))["Service"]["ServiceArn"]
        return self.service()

    def service(self) -> dict:
        return self.client.describe_service(ServiceArn=self.arn)["Service"]

    def status(self) -> str:
        return self.service()["Status"]

    def until(self, status: str) -> dict:
        return self.aws.eventually(lambda: (it := self.service())["Status"] == status and it)

    def update(self, **more) -> dict:
        return self.client.update_service(ServiceArn=self.arn, **more)

    def image(self) -> str:
        return self.service()["SourceConfiguration"]["ImageRepository"]["ImageIdentifier"]

    def operations(self) -> list[dict]:
        return self.client.list_operations(ServiceArn=self.arn)["OperationSummaryList"]

    def last(self) -> tuple[str, str]:
        return self.operations()[0]["Type"], self.operations()[0]["Status"]

    def statuses(self) -> list[str]:
        """The statuses of the last operation, until it has ended."""
        seen: list[str] = []

        def look():
            operation = self.operations()[0]
            if operation["Status"] not in seen:
                seen.append(operation["Status"])
            return "EndedAt" in operation

        self.aws.hurried(look)
        return seen

    def steer(self, outcome: str):
        self.aws.infra("outcome", service="apprunner", resource=NAME, outcome=outcome)

    def scaling(self, name: str = "steady", **more) -> dict:
        made = self.client.create_auto_scaling_configuration(AutoScalingConfigurationName=name, **more)
        return made["AutoScalingConfiguration"]

    def connector(self, subnets: list[str], groups: list[str], name: str = "shop") -> dict:
        made = self.client.create_vpc_connector(VpcConnectorName=name, Subnets=subnets, SecurityGroups=groups)
        return made["VpcConnector"]


@pytest.fixture
def api(aws) -> Api:
    return Api(aws)


# Services


def test_service_reads_back_as_aws_writes_it(api):
    scaling = api.scaling()
    api.create(
        SourceConfiguration=api.source(
            Port="80", RuntimeEnvironmentVariables={"A": "1"}, RuntimeEnvironmentSecrets={"B": "arn:secret"}
        ),
        InstanceConfiguration={"Cpu": "1 vCPU", "Memory": "3 GB", "InstanceRoleArn": api.instance},
        HealthCheckConfiguration={"Protocol": "HTTP", "Path": "/health"},
        AutoScalingConfigurationArn=scaling["AutoScalingConfigurationArn"],
        Tags=[{"Key": "infra:project", "Value": "shop"}],
    )
    service = api.service()
    assert service["Status"] == "RUNNING"
    assert service["ServiceArn"] == (
        f"arn:aws:apprunner:{api.aws.region}:{api.aws.account}:service/{NAME}/{service['ServiceId']}"
    )
    assert service["ServiceUrl"].endswith(f".{api.aws.region}.awsapprunner.com")
    assert service["SourceConfiguration"] == api.source(
        Port="80", RuntimeEnvironmentVariables={"A": "1"}, RuntimeEnvironmentSecrets={"B": "arn:secret"}
    )
    assert service["InstanceConfiguration"] == {"Cpu": "1024", "Memory": "3072", "InstanceRoleArn": api.instance}
    assert service["HealthCheckConfiguration"] == {
        "Protocol": "HTTP",
        "Path": "/health",
        "Interval": 5,
        "Timeout": 2,
        "HealthyThreshold": 1,
        "UnhealthyThreshold": 5,
    }
    summary = service["AutoScalingConfigurationSummary"]
    assert summary["AutoScalingConfigurationArn"] == scaling["AutoScalingConfigurationArn"]
    tags = api.client.list_tags_for_resource(ResourceArn=api.arn)["Tags"]
    assert tags == [{"Key": "infra:project", "Value": "shop"}]


def test_defaults_are_those_of_aws(api):
    service = api.create()
    assert service["InstanceConfiguration"] == {"Cpu": "1024", "Memory": "2048"}
    assert service["SourceConfiguration"]["ImageRepository"]["ImageConfiguration"] == {"Port": "8080"}
    assert service["HealthCheckConfiguration"]["Protocol"] == "TCP"
    assert service["NetworkConfiguration"] == {
        "EgressConfiguration": {"EgressType": "DEFAULT"},
        "IngressConfiguration": {"IsPubliclyAccessible": True},
        "IpAddressType": "IPV4",
    }
    assert "ObservabilityConfiguration" not in service
    summary = service["AutoScalingConfigurationSummary"]
    assert summary["AutoScalingConfigurationName"] == "DefaultConfiguration" and summary["IsDefault"] is True
    assert "EncryptionConfiguration" not in service


def test_auto_deployments_default_to_true_for_own_images(api):
    source = api.source()
    del source["AutoDeploymentsEnabled"]
    assert api.create(SourceConfiguration=source)["SourceConfiguration"]["AutoDeploymentsEnabled"] is True


@pytest.mark.parametrize(
    ("cpu", "memory", "read"),
    [
        ("0.25 vCPU", "0.5 GB", ("256", "512")),
        ("512", "1024", ("512", "1024")),
        ("2 vCPU", "6 GB", ("2048", "6144")),
        ("4096", "12 GB", ("4096", "12288")),
        ("0.25 vCPU", "2 GB", None),
        ("1 vCPU", "6 GB", None),
        ("2048", "2048", None),
        ("4 vCPU", "4 GB", None),
        ("3 vCPU", "4 GB", None),
    ],
)
def test_cpu_and_memory_go_together(api, cpu, memory, read):
    configuration = {"Cpu": cpu, "Memory": memory}
    if read is None:
        refused = api.request(InstanceConfiguration=configuration)
        api.aws.refuses("InvalidRequestException", api.client.create_service, **refused)
    else:
        assert api.create(InstanceConfiguration=configuration)["InstanceConfiguration"] == {
            "Cpu": read[0],
            "Memory": read[1],
        }


def without_access(api) -> dict:
    source = api.source()
    del source["AuthenticationConfiguration"]
    return {"SourceConfiguration": source}


WRONG = {
    "no access role": without_access,
    "a role that is not there": lambda api: {
        "SourceConfiguration": {
            **api.source(),
            "AuthenticationConfiguration": {"AccessRoleArn": f"arn:aws:iam::{api.aws.account}:role/none"},
        }
    },
    "a role for somebody else": lambda api: {"InstanceConfiguration": {"InstanceRoleArn": api.access}},
    "no image at all": lambda api: {"SourceConfiguration": {}},
    "an image elsewhere": lambda api: {"SourceConfiguration": api.source("docker.io/library/nginx:1")},
    "a port too high": lambda api: {"SourceConfiguration": api.source(Port="65536")},
    "secrets without a role": lambda api: {
        "SourceConfiguration": api.source(RuntimeEnvironmentSecrets={"A": "arn:secret"})
    },
    "a variable that is a secret too": lambda api: {
        "SourceConfiguration": api.source(
            RuntimeEnvironmentSecrets={"A": "arn:secret"}, RuntimeEnvironmentVariables={"A": "1"}
        ),
        "InstanceConfiguration": {"InstanceRoleArn": api.instance},
    },
    "a variable that App Runner keeps": lambda api: {
        "SourceConfiguration": api.source(RuntimeEnvironmentVariables={"PORT": "80"})
    },
    "a health check too slow": lambda api: {"HealthCheckConfiguration": {"Interval": 21}},
    "a VPC without connector": lambda api: {"NetworkConfiguration": {"EgressConfiguration": {"EgressType": "VPC"}}},
    "a connector that is not there": lambda api: {
        "NetworkConfiguration": {
            "EgressConfiguration": {
                "EgressType": "VPC",
                "VpcConnectorArn": f"arn:aws:apprunner:{api.aws.region}:{api.aws.account}:vpcconnector/none/1/0",
            }
        }
    },
    "a scaling that is not there": lambda api: {
        "AutoScalingConfigurationArn": (
            f"arn:aws:apprunner:{api.aws.region}:{api.aws.account}:autoscalingconfiguration/none"
        )
    },
    "observability without a configuration": lambda api: {
        "ObservabilityConfiguration": {"ObservabilityEnabled": True}
    },
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_service_is_refused(api, wrong):
    request = api.request(**WRONG[wrong](api))
    api.aws.refuses("InvalidRequestException", api.client.create_service, **request)
    assert api.client.list_services()["ServiceSummaryList"] == []


def test_a_name_is_taken_until_the_service_is_gone(api):
    api.create()
    api.aws.refuses("InvalidRequestException", api.client.create_service, **api.request())
    api.client.delete_service(ServiceArn=api.arn)
    first = api.arn
    api.create()
    assert api.arn != first


def test_creation_takes_its_time(api):
    api.aws.settle(600, "apprunner")
    assert api.create()["Status"] == "OPERATION_IN_PROGRESS"
    for operation in (api.update, api.client.delete_service, api.client.pause_service, api.client.resume_service):
        request = {} if operation == api.update else {"ServiceArn": api.arn}
        api.aws.refuses("InvalidStateException", operation, **request)
    api.aws.refuses("InvalidRequestException", api.client.start_deployment, ServiceArn=api.arn)
    assert api.statuses() == ["PENDING", "IN_PROGRESS", "SUCCEEDED"]
    assert api.status() == "RUNNING"
    operation = api.operations()[0]
    assert operation["TargetArn"] == api.arn and operation["EndedAt"] > operation["StartedAt"]


def test_services_are_listed_and_missing_ones_refused(api):
    api.create()
    (summary,) = api.client.list_services()["ServiceSummaryList"]
    assert (summary["ServiceArn"], summary["Status"]) == (api.arn, "RUNNING")
    none = api.arn[:-1] + ("0" if api.arn[-1] != "0" else "1")
    for operation in (api.client.describe_service, api.client.delete_service, api.client.list_operations):
        api.aws.refuses("ResourceNotFoundException", operation, ServiceArn=none)


# First deployments that fail


@pytest.mark.parametrize("image", ["@sha256:" + "0" * 64, ":none"])
def test_a_service_without_its_image_can_only_be_deleted(api, image):
    service = api.create(SourceConfiguration=api.source(api.uri + image))
    assert service["Status"] == "CREATE_FAILED"
    assert api.last() == ("CREATE_SERVICE", "FAILED")
    api.aws.refuses("InvalidStateException", api.update, SourceConfiguration=api.source())
    api.aws.refuses("InvalidStateException", api.client.pause_service, ServiceArn=api.arn)
    api.aws.refuses("InvalidRequestException", api.client.create_service, **api.request())
    api.client.delete_service(ServiceArn=api.arn)
    assert api.status() == "DELETED"
    assert api.create()["Status"] == "RUNNING"


def test_a_creation_fails_when_asked_to(api):
    api.steer("FAILED")
    assert api.create()["Status"] == "CREATE_FAILED"


# Updates


def test_an_update_changes_what_it_names(api):
    api.create(InstanceConfiguration={"Cpu": "2 vCPU", "Memory": "4 GB"})
    second = images.push(api.aws.ecr, "api", "2", content="two")
    answer = api.update(SourceConfiguration=api.source(f"{api.uri}@{second}"))
    assert answer["OperationId"] == api.operations()[0]["Id"]
    assert api.image() == f"{api.uri}@{second}"
    assert api.last() == ("UPDATE_SERVICE", "SUCCEEDED")
    assert api.service()["InstanceConfiguration"] == {"Cpu": "2048", "Memory": "4096"}
    api.update(HealthCheckConfiguration={"Protocol": "HTTP", "Path": "/up"})
    assert api.service()["HealthCheckConfiguration"]["Path"] == "/up"
    assert api.image() == f"{api.uri}@{second}"


def test_an_update_whose_image_is_missing_is_rolled_back(api):
    api.create()
    api.aws.settle(600, "apprunner")
    api.update(SourceConfiguration=api.source(f"{api.uri}:none"))
    assert api.image() == f"{api.uri}:none", "while it is being applied"
    assert api.statuses()[-2:] == ["ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCEEDED"]
    assert (api.status(), api.image()) == ("RUNNING", f"{api.uri}@{api.digest}")


@pytest.mark.parametrize("outcome", ["FAILED", "ROLLBACK_SUCCEEDED", "ROLLBACK_FAILED"])
def test_a_failed_update_leaves_the_old_version_running(api, outcome):
    api.create()
    second = images.push(api.aws.ecr, "api", "2", content="two")
    api.steer(outcome)
    api.update(SourceConfiguration=api.source(f"{api.uri}@{second}"))
    assert api.last() == ("UPDATE_SERVICE", outcome)
    assert (api.status(), api.image()) == ("RUNNING", f"{api.uri}@{api.digest}")
    api.update(SourceConfiguration=api.source(f"{api.uri}@{second}"))
    assert api.last() == ("UPDATE_SERVICE", "SUCCEEDED")


def test_a_stuck_operation_goes_on_when_told(api):
    api.create()
    api.steer("stuck")
    api.update(HealthCheckConfiguration={"Path": "/up"})
    assert api.status() == "OPERATION_IN_PROGRESS" and api.last()[1] in ("PENDING", "IN_PROGRESS")
    api.aws.refuses("InvalidStateException", api.update)
    api.steer("ROLLBACK_SUCCEEDED")
    api.until("RUNNING")
    assert api.last() == ("UPDATE_SERVICE", "ROLLBACK_SUCCEEDED")
    assert api.service()["HealthCheckConfiguration"]["Path"] == "/"


def test_a_wrong_update_is_refused_and_changes_nothing(api):
    before = api.create()
    wrong = {"InstanceConfiguration": {"Cpu": "1024", "Memory": "12288"}}
    api.aws.refuses("InvalidRequestException", api.update, **wrong)
    code = {"CodeRepository": {"RepositoryUrl": "x", "SourceCodeVersion": {"Type": "BRANCH", "Value": "main"}}}
    api.aws.refuses("InvalidRequestException", api.update, SourceConfiguration=code)
    assert api.service() == before and len(api.operations()) == 1


def test_pause_resume_and_deploy(api):
    api.create()
    api.client.pause_service(ServiceArn=api.arn)
    assert api.status() == "PAUSED"
    api.aws.refuses("InvalidStateException", api.client.pause_service, ServiceArn=api.arn)
    api.aws.refuses("InvalidStateException", api.update)
    api.client.resume_service(ServiceArn=api.arn)
    assert api.status() == "RUNNING"
    api.client.start_deployment(ServiceArn=api.arn)
    types = [it["Type"] for it in api.operations()]
    assert types == ["START_DEPLOYMENT", "RESUME_SERVICE", "PAUSE_SERVICE", "CREATE_SERVICE"]


def test_a_pushed_tag_starts_a_deployment_where_that_is_on(api):
    api.create(SourceConfiguration={**api.source(f"{api.uri}:1"), "AutoDeploymentsEnabled": True})
    images.push(api.aws.ecr, "api", "2", content="other tag")
    assert len(api.operations()) == 1
    images.push(api.aws.ecr, "api", "1", content="new")
    assert api.last() == ("START_DEPLOYMENT", "SUCCEEDED")


def test_deletion_takes_its_time(api):
    api.create()
    api.aws.settle(600, "apprunner")
    api.client.delete_service(ServiceArn=api.arn)
    assert api.status() == "OPERATION_IN_PROGRESS"
    assert api.statuses()[-1] == "SUCCEEDED"
    assert api.status() == "DELETED" and api.service()["DeletedAt"]
    assert api.client.list_services()["ServiceSummaryList"] == []
    api.aws.refuses("InvalidStateException", api.client.delete_service, ServiceArn=api.arn)


def test_operations_come_in_pages(api):
    api.create()
    for _ in range(3):
        api.update()
    first = api.client.list_operations(ServiceArn=api.arn, MaxResults=3)
    rest = api.client.list_operations(ServiceArn=api.arn, MaxResults=3, NextToken=first["NextToken"])
    assert (len(first["OperationSummaryList"]), len(rest["OperationSummaryList"])) == (3, 1)
    assert "NextToken" not in rest


# VPC connectors


def test_a_connector_holds_interfaces_while_it_exists(api):
    network = subnets_and_group(api.aws)
    connector = api.connector(network.subnets, [network.group])
    assert (connector["VpcConnectorRevision"], connector["Status"]) == (1, "ACTIVE")
    assert connector["Subnets"] == network.subnets and connector["SecurityGroups"] == [network.group]
    for subnet in network.subnets:
        (interface,) = interfaces(api.aws, subnet)
        assert [it["GroupId"] for it in interface["Groups"]] == [network.group]
        assert interface["RequesterManaged"] is True
        api.aws.refuses("DependencyViolation", api.aws.ec2.delete_subnet, SubnetId=subnet)
    api.aws.refuses("DependencyViolation", api.aws.ec2.delete_security_group, GroupId=network.group)
    arn = connector["VpcConnectorArn"]
    assert api.client.delete_vpc_connector(VpcConnectorArn=arn)["VpcConnector"]["Status"] == "INACTIVE"
    assert api.client.describe_vpc_connector(VpcConnectorArn=arn)["VpcConnector"]["Status"] == "INACTIVE"
    api.aws.refuses("ResourceNotFoundException", api.client.delete_vpc_connector, VpcConnectorArn=arn)
    for subnet in network.subnets:
        api.aws.ec2.delete_subnet(SubnetId=subnet)
    api.aws.ec2.delete_security_group(GroupId=network.group)


def test_a_connector_without_groups_takes_the_default_one(api):
    network = subnets_and_group(api.aws)
    made = api.client.create_vpc_connector(VpcConnectorName="shop", Subnets=network.subnets)["VpcConnector"]
    groups = api.aws.ec2.describe_security_groups(GroupIds=made["SecurityGroups"])["SecurityGroups"]
    assert [(it["GroupName"], it["VpcId"]) for it in groups] == [("default", network.vpc)]


def test_a_connector_that_is_used_stays(api):
    network = subnets_and_group(api.aws)
    arn = api.connector(network.subnets, [network.group])["VpcConnectorArn"]
    egress = {"EgressType": "VPC", "VpcConnectorArn": arn}
    service = api.create(NetworkConfiguration={"EgressConfiguration": egress})
    assert service["NetworkConfiguration"]["EgressConfiguration"] == egress
    assert service["NetworkConfiguration"]["IngressConfiguration"] == {"IsPubliclyAccessible": True}
    api.aws.refuses("InvalidRequestException", api.client.delete_vpc_connector, VpcConnectorArn=arn)
    api.update(NetworkConfiguration={"EgressConfiguration": {"EgressType": "DEFAULT"}})
    api.client.delete_vpc_connector(VpcConnectorArn=arn)
    again = {"NetworkConfiguration": {"EgressConfiguration": egress}}
    api.aws.refuses("InvalidRequestException", api.update, **again)


def test_a_wrong_connector_is_refused(api):
    network, other = subnets_and_group(api.aws), subnets_and_group(api.aws)
    create = api.client.create_vpc_connector
    for subnets, groups in (
        (["subnet-00000000000000000"], [network.group]),
        (network.subnets, ["sg-00000000000000000"]),
        (network.subnets, [other.group]),
        ([network.subnets[0], other.subnets[1]], [network.group]),
    ):
        request = {"VpcConnectorName": "shop", "Subnets": subnets, "SecurityGroups": groups}
        api.aws.refuses("InvalidRequestException", create, **request)
    api.connector(network.subnets, [network.group])
    again = {"VpcConnectorName": "shop", "Subnets": network.subnets, "SecurityGroups": [network.group]}
    api.aws.refuses("InvalidRequestException", create, **again)


def test_deleted_connectors_are_listed_as_inactive(api):
    network = subnets_and_group(api.aws)
    first = api.connector(network.subnets, [network.group])["VpcConnectorArn"]
    api.client.delete_vpc_connector(VpcConnectorArn=first)
    second = api.connector(network.subnets, [network.group])["VpcConnectorArn"]
    listed = api.client.list_vpc_connectors()["VpcConnectors"]
    assert {it["VpcConnectorArn"]: it["Status"] for it in listed} == {first: "INACTIVE", second: "ACTIVE"}


# Auto scaling configurations


def test_scaling_comes_in_revisions(api):
    first = api.scaling(MinSize=2, MaxSize=5, MaxConcurrency=80)
    assert (first["MinSize"], first["MaxSize"], first["MaxConcurrency"]) == (2, 5, 80)
    assert (first["AutoScalingConfigurationRevision"], first["Latest"], first["Status"]) == (1, True, "active")
    second = api.scaling()
    assert (second["MinSize"], second["MaxSize"], second["MaxConcurrency"]) == (1, 25, 100)
    assert second["AutoScalingConfigurationRevision"] == 2
    describe = api.client.describe_auto_scaling_configuration
    by_name = second["AutoScalingConfigurationArn"].rsplit("/", 2)[0]
    for arn, revision in ((by_name, 2), (f"{by_name}/1", 1), (first["AutoScalingConfigurationArn"], 1)):
        found = describe(AutoScalingConfigurationArn=arn)["AutoScalingConfiguration"]
        assert found["AutoScalingConfigurationRevision"] == revision
    listed = api.client.list_auto_scaling_configurations()["AutoScalingConfigurationSummaryList"]
    names = [(it["AutoScalingConfigurationName"], it["AutoScalingConfigurationRevision"]) for it in listed]
    assert names == [("DefaultConfiguration", 1), ("steady", 2)]
    every = api.client.list_auto_scaling_configurations(AutoScalingConfigurationName="steady", LatestOnly=False)
    assert len(every["AutoScalingConfigurationSummaryList"]) == 2
    api.client.delete_auto_scaling_configuration(AutoScalingConfigurationArn=by_name, DeleteAllRevisions=True)
    api.aws.refuses("ResourceNotFoundException", describe, AutoScalingConfigurationArn=by_name)
    gone = describe(AutoScalingConfigurationArn=first["AutoScalingConfigurationArn"])["AutoScalingConfiguration"]
    assert gone["Status"] == "inactive" and gone["DeletedAt"]


def test_scaling_in_use_stays(api):
    arn = api.scaling()["AutoScalingConfigurationArn"]
    api.create(AutoScalingConfigurationArn=arn)
    delete = api.client.delete_auto_scaling_configuration
    api.aws.refuses("InvalidRequestException", delete, AutoScalingConfigurationArn=arn)
    users = api.client.list_services_for_auto_scaling_configuration(AutoScalingConfigurationArn=arn)
    assert users["ServiceArnList"] == [api.arn]
    other = api.scaling()["AutoScalingConfigurationArn"]
    api.update(AutoScalingConfigurationArn=other)
    delete(AutoScalingConfigurationArn=arn)
    api.client.delete_service(ServiceArn=api.arn)
    delete(AutoScalingConfigurationArn=other)


def test_the_default_scaling_stays(api):
    arn = f"arn:aws:apprunner:{api.aws.region}:{api.aws.account}:autoscalingconfiguration/DefaultConfiguration"
    delete = api.client.delete_auto_scaling_configuration
    api.aws.refuses("InvalidRequestException", delete, AutoScalingConfigurationArn=arn)
    other = api.scaling()["AutoScalingConfigurationArn"]
    api.client.update_default_auto_scaling_configuration(AutoScalingConfigurationArn=other)
    summary = api.create()["AutoScalingConfigurationSummary"]
    assert summary["AutoScalingConfigurationArn"] == other and summary["IsDefault"] is True


@pytest.mark.parametrize(
    "wrong", [{"MinSize": 3, "MaxSize": 2}, {"MinSize": 26}, {"MaxSize": 26}, {"MaxConcurrency": 201}, {"MinSize": 0}]
)
def test_a_wrong_scaling_is_refused(api, wrong):
    create = api.client.create_auto_scaling_configuration
    api.aws.refuses("InvalidRequestException", create, AutoScalingConfigurationName="steady", **wrong)


def test_revisions_have_a_limit(api):
    for _ in range(5):
        api.scaling()
    create = api.client.create_auto_scaling_configuration
    api.aws.refuses("ServiceQuotaExceededException", create, AutoScalingConfigurationName="steady")


# Observability, tags


def test_observability_is_kept_while_used(api):
    made = api.client.create_observability_configuration(
        ObservabilityConfigurationName="traces", TraceConfiguration={"Vendor": "AWSXRAY"}
    )["ObservabilityConfiguration"]
    arn = made["ObservabilityConfigurationArn"]
    wanted = {"ObservabilityEnabled": True, "ObservabilityConfigurationArn": arn}
    assert api.create(ObservabilityConfiguration=wanted)["ObservabilityConfiguration"] == wanted
    delete = api.client.delete_observability_configuration
    api.aws.refuses("InvalidRequestException", delete, ObservabilityConfigurationArn=arn)
    api.update(ObservabilityConfiguration={"ObservabilityEnabled": False})
    assert delete(ObservabilityConfigurationArn=arn)["ObservabilityConfiguration"]["Status"] == "INACTIVE"


def test_everything_is_tagged(api):
    network = subnets_and_group(api.aws)
    api.create()
    arns = [
        api.arn,
        api.scaling()["AutoScalingConfigurationArn"],
        api.connector(network.subnets, [network.group])["VpcConnectorArn"],
    ]
    for arn in arns:
        api.client.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        api.client.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "3"}])
        api.client.untag_resource(ResourceArn=arn, TagKeys=["b"])
        assert api.client.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "3"}]
    api.client.delete_vpc_connector(VpcConnectorArn=arns[2])
    api.aws.refuses("ResourceNotFoundException", api.client.list_tags_for_resource, ResourceArn=arns[2])
