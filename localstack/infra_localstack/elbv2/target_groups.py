"""Target groups: their health check, and that nothing in use goes away."""

import random
import re

from .. import interfaces
from ..framework import aws_error
from . import actions, attributes

HTTP = ("HTTP", "HTTPS")
#: What a health check may be set to by ModifyTargetGroup.
CHECK = (
    "HealthCheckProtocol",
    "HealthCheckPort",
    "HealthCheckEnabled",
    "HealthCheckIntervalSeconds",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "UnhealthyThresholdCount",
    "HealthCheckPath",
    "Matcher",
)


class TargetGroups:
    def create_target_group(self, context, request):
        name, kind = request["Name"], request.get("TargetType") or "instance"
        _check_name(name)
        group = {"TargetGroupName": name, "TargetType": kind, "IpAddressType": request.get("IpAddressType") or "ipv4"}
        if kind != "lambda":
            for key, word in (("Protocol", "protocol"), ("Port", "port"), ("VpcId", "VPC ID")):
                if not request.get(key):
                    raise aws_error("ValidationError", f"A {word} must be specified")
                group[key] = request[key]
            if request["VpcId"] not in interfaces.backend(context).vpcs:
                raise aws_error("ValidationError", f"The VPC ID '{request['VpcId']}' is not found")
            if not 1 <= group["Port"] <= 65535:
                raise aws_error("ValidationError", f"Port '{group['Port']}' must be between 1 and 65535")
        over_http = kind == "lambda" or group["Protocol"] in HTTP
        if over_http and kind != "lambda":
            group["ProtocolVersion"] = request.get("ProtocolVersion") or "HTTP1"
        group |= _check(group, request, over_http)

        for other in self.state(context).target_groups.values():
            if other["TargetGroupName"] == name:
                tags = {tag["Key"]: tag.get("Value", "") for tag in request.get("Tags") or []}
                same = all(other.get(key) == value for key, value in group.items())
                if same and tags == self.state(context).tags.get(other["TargetGroupArn"], {}):
                    return {"TargetGroups": [self._group(context, other)]}
                raise self.error(
                    "DuplicateTargetGroupNameException",
                    f"A target group with the same name '{name}' exists, but with different settings",
                )
        path = f"{name}/{random.getrandbits(64):016x}"
        arn = f"arn:aws:elasticloadbalancing:{context.region}:{context.account_id}:targetgroup/{path}"
        group |= {
            "TargetGroupArn": arn,
            "attributes": attributes.defaults(attributes.HTTP_GROUP if over_http else attributes.TCP_GROUP),
            "targets": {},
            "used_since": None,
        }
        self._tag(context, arn, request.get("Tags"))
        self.state(context).target_groups[arn] = group
        return {"TargetGroups": [self._group(context, group)]}

    def modify_target_group(self, context, request):
        group = self._known(context, request["TargetGroupArn"])
        asked = {key: group[key] for key in CHECK if key in group} | {k: v for k, v in request.items() if v is not None}
        group.update(_check(group, asked, group["TargetType"] == "lambda" or group["Protocol"] in HTTP))
        return {"TargetGroups": [self._group(context, group)]}

    def delete_target_group(self, context, request):
        state, arn = self.state(context), request["TargetGroupArn"]
        if arn in state.target_groups:  # deleting what is not there succeeds
            if actions.used_by(state, arn):
                raise self.error("ResourceInUseException", f"Target group '{arn}' is currently in use by a listener or a rule")
            del state.target_groups[arn]
            state.tags.pop(arn, None)
        return {}

    def describe_target_groups(self, context, request):
        state = self.state(context)
        found = list(state.target_groups.values())
        for key, asked in (("TargetGroupArn", request.get("TargetGroupArns")), ("TargetGroupName", request.get("Names"))):
            if asked:
                found = [group for group in found if group[key] in asked]
                if len(found) < len(set(asked)):
                    raise self.error("TargetGroupNotFoundException", "One or more target groups not found")
        if arn := request.get("LoadBalancerArn"):
            self._known(context, arn)
            found = [group for group in found if arn in actions.used_by(state, group["TargetGroupArn"])]
        page, more = self._page(found, request)
        return {"TargetGroups": [self._group(context, group) for group in page]} | more

    def describe_target_group_attributes(self, context, request):
        return {"Attributes": attributes.shown(self._known(context, request["TargetGroupArn"])["attributes"])}

    def modify_target_group_attributes(self, context, request):
        group = self._known(context, request["TargetGroupArn"])
        over_http = group["TargetType"] == "lambda" or group["Protocol"] in HTTP
        table = attributes.HTTP_GROUP if over_http else attributes.TCP_GROUP
        return {
            "Attributes": attributes.change(table, group["attributes"], request.get("Attributes") or [], "Target group")
        }

    def _group(self, context, group: dict) -> dict:
        shown = {key: value for key, value in group.items() if key[0].isupper()}
        shown["LoadBalancerArns"] = sorted(actions.used_by(self.state(context), group["TargetGroupArn"]))
        return shown


