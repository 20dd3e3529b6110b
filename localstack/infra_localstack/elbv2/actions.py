"""What listeners and rules do with a request, written out in full as AWS shows it.

Sources: Action and the types of its members in the ELBv2 API reference; "Action types for listener rules" and "Quotas for your
Application Load Balancers" in the guide.
"""

from ..framework import aws_error

ANYTHING = {"Protocol": "#{protocol}", "Host": "#{host}", "Port": "#{port}", "Path": "/#{path}", "Query": "#{query}"}
#: What a redirect must change one of, or the client comes back for ever.
AWAY = ("Protocol", "Host", "Port", "Path")
CONTENT_TYPES = ("text/html", "application/json", "application/javascript", "text/css", "text/plain")
#: The types of actions, and the members that belong to each.
MEMBERS = {
    "forward": ("TargetGroupArn", "ForwardConfig"),
    "redirect": ("RedirectConfig",),
    "fixed-response": ("FixedResponseConfig",),
    "authenticate-oidc": ("AuthenticateOidcConfig",),
    "authenticate-cognito": ("AuthenticateCognitoConfig",),
    "jwt-validation": ("JwtValidationConfig",),
}
#: "Each rule must include exactly one of the following actions, and it must be the last action to be performed."
LAST = ("forward", "redirect", "fixed-response")
#: One that asks who it is, and one that ends it.
MOST_ACTIONS = 2
#: "Target Groups per Action per Application Load Balancer", "Target Groups per Application Load Balancer".
MOST_GROUPS, MOST_GROUPS_IN_ALL = 5, 100


def checked(
    provider, context, balancer: dict, protocol: str, actions: list[dict] | None, instead_of: dict | None = None
) -> list[dict]:
    """The actions with AWS's defaults filled in; refuses targets that cannot be reached from this load balancer. `instead_of` is
    the rule whose actions they replace."""
    if not actions:
        raise aws_error("ValidationError", "At least one action must be specified")
    if len(actions) > MOST_ACTIONS:
        raise provider.error("TooManyActionsException", f"A rule can only have '{MOST_ACTIONS}' actions")
    orders = [action.get("Order") for action in actions]
    if len(actions) > 1 and None in orders:
        raise aws_error("ValidationError", "An order must be specified for every action")
    if len(set(orders)) < len(orders):
        raise aws_error("ValidationError", "The orders of actions must be unique")
    full = sorted((_checked(provider, context, balancer, protocol, action) for action in actions), key=lambda a: a.get("Order", 0))
    if full[-1]["Type"] not in LAST:
        raise provider.error(
            "InvalidLoadBalancerActionException", "The last action must be forward, redirect or fixed-response"
        )
    if any(action["Type"] in LAST for action in full[:-1]):
        raise provider.error(
            "InvalidLoadBalancerActionException", "Only the last action can be forward, redirect or fixed-response"
        )
    _check_groups(provider, context, balancer, full, instead_of)
    return full


def _checked(provider, context, balancer: dict, protocol: str, action: dict) -> dict:
    kind = action.get("Type")
    if kind not in MEMBERS:
        raise aws_error("ValidationError", f"Value '{kind}' for an action's type is not valid")
    for other, members in MEMBERS.items():
        if alien := [member for member in members if other != kind and action.get(member)]:
            raise provider.error(
                "InvalidLoadBalancerActionException", f"For actions of type '{kind}', you cannot specify the field '{alien[0]}'"
            )
    if not any(action.get(member) for member in MEMBERS[kind]):
        raise provider.error(
            "InvalidLoadBalancerActionException",
            f"For actions of type '{kind}', you must specify the following fields: '{MEMBERS[kind][-1]}'",
        )
    full = {key: value for key, value in action.items() if key in ("Type", "Order")}
    match kind:
        case "forward":
            return full | _forward(provider, context, balancer, protocol, action)
        case "redirect":
            return full | {"RedirectConfig": _redirect(provider, protocol, action["RedirectConfig"])}
        case "fixed-response":
            return full | {"FixedResponseConfig": _response(provider, action["FixedResponseConfig"])}
    if protocol != "HTTPS":
        raise provider.error("InvalidLoadBalancerActionException", "Authentication needs an HTTPS listener")
    return dict(action)


