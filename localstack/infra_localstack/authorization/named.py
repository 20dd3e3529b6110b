"""Services that give things names: the ARN follows from the request.

"Actions, resources, and condition keys for" each of them, with the dependent actions in the last column of those tables.
"""

from moto.ecr.models import ecr_backends
from moto.iam.models import iam_backends
from moto.secretsmanager import secretsmanager_backends
from moto.ssm import ssm_backends

from . import launching
from .demand import Call, Demand, tag_keys


def demands(call: Call) -> list[Demand]:
    found = SERVICES.get(call.service, lambda _: None)(call)
    return [Demand(call.action)] if found is None else found


def _on(call: Call, *resources: str, action: str | None = None) -> list[Demand]:
    tags = call.request.get("Tags") or call.request.get("tags") or []
    tags = tags if isinstance(tags, dict) else {tag.get("Key", tag.get("key")): tag.get("Value", tag.get("value")) for tag in tags}
    keys = tag_keys("RequestTag", tags) | {"aws:TagKeys": list(tags)} if tags else {}
    return [Demand(f"{call.prefix}:{action}" if action else call.action, resource, keys) for resource in resources]


def _fields(call: Call, table: dict[str, str]) -> list[str]:
    """The ARNs of what the request names: field to how its ARN begins."""
    return [call.arn(f"{start}{call.request[field]}") for field, start in table.items() if call.request.get(field)]


# RDS ------------------------------------------------------------------------------------------------------------------

_RDS = {"DBInstanceIdentifier": "db:", "DBSubnetGroupName": "subgrp:", "DBParameterGroupName": "pg:", "OptionGroupName": "og:"}


def _rds(call: Call) -> list[Demand] | None:
    request, operation = call.request, call.operation
    if "ResourceName" in request:
        return _on(call, request["ResourceName"])
    resources = _fields(call, _RDS)
    if operation.startswith("Describe"):
        # What lists all of them is asked about all of them.
        return _on(call, *resources) if resources else None
    if operation == "CreateDBInstance":
        engine, major = request["Engine"], request["EngineVersion"].split(".")[0]
        resources.append(call.arn(f"og:default:{engine}-{major}"))
        if "DBParameterGroupName" not in request:
            resources.append(call.arn(f"pg:default.{engine}{major}"))
    asked = _on(call, *resources)
    if request.get("Tags"):
        asked += _on(call, resources[0], action="AddTagsToResource")
    if operation == "CreateDBInstance":
        asked += call.links_role("rds.amazonaws.com")
    if operation == "DeleteDBInstance" and request.get("FinalDBSnapshotIdentifier"):
        both = (resources[0], call.arn(f"snapshot:{request['FinalDBSnapshotIdentifier']}"))
        asked += _on(call, *both, action="CreateDBSnapshot")
        asked += _on(call, both[1], action="AddTagsToResource")
    if request.get("ManageMasterUserPassword"):
        # "Password management with Amazon RDS and AWS Secrets Manager", permissions required for the integration.
        secret = call.arn("secret:rds!db-*", "secretsmanager")
        asked += [Demand(f"secretsmanager:{action}", secret) for action in ("CreateSecret", "TagResource")]
        asked.append(Demand("kms:DescribeKey", call.arn("key/*", "kms")))
    return asked


# ElastiCache ----------------------------------------------------------------------------------------------------------


def _elasticache(call: Call) -> list[Demand] | None:
    request, operation = call.request, call.operation
    if "ResourceName" in request:
        return _on(call, request["ResourceName"])
    if operation.startswith("Describe"):
        return None
    fields = {"ReplicationGroupId": "replicationgroup:", "CacheSubnetGroupName": "subnetgroup:"}
    resources = _fields(call, fields)
    asked = _on(call, *resources)
    if operation == "CreateReplicationGroup":
        version = request["EngineVersion"].split(".")[0]
        group = request.get("CacheParameterGroupName", f"default.{request['Engine']}{version}")
        asked += _on(call, call.arn(f"parametergroup:{group}")) + call.links_role("elasticache.amazonaws.com")
    if request.get("Tags"):
        asked += _on(call, resources[0], action="AddTagsToResource")
    return asked


# Elastic Load Balancing -----------------------------------------------------------------------------------------------