def _check_name(name: str) -> None:
    if len(name) > 32:
        raise aws_error("ValidationError", f"Target group name '{name}' cannot be longer than '32' characters")
    if not re.fullmatch(r"[A-Za-z0-9-]+", name):
        raise aws_error(
            "ValidationError",
            f"Target group name '{name}' can only contain characters that are alphanumeric characters or hyphens(-)",
        )
    if name.startswith("-") or name.endswith("-"):
        raise aws_error("ValidationError", f"Target group name '{name}' cannot begin or end with a hyphen")


def _check(group: dict, asked: dict, over_http: bool) -> dict:
    """The health check, with the defaults of the group's protocol (API reference, CreateTargetGroup)."""
    on_lambda = group["TargetType"] == "lambda"
    protocol = asked.get("HealthCheckProtocol") or ("HTTP" if over_http else "TCP")
    check = {
        "HealthCheckEnabled": asked.get("HealthCheckEnabled", not on_lambda),
        "HealthCheckIntervalSeconds": asked.get("HealthCheckIntervalSeconds", 35 if on_lambda else 30),
        "HealthCheckTimeoutSeconds": asked.get("HealthCheckTimeoutSeconds", 30 if on_lambda else 5 if over_http else 10),
        "HealthyThresholdCount": asked.get("HealthyThresholdCount", 5),
        "UnhealthyThresholdCount": asked.get("UnhealthyThresholdCount", 2),
    }
    if not on_lambda:
        check |= {"HealthCheckProtocol": protocol, "HealthCheckPort": asked.get("HealthCheckPort") or "traffic-port"}
    if protocol in HTTP:
        grpc = group.get("ProtocolVersion") == "GRPC"
        check["HealthCheckPath"] = asked.get("HealthCheckPath") or ("/AWS.ALB/healthcheck" if grpc else "/")
        check["Matcher"] = asked.get("Matcher") or ({"GrpcCode": "12"} if grpc else {"HttpCode": "200"})
        if not check["HealthCheckPath"].startswith("/"):
            raise aws_error("ValidationError", f"Health check path '{check['HealthCheckPath']}' must begin with a '/' character")
    for key, low, high, what in (
        ("HealthCheckIntervalSeconds", 5, 300, "Health check interval"),
        ("HealthCheckTimeoutSeconds", 2, 120, "Health check timeout"),
        ("HealthyThresholdCount", 2, 10, "Healthy threshold count"),
        ("UnhealthyThresholdCount", 2, 10, "Unhealthy threshold count"),
    ):
        if not low <= check[key] <= high:
            raise aws_error("ValidationError", f"{what} '{check[key]}' must be between '{low}' and '{high}'")
    if over_http and check["HealthCheckTimeoutSeconds"] >= check["HealthCheckIntervalSeconds"]:
        raise aws_error(
            "ValidationError",
            f"Health check timeout '{check['HealthCheckTimeoutSeconds']}' must be smaller than or equal to the interval "
            f"'{check['HealthCheckIntervalSeconds']}'",
        )
    return check
