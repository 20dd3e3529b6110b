"""What listeners and rules do with a request, written out in full as AWS shows it."""

from ..framework import aws_error

ANYTHING = {"Protocol": "#{protocol}", "Host": "#{host}", "Port": "#{port}", "Path": "/#{path}", "Query": "#{query}"}


def checked(provider, context, balancer: dict, protocol: str, actions: list[dict] | None) -> list[dict]:
    """The actions with AWS's defaults filled in; refuses targets that cannot be reached from this load balancer."""
    if not actions:
        raise aws_error("ValidationError", "At least one action must be specified")
    if len(actions) > 1 and any("Order" not in action for action in actions):
        raise aws_error("ValidationError", "An order must be specified for every action")
    full = sorted((_checked(provider, context, balancer, protocol, action) for action in actions), key=lambda a: a.get("Order", 0))
    if full[-1]["Type"] not in ("forward", "redirect", "fixed-response"):
        raise provider.error(
            "InvalidLoadBalancerActionException", "The last action must be forward, redirect or fixed-response"
        )
    return full


def _checked(provider, context, balancer: dict, protocol: str, action: dict) -> dict:
    full = {key: value for key, value in action.items() if key in ("Type", "Order")}
    match action.get("Type"):
        case "forward":
            forward = action.get("ForwardConfig") or {}
            groups = forward.get("TargetGroups") or [{"TargetGroupArn": action.get("TargetGroupArn")}]
            for group in groups:
                _reachable(provider, context, balancer, protocol, group.get("TargetGroupArn"))
            full["ForwardConfig"] = {
                "TargetGroups": [{"TargetGroupArn": g["TargetGroupArn"], "Weight": g.get("Weight", 1)} for g in groups],
                "TargetGroupStickinessConfig": forward.get("TargetGroupStickinessConfig") or {"Enabled": False},
            }
            if len(groups) == 1:
                full["TargetGroupArn"] = groups[0]["TargetGroupArn"]
        case "redirect":
            asked = action.get("RedirectConfig") or {}
            if asked.get("StatusCode") not in ("HTTP_301", "HTTP_302"):
                raise aws_error("ValidationError", "A redirect needs the status code HTTP_301 or HTTP_302")
            config = ANYTHING | asked
            if all(config[key] == ANYTHING[key] for key in ANYTHING):
                raise provider.error(
                    "InvalidLoadBalancerActionException", "The redirect configuration is not valid because it creates a loop."
                )
            full["RedirectConfig"] = config
        case "fixed-response":
            config = action.get("FixedResponseConfig") or {}
            if not str(config.get("StatusCode", ""))[:1] in ("2", "4", "5"):
                raise aws_error("ValidationError", "A fixed response needs a status code 2XX, 4XX or 5XX")
            full["FixedResponseConfig"] = dict(config)
        case "authenticate-oidc" | "authenticate-cognito" | "jwt-validation":
            if protocol != "HTTPS":
                raise provider.error("InvalidLoadBalancerActionException", "Authentication needs an HTTPS listener")
            full = dict(action)
        case other:
            raise aws_error("ValidationError", f"Value '{other}' for an action's type is not valid")
    return full


def _reachable(provider, context, balancer: dict, protocol: str, arn: str | None) -> None:
    state = provider.state(context)
    if arn not in state.target_groups:
        raise provider.error("TargetGroupNotFoundException", f"Target groups '{arn}' not found")
    group = state.target_groups[arn]
    if group.get("VpcId") and group["VpcId"] != balancer["VpcId"]:
        raise provider.error(
            "InvalidConfigurationRequestException", "The load balancer and the target group must be in the same VPC"
        )
    over_http = group.get("Protocol") in ("HTTP", "HTTPS") or group["TargetType"] == "lambda"
    if over_http != (protocol in ("HTTP", "HTTPS")):
        raise provider.error(
            "IncompatibleProtocolsException",
            f"The listener's protocol {protocol} and the target group's {group.get('Protocol')} do not go together",
        )
    if used_by(state, arn) - {balancer["LoadBalancerArn"]}:
        raise provider.error(
            "TargetGroupAssociationLimitException",
            f"The following target groups cannot be associated with more than one load balancer: {arn}",
        )


def groups_of(actions: list[dict]) -> set[str]:
    """The target groups that actions name."""
    return {
        group["TargetGroupArn"]
        for action in actions
        if action["Type"] == "forward"
        for group in action["ForwardConfig"]["TargetGroups"]
    }


def used_by(state, arn: str) -> set[str]:
    """The load balancers that send requests to a target group."""
    listeners = {listener["ListenerArn"]: listener for listener in state.listeners.values()}
    used = {ln["LoadBalancerArn"] for ln in listeners.values() if arn in groups_of(ln["DefaultActions"])}
    return used | {listeners[r["listener"]]["LoadBalancerArn"] for r in state.rules.values() if arn in groups_of(r["Actions"])}