def _elbv2(call: Call) -> list[Demand] | None:
    request, operation = call.request, call.operation
    if operation.startswith("Describe"):
        return None
    if "ResourceArns" in request:
        return _on(call, *request["ResourceArns"])
    if operation == "CreateLoadBalancer":
        on = call.arn(f"loadbalancer/app/{request['Name']}/*")
        return _on(call, on) + _on(call, on, action="AddTags") + call.links_role("elasticloadbalancing.amazonaws.com")
    if operation == "CreateTargetGroup":
        on = call.arn(f"targetgroup/{request['Name']}/*")
        return _on(call, on) + _on(call, on, action="AddTags")
    if operation == "CreateListener":
        listener = request["LoadBalancerArn"].replace(":loadbalancer/", ":listener/") + "/*"
        return _on(call, request["LoadBalancerArn"]) + _on(call, listener, action="AddTags")
    if operation == "CreateRule":
        rule = request["ListenerArn"].replace(":listener/", ":listener-rule/") + "/*"
        return _on(call, request["ListenerArn"]) + (_on(call, rule, action="AddTags") if request.get("Tags") else [])
    if operation == "SetRulePriorities":
        return _on(call, *(pair["RuleArn"] for pair in request["RulePriorities"]))
    fields = ("RuleArn", "ListenerArn", "LoadBalancerArn", "TargetGroupArn")
    return _on(call, *(request[field] for field in fields if request.get(field))) or None


# Auto Scaling ---------------------------------------------------------------------------------------------------------


def _autoscaling(call: Call) -> list[Demand] | None:
    request, operation = call.request, call.operation
    if operation.startswith("Describe"):
        return None
    tagged = [tag["ResourceId"] for tag in request.get("Tags") or []] if operation == "CreateOrUpdateTags" else []
    names = {*tagged, *([request["AutoScalingGroupName"]] if "AutoScalingGroupName" in request else [])}
    asked = _on(call, *(call.arn(f"autoScalingGroup:*:autoScalingGroupName/{name}") for name in sorted(names)))
    if operation == "CreateAutoScalingGroup":
        asked += call.links_role("autoscaling.amazonaws.com")
    template = request.get("LaunchTemplate") or (request.get("DesiredConfiguration") or {}).get("LaunchTemplate")
    return asked + launching.demands(call, template, [it for it in (request.get("VPCZoneIdentifier") or "").split(",") if it])


# App Runner -----------------------------------------------------------------------------------------------------------


def _apprunner(call: Call) -> list[Demand] | None:
    request, operation = call.request, call.operation
    arn = next((request[it] for it in request if it.endswith("Arn") and it != "AutoScalingConfigurationArn"), None)
    if operation in ("CreateService", "UpdateService"):
        service = arn or call.arn(f"service/{request['ServiceName']}/*")
        egress = (request.get("NetworkConfiguration") or {}).get("EgressConfiguration") or {}
        used = [it for it in (request.get("AutoScalingConfigurationArn"), egress.get("VpcConnectorArn")) if it]
        asked = _on(call, service, *used)
        if operation == "CreateService":
            asked += _on(call, service, action="TagResource") + call.links_role("apprunner.amazonaws.com")
        access = (request.get("SourceConfiguration") or {}).get("AuthenticationConfiguration") or {}
        asked += call.passes(access.get("AccessRoleArn"), "apprunner.amazonaws.com")
        return asked + call.passes((request.get("InstanceConfiguration") or {}).get("InstanceRoleArn"), "apprunner.amazonaws.com")
    if operation == "CreateVpcConnector":
        on = call.arn(f"vpcconnector/{request['VpcConnectorName']}/*")
        return _on(call, on) + _on(call, on, action="TagResource") + call.links_role("networking.apprunner.amazonaws.com")
    if operation == "CreateAutoScalingConfiguration":
        on = call.arn(f"autoscalingconfiguration/{request['AutoScalingConfigurationName']}/*")
        return _on(call, on) + _on(call, on, action="TagResource")
    arn = arn or request.get("AutoScalingConfigurationArn")
    return _on(call, arn) if arn else None


# The rest -------------------------------------------------------------------------------------------------------------


def _ecr(call: Call) -> list[Demand] | None:
    if "resourceArn" in call.request:
        return _on(call, call.request["resourceArn"])
    names = [call.request["repositoryName"]] if "repositoryName" in call.request else call.request.get("repositoryNames") or ["*"]
    resources = [call.arn(f"repository/{name}") for name in names]
    asked = _on(call, *resources)
    if call.request.get("tags"):
        asked += _on(call, *resources, action="TagResource")
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html: the findings are Inspector's.
    scanning = ecr_backends[call.account][call.region].registry_scanning_configuration["scanType"]
    if call.operation == "DescribeImageScanFindings" and scanning == "ENHANCED":
        inspector = [("ListCoverage", "coverage/list"), ("ListFindings", "findings/list")]
        asked += [Demand(f"inspector2:{action}", call.arn(f"/{path}", "inspector2")) for action, path in inspector]
    return asked if call.operation != "GetAuthorizationToken" else None


def _cloudwatch(call: Call) -> list[Demand] | None:
    request = call.request
    if "ResourceARN" in request:
        return _on(call, request["ResourceARN"])
    # What lists all of them is asked about all of them.
    if call.operation == "DescribeAlarms":
        return None
    names = request.get("AlarmNames") or ([request["AlarmName"]] if "AlarmName" in request else [])
    resources = [call.arn(f"alarm:{name}") for name in names]
    # Where the alarm is there, its tags are ignored, and nobody may need a permission for them; here it is asked for all the same.
    tagging = _on(call, *resources, action="TagResource") if request.get("Tags") else []
    return _on(call, *resources) + tagging if resources else None