def _forward(provider, context, balancer: dict, protocol: str, action: dict) -> dict:
    forward, arn = action.get("ForwardConfig") or {}, action.get("TargetGroupArn")
    groups = forward.get("TargetGroups") or ([{"TargetGroupArn": arn}] if arn else [])
    arns = [group.get("TargetGroupArn") for group in groups]
    if not groups or None in arns:
        raise aws_error("ValidationError", "A target group ARN must be specified")
    # "If you specify both, you can specify only one target group using ForwardConfig and it must be the same".
    if arn and arns != [arn]:
        raise provider.error(
            "InvalidLoadBalancerActionException", "TargetGroupArn and ForwardConfig must specify the same single target group"
        )
    if len(groups) > MOST_GROUPS:
        raise provider.error("TooManyTargetGroupsException", f"A forward action can only have '{MOST_GROUPS}' target groups")
    if len(set(arns)) < len(arns):
        raise aws_error("ValidationError", "A target group can only be specified once in an action")
    for group in groups:
        _reachable(provider, context, balancer, protocol, group["TargetGroupArn"])
        if not 0 <= group.get("Weight", 1) <= 999:
            raise aws_error("ValidationError", "The weight for each target group must be between 0 and 999, inclusive")
    sticky = forward.get("TargetGroupStickinessConfig") or {"Enabled": False}
    if (sticky.get("Enabled") or "DurationSeconds" in sticky) and not 1 <= sticky.get("DurationSeconds", 0) <= 604800:
        raise aws_error("ValidationError", "Target group stickiness duration must be between 1 and 604800 seconds")
    config = {
        "TargetGroups": [{"TargetGroupArn": g["TargetGroupArn"], "Weight": g.get("Weight", 1)} for g in groups],
        "TargetGroupStickinessConfig": sticky,
    }
    return {"ForwardConfig": config} | ({"TargetGroupArn": arns[0]} if len(arns) == 1 else {})


def _redirect(provider, protocol: str, asked: dict) -> dict:
    if asked.get("StatusCode") not in ("HTTP_301", "HTTP_302"):
        raise aws_error("ValidationError", "A redirect needs the status code HTTP_301 or HTTP_302")
    config = ANYTHING | asked
    if all(config[key] == ANYTHING[key] for key in AWAY):
        raise provider.error(
            "InvalidLoadBalancerActionException", "The redirect configuration is not valid because it creates a loop."
        )
    if protocol == "HTTPS" and config["Protocol"] == "HTTP":
        raise provider.error("InvalidLoadBalancerActionException", "You cannot redirect HTTPS to HTTP")
    port = config["Port"]
    if port != ANYTHING["Port"] and not (port.isdecimal() and 1 <= int(port) <= 65535):
        raise provider.error("InvalidLoadBalancerActionException", f"The redirect port '{port}' must be from 1 to 65535 or #{{port}}")
    if not config["Path"].startswith("/"):
        raise provider.error("InvalidLoadBalancerActionException", f"The redirect path '{config['Path']}' must begin with '/'")
    return config


def _response(provider, config: dict) -> dict:
    if str(config.get("StatusCode", ""))[:1] not in ("2", "4", "5"):
        raise aws_error("ValidationError", "A fixed response needs a status code 2XX, 4XX or 5XX")
    if config.get("ContentType") and config["ContentType"] not in CONTENT_TYPES:
        raise provider.error("InvalidLoadBalancerActionException", f"The ContentType must be one of: {', '.join(CONTENT_TYPES)}")
    return dict(config)


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


def _check_groups(provider, context, balancer: dict, actions: list[dict], instead_of: dict | None) -> None:
    """ "If a target group is used by multiple actions for a load balancer, it is counted as only one use." """
    state = provider.state(context)
    arn = balancer["LoadBalancerArn"]
    others = [it for it in state.rules.values() if state.listeners[it["listener"]]["LoadBalancerArn"] == arn and it is not instead_of]
    used = groups_of(actions).union(*(groups_of(rule["Actions"]) for rule in others))
    if len(used) > MOST_GROUPS_IN_ALL:
        raise provider.error(
            "TooManyUniqueTargetGroupsPerLoadBalancerException",
            f"The maximum number of unique target groups on load balancer '{arn}' is {MOST_GROUPS_IN_ALL}",
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
    """The load balancers that send requests to a target group: by a rule, the default ones of listeners among them."""
    return {
        state.listeners[rule["listener"]]["LoadBalancerArn"] for rule in state.rules.values() if arn in groups_of(rule["Actions"])
    }
