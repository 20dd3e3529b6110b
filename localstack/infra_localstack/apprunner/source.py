"""What a service runs on: the settings of a request, checked and completed as App Runner reads them back."""

import json
import re

from moto.iam.models import iam_backends

from ..ecr.registry import Registry
from ..framework import ServiceException, aws_error

# vCPU units and megabytes that go together.
# https://docs.aws.amazon.com/apprunner/latest/dg/architecture.html#architecture.vcpu-memory
MEMORY_FOR_CPU = {
    "256": {"512", "1024"},
    "512": {"1024"},
    "1024": {"2048", "3072", "4096"},
    "2048": {"4096", "6144"},
    "4096": {"8192", "10240", "12288"},
}
HEALTH_CHECK = {
    "Protocol": "TCP",
    "Path": "/",
    "Interval": 5,
    "Timeout": 2,
    "HealthyThreshold": 1,
    "UnhealthyThreshold": 5,
}
IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/"
    r"(?P<repository>[a-z0-9._/-]+?)(?::(?P<tag>[\w.-]+)|@(?P<digest>sha256:[0-9a-f]{64}))?"
)


def invalid(message: str) -> Exception:
    return aws_error("InvalidRequestException", message)


def instance(given: dict | None) -> dict:
    """Units as numbers: `1 vCPU` and `2 GB` read back as `1024` and `2048`."""
    given = given or {}
    cpu = _units(given.get("Cpu", "1024"), " vCPU")
    memory = _units(given.get("Memory", "2048"), " GB")
    if cpu not in MEMORY_FOR_CPU:
        raise invalid(f"Cpu {given['Cpu']} is not supported.")
    if memory not in MEMORY_FOR_CPU[cpu]:
        raise invalid(f"Memory {memory} is not supported with Cpu {cpu}.")
    return {**given, "Cpu": cpu, "Memory": memory}


def _units(value: str, suffix: str) -> str:
    return str(int(float(value.removesuffix(suffix)) * 1024)) if value.endswith(suffix) else value


def health_check(given: dict | None) -> dict:
    given = given or {}
    for key in HEALTH_CHECK.keys() - {"Protocol", "Path"}:
        if key in given and not 1 <= given[key] <= 20:
            raise invalid(f"HealthCheckConfiguration {key} must be between 1 and 20.")
    return {**HEALTH_CHECK, **given}


def source(given: dict, before: dict | None, instance_configuration: dict, account: str) -> dict:
    """A source that names no authentication or deployment mode keeps the ones it has."""
    kinds = {"ImageRepository", "CodeRepository"} & given.keys()
    if len(kinds) != 1:
        raise invalid("Exactly one of ImageRepository and CodeRepository must be specified.")
    if before and not kinds & before.keys():
        raise invalid("The source of a service cannot be switched between code and image.")
    if "CodeRepository" in kinds:
        raise invalid("Code repositories need a connection, which this emulator does not have.")
    image = given["ImageRepository"]
    before = before or {}
    result = {
        "ImageRepository": {**image, "ImageConfiguration": _image_configuration(image, instance_configuration)},
        "AutoDeploymentsEnabled": given.get("AutoDeploymentsEnabled", before.get("AutoDeploymentsEnabled")),
    }
    if authentication := given.get("AuthenticationConfiguration") or before.get("AuthenticationConfiguration"):
        result["AuthenticationConfiguration"] = authentication
    own = False
    if image["ImageRepositoryType"] == "ECR":
        place = IMAGE.fullmatch(image["ImageIdentifier"])
        if not place:
            raise invalid(f"Invalid image identifier {image['ImageIdentifier']} for repository type ECR.")
        if not (authentication or {}).get("AccessRoleArn"):
            raise invalid("Authentication configuration is invalid. AccessRoleArn is required for ECR repositories.")
        own = place["account"] == account
    elif result["AutoDeploymentsEnabled"]:
        raise invalid("AutoDeploymentsEnabled cannot be true for an ECR Public repository.")
    if result["AutoDeploymentsEnabled"] is None:
        result["AutoDeploymentsEnabled"] = own
    return result


def _image_configuration(image: dict, instance_configuration: dict) -> dict:
    configuration = {"Port": "8080", **image.get("ImageConfiguration", {})}
    port = configuration["Port"]
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        raise invalid(f"Port {port} is invalid.")
    variables = configuration.get("RuntimeEnvironmentVariables", {})
    secrets = configuration.get("RuntimeEnvironmentSecrets", {})
    if secrets and "InstanceRoleArn" not in instance_configuration:
        raise invalid("Instance Role have to be provided if passing in RuntimeEnvironmentSecrets.")
    if both := sorted(variables.keys() & secrets.keys()):
        raise invalid(f"Environment variable and secret have the same name: {', '.join(both)}.")
    for name in [*variables, *secrets]:
        if name.startswith("AWSAPPRUNNER"):
            raise invalid(f"Environment variable {name} uses the reserved prefix AWSAPPRUNNER.")
        # https://docs.aws.amazon.com/apprunner/latest/dg/env-variable-manage.html
        if name == "PORT":
            raise invalid("Environment variable PORT is reserved.")
    return configuration


def network(given: dict | None, before: dict | None) -> dict:
    """Egress, ingress and address type each stay as they are when an update leaves them out."""
    defaults = {
        "EgressConfiguration": {"EgressType": "DEFAULT"},
        "IngressConfiguration": {"IsPubliclyAccessible": True},
        "IpAddressType": "IPV4",
    }
    result = {**defaults, **(before or {}), **(given or {})}
    egress = result["EgressConfiguration"]
    if (egress.get("EgressType") == "VPC") != ("VpcConnectorArn" in egress):
        raise invalid("VpcConnectorArn is required with EgressType VPC, and only allowed there.")
    return result


def observability(given: dict | None) -> dict:
    if not given:
        return {}
    if given["ObservabilityEnabled"] != ("ObservabilityConfigurationArn" in given):
        raise invalid("ObservabilityConfigurationArn is required when ObservabilityEnabled is true, and only then.")
    return given


def image_exists(image: dict) -> bool:
    """Whether ECR has it. An image of ECR Public is taken on trust."""
    if image["ImageRepositoryType"] == "ECR_PUBLIC":
        return True
    place = IMAGE.fullmatch(image["ImageIdentifier"])
    try:
        contents = Registry(place["account"], place["region"]).contents(place["repository"])
    except ServiceException:
        return False
    return contents.find(place["digest"], None if place["digest"] else place["tag"] or "latest") is not None


def check_roles(account: str, origin: dict, instance_configuration: dict) -> None:
    """App Runner assumes both roles as it takes the request: they must exist and trust it."""
    access = origin.get("AuthenticationConfiguration", {}).get("AccessRoleArn")
    for arn, kind, principal in (
        (access, "access", "build.apprunner.amazonaws.com"),
        (instance_configuration.get("InstanceRoleArn"), "instance", "tasks.apprunner.amazonaws.com"),
    ):
        if arn and not _trusts(account, arn, principal):
            raise invalid(f"Error in assuming {kind} role {arn}")


def _trusts(account: str, arn: str, principal: str) -> bool:
    role = next((it for it in iam_backends[account]["aws"].roles.values() if it.arn == arn), None)
    if role is None:
        return False
    document = role.assume_role_policy_document
    document = json.loads(document) if isinstance(document, str) else document
    statements = document.get("Statement", [])
    for statement in [statements] if isinstance(statements, dict) else statements:
        services = statement.get("Principal", {}).get("Service", [])
        services = [services] if isinstance(services, str) else services
        if statement.get("Effect") == "Allow" and principal in services:
            return True
    return False