def _logs(call: Call) -> list[Demand] | None:
    if "resourceArn" in call.request:
        return _on(call, call.request["resourceArn"])
    if "logGroupName" not in call.request:
        return None
    group = call.arn(f"log-group:{call.request['logGroupName']}")
    tagging = _on(call, group, action="TagResource") if call.request.get("tags") else []
    return _on(call, f"{group}:log-stream:{call.request.get('logStreamName', '')}") + tagging


def _iam(call: Call) -> list[Demand] | None:
    request, operation, moto = call.request, call.operation, iam_backends[call.account]["aws"]
    # These name all there is.
    if operation in ("GetAccountAuthorizationDetails", "ListInstanceProfiles", "ListRoles"):
        return None

    def arn(kind: str, name: str, known) -> str:
        at = next((it.arn for it in known if it.name == name), None)
        return at or call.arn(f"{kind}{request.get('Path', '/')}{name}", region="")

    role = arn("role", request["RoleName"], moto.roles.values()) if "RoleName" in request else None
    if "InstanceProfileName" not in request:
        tagging = _on(call, role, action="TagRole") if operation == "CreateRole" and request.get("Tags") else []
        return _on(call, role) + tagging if role else None
    profile = arn("instance-profile", request["InstanceProfileName"], moto.instance_profiles.values())
    asked = _on(call, profile)
    if operation == "CreateInstanceProfile" and request.get("Tags"):
        asked += _on(call, profile, action="TagInstanceProfile")
    if operation == "AddRoleToInstanceProfile":
        asked += call.passes(role, "ec2.amazonaws.com")
    return asked


def _ssm(call: Call) -> list[Demand] | None:
    request = call.request
    if call.operation == "AddTagsToResource":
        return _on(call, _parameter(call, request["ResourceId"]))
    names = request.get("Names") or ([request["Name"]] if "Name" in request else [])
    resources = [_parameter(call, name) for name in names]
    tagging = _on(call, *resources, action="AddTagsToResource") if call.operation == "PutParameter" and request.get("Tags") else []
    asked = _on(call, *resources) + tagging
    if request.get("WithDecryption"):
        for name, resource in zip(names, resources, strict=True):
            asked += _decrypts(call, _parameter_key(call, name), "PARAMETER_ARN", resource)
    return asked if resources else None


def _parameter_key(call: Call, name: str) -> str | None:
    versions = ssm_backends[call.account][call.region]._parameters.get(name) or []
    return versions[-1].keyid if versions and versions[-1].parameter_type == "SecureString" else None


def _parameter(call: Call, name: str) -> str:
    """Those that AWS publishes belong to no account."""
    public = name.startswith("/aws/")
    return call.arn(f"parameter/{name.removeprefix('/')}", account="" if public else None)


def _secretsmanager(call: Call) -> list[Demand] | None:
    if "SecretId" not in call.request:
        return None
    secret = secretsmanager_backends[call.account][call.region].secrets.get(call.request["SecretId"])
    if secret is None:  # AWS then knows nothing but what was asked for, without the six characters that end ARNs
        return _on(call, call.arn(f"secret:{call.request['SecretId']}"))
    asked = _on(call, secret.arn)
    return asked + _decrypts(call, secret.kms_key_id, "SecretARN", secret.arn) if call.operation == "GetSecretValue" else asked


def _decrypts(call: Call, key: str | None, context: str, arn: str) -> list[Demand]:
    """Decrypting with a key of the customer. Those that AWS keeps for a store let in everybody who may use the store: "Secret
    encryption and decryption in AWS Secrets Manager", "Restricting decryption of SecureString parameter values"."""
    if not key or key.startswith("alias/aws/"):
        return []
    key = key if key.startswith("arn:") else call.arn(f"key/{key}", "kms")
    return [Demand("kms:Decrypt", key, {f"kms:EncryptionContext:{context}": arn})]


def _sts(call: Call) -> list[Demand] | None:
    """The role's own account is asked too, by its trust policy; here, whoever the role does not know is let in."""
    return _on(call, call.request["RoleArn"]) if call.operation == "AssumeRole" else None


SERVICES = {
    "rds": _rds,
    "elasticache": _elasticache,
    "elbv2": _elbv2,
    "autoscaling": _autoscaling,
    "apprunner": _apprunner,
    "ecr": _ecr,
    "cloudwatch": _cloudwatch,
    "logs": _logs,
    "iam": _iam,
    "secretsmanager": _secretsmanager,
    "ssm": _ssm,
    "sts": _sts,
}
