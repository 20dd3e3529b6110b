"""Security groups and their rules.

moto keeps the groups; a rule is one of its objects per peer, which here also knows its description whatever the peer is.
A rule's peer is an IPv4 range, an IPv6 range, a prefix list or another group, which cannot be deleted as long as it is named.
"""

import ipaddress
import re

from moto.ec2.models.security_groups import SecurityGroupRule

from .. import interfaces
from ..framework import aws_error, matches, tags_from

#: What AWS allows in names and descriptions of groups and rules (API reference, CreateSecurityGroup).
ALLOWED = re.compile(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{0,255}")
PROTOCOLS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6", "all": "-1"}


class Rule(SecurityGroupRule):
    """moto's rule, with the peer taken apart: kind is CidrIpv4, CidrIpv6, PrefixListId or ReferencedGroupId."""

    def __init__(self, context, group_id: str, egress: bool, protocol: str, ports, kind: str, peer: str, about, tags=()):
        super().__init__(
            interfaces.backend(context), protocol, group_id, ports[0], ports[1], None, is_egress=egress,
            tags={tag["Key"]: tag["Value"] for tag in tags},
        )
        self.owner = context.account_id
        self.become(protocol, ports, kind, peer, about)

    def become(self, protocol, ports, kind: str, peer: str, about) -> None:
        self.ip_protocol, self.kind, self.peer, self.about = protocol, kind, peer, about
        self.from_port, self.to_port = ports
        # What moto's filters look at.
        self.ip_range = {"CidrIp": peer} if kind == "CidrIpv4" else {"CidrIpv6": peer} if kind == "CidrIpv6" else {}
        self.source_group = {"GroupId": peer, "UserId": self.owner} if kind == "ReferencedGroupId" else {}
        self.prefix_list_id = peer if kind == "PrefixListId" else None

    @property
    def identity(self):
        return self.ip_protocol, self.from_port, self.to_port, self.kind, self.peer

    def shown(self) -> dict:
        """As DescribeSecurityGroupRules shows it, which writes -1 for the ports of all traffic."""
        shown = {
            "SecurityGroupRuleId": self.id,
            "SecurityGroupRuleArn": f"arn:aws:ec2:{self.ec2_backend.region_name}:{self.owner}:security-group-rule/{self.id}",
            "GroupId": self.group_id,
            "GroupOwnerId": self.owner,
            "IsEgress": self.is_egress,
            "IpProtocol": self.ip_protocol,
            "FromPort": -1 if self.from_port is None else self.from_port,
            "ToPort": -1 if self.to_port is None else self.to_port,
            "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in self.get_tags()],
        }
        if self.kind == "ReferencedGroupId":
            shown["ReferencedGroupInfo"] = {"GroupId": self.peer, "UserId": self.owner}
        else:
            shown[self.kind] = self.peer
        if self.about is not None:
            shown["Description"] = self.about
        return shown


class Groups:
    # Groups -------------------------------------------------------------------------------------------------------

    def create_security_group(self, context, request):
        name, about = request.get("GroupName", ""), request.get("Description")
        if not about:
            raise aws_error("MissingParameter", "The request must contain the parameter GroupDescription")
        if name.startswith("sg-"):
            raise aws_error(
                "InvalidParameterValue", "Invalid value for parameter GroupName: group names may not be in the format sg-*."
            )
        for text, parameter in ((name, "groupName"), (about, "groupDescription")):
            _allowed(text, parameter)
        return self.base_call(context)

    def delete_security_group(self, context, request):
        moto = interfaces.backend(context)
        group_id = request.get("GroupId")
        if not group_id:
            found = moto.get_security_group_by_name_or_id(request.get("GroupName") or "")
            group_id = found.id if found else request.get("GroupName") or ""
        group = interfaces.group(context, group_id)
        if group.name == "default":
            raise aws_error(
                "CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted by a user'
            )
        named = any(
            rule.source_group.get("GroupId") == group_id
            for groups in moto.groups.values()
            for other in groups.values()
            if other.id != group_id
            for rule in [*other.ingress_rules, *other.egress_rules]
        )
        if named or interfaces.of_group(context, group_id):
            raise aws_error("DependencyViolation", f"resource {group_id} has a dependent object")
        moto.delete_security_group(group_id=group_id)
        return {"Return": True, "GroupId": group_id}

    def describe_security_groups(self, context, request):
        answer = self.base_call(context)
        for shown in answer["SecurityGroups"]:
            group = interfaces.group(context, shown["GroupId"])
            shown["IpPermissions"] = _permissions(_rules(context, group, egress=False))
            shown["IpPermissionsEgress"] = _permissions(_rules(context, group, egress=True))
        return answer

    # Rules --------------------------------------------------------------------------------------------------------

    def authorize_security_group_ingress(self, context, request):
        return self._authorize(context, request, egress=False)

    def authorize_security_group_egress(self, context, request):
        return self._authorize(context, request, egress=True)

    def revoke_security_group_ingress(self, context, request):
        return self._revoke(context, request, egress=False)

    def revoke_security_group_egress(self, context, request):
        return self._revoke(context, request, egress=True)

    def update_security_group_rule_descriptions_ingress(self, context, request):
        return self._redescribe(context, request, egress=False)

    def update_security_group_rule_descriptions_egress(self, context, request):
        return self._redescribe(context, request, egress=True)

    def describe_security_group_rules(self, context, request):
        moto = interfaces.backend(context)
        rules = [
            rule.shown()
            for groups in moto.groups.values()
            for group in groups.values()
            for egress in (False, True)
            for rule in _rules(context, group, egress)
        ]
        if asked := request.get("SecurityGroupRuleIds"):
            known = {rule["SecurityGroupRuleId"] for rule in rules}
            if missing := [rule_id for rule_id in asked if rule_id not in known]:
                raise aws_error(
                    "InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{missing[0]}' does not exist"
                )
            rules = [rule for rule in rules if rule["SecurityGroupRuleId"] in asked]
        for name, values in [(f["Name"], f.get("Values", [])) for f in request.get("Filters") or []]:
            rules = [rule for rule in rules if any(matches(v, has) for v in values for has in _filtered(name, rule))]
        return {"SecurityGroupRules": rules}

    def modify_security_group_rules(self, context, request):
        group = interfaces.group(context, request["GroupId"])
        rules = {r.id: r for egress in (False, True) for r in _rules(context, group, egress)}
        for change in request.get("SecurityGroupRules") or []:
            rule = rules.get(change["SecurityGroupRuleId"])
            if not rule:
                raise aws_error(
                    "InvalidSecurityGroupRuleId.NotFound",
                    f"The security group rule ID '{change['SecurityGroupRuleId']}' does not exist",
                )
            wanted = change.get("SecurityGroupRule") or {}
            kind = next((k for k in ("CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupId") if wanted.get(k)), None)
            if kind != rule.kind:
                raise aws_error("InvalidParameterValue", "The type of the source or destination of a rule cannot be changed")
            protocol, ports = _protocol(wanted)
            rule.become(protocol, ports, kind, _peer(context, group, kind, wanted[kind]), wanted.get("Description"))
        return {"Return": True}

    def _authorize(self, context, request, egress: bool):
        group = _named_group(context, request)
        tags = tags_from(request, "security-group-rule")
        held = group.egress_rules if egress else group.ingress_rules
        known = {rule.identity for rule in _rules(context, group, egress)}
        added = []
        for protocol, ports, kind, peer, about in _asked(context, group, request):
            identity = (protocol, *ports, kind, peer)
            if identity in known:
                raise aws_error(
                    "InvalidPermission.Duplicate",
                    f'the specified rule "peer: {peer}, {protocol.upper()}, from port: {ports[0]}, to port: {ports[1]}, '
                    'ALLOW" already exists',
                )
            known.add(identity)
            added.append(Rule(context, group.id, egress, protocol, ports, kind, peer, about, tags))
        if len(known) > 60:
            raise aws_error(
                "RulesPerSecurityGroupLimitExceeded",
                "The maximum number of rules per security group has been reached.",
            )
        held.extend(added)
        return {"Return": True, "SecurityGroupRules": [rule.shown() for rule in added]}

    def _revoke(self, context, request, egress: bool):
        group = _named_group(context, request)
        rules = _rules(context, group, egress)
        if ids := request.get("SecurityGroupRuleIds"):
            by_id = {rule.id: rule for rule in rules}
            if missing := [rule_id for rule_id in ids if rule_id not in by_id]:
                raise aws_error(
                    "InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{missing[0]}' does not exist"
                )
            going = [by_id[rule_id] for rule_id in ids]
        else:
            by_identity = {rule.identity: rule for rule in rules}
            going = []
            for protocol, ports, kind, peer, _ in _asked(context, group, request, exists=False):
                rule = by_identity.get((protocol, *ports, kind, peer))
                if not rule:
                    raise aws_error(
                        "InvalidPermission.NotFound", "The specified rule does not exist in this security group."
                    )
                going.append(rule)
        gone = {rule.id for rule in going}
        rules[:] = [rule for rule in rules if rule.id not in gone]
        revoked = []
        for rule in going:
            shown = rule.shown()
            shown["ReferencedGroupId"] = shown.pop("ReferencedGroupInfo", {}).get("GroupId")
            revoked.append({key: value for key, value in shown.items() if value is not None})
        return {"Return": True, "RevokedSecurityGroupRules": revoked}

    def _redescribe(self, context, request, egress: bool):
        group = _named_group(context, request)
        rules = _rules(context, group, egress)
        by_identity, by_id = {r.identity: r for r in rules}, {r.id: r for r in rules}
        changes = [
            (by_identity.get((protocol, *ports, kind, peer)), about)
            for protocol, ports, kind, peer, about in _asked(context, group, request, exists=False)
        ]
        for change in request.get("SecurityGroupRuleDescriptions") or []:
            changes.append((by_id.get(change["SecurityGroupRuleId"]), change.get("Description")))
        for rule, about in changes:
            if not rule:
                raise aws_error("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
            rule.about = about or None
        return {"Return": True}


def _allowed(text: str, parameter: str) -> None:
    if not ALLOWED.fullmatch(text):
        raise aws_error(
            "InvalidParameterValue",
            f"Value ({text}) for parameter {parameter} is invalid. Character sets beyond ASCII are not supported."
            if not text.isascii()
            else f"Invalid value '{text}' for {parameter}. Must be less than 256 characters from the following set: "
            "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
        )


def _named_group(context, request):
    if request.get("GroupId"):
        return interfaces.group(context, request["GroupId"])
    found = interfaces.backend(context).get_security_group_by_name_or_id(request.get("GroupName") or "")
    if not found:
        raise aws_error("InvalidGroup.NotFound", f"The security group '{request.get('GroupName')}' does not exist")
    return found


def _rules(context, group, egress: bool) -> list[Rule]:
    """The group's own list of rules; those that moto made with the group become ours."""
    rules = group.egress_rules if egress else group.ingress_rules
    for place, rule in enumerate(rules):
        if not isinstance(rule, Rule):
            kind = "CidrIpv4" if rule.cidr_ipv4 else "CidrIpv6"
            ports = (rule.from_port, rule.to_port)
            rules[place] = Rule(
                context, group.id, egress, rule.ip_protocol, ports, kind, rule.cidr_ipv4 or rule.cidr_ipv6, rule.description
            )
    return rules


def _asked(context, group, request, exists: bool = True):
    """(protocol, (from, to), kind of peer, peer, description) for every rule of a request."""
    permissions = list(request.get("IpPermissions") or [])
    if request.get("CidrIp"):
        permissions.append({**request, "IpRanges": [{"CidrIp": request["CidrIp"]}]})
    if request.get("SourceSecurityGroupName"):
        permissions.append({**request, "UserIdGroupPairs": [{"GroupName": request["SourceSecurityGroupName"]}]})
    for permission in permissions:
        protocol, ports = _protocol(permission)
        peers = (
            [("CidrIpv4", r.get("CidrIp"), r) for r in permission.get("IpRanges") or []]
            + [("CidrIpv6", r.get("CidrIpv6"), r) for r in permission.get("Ipv6Ranges") or []]
            + [("PrefixListId", r.get("PrefixListId"), r) for r in permission.get("PrefixListIds") or []]
            + [("ReferencedGroupId", p.get("GroupId") or p.get("GroupName"), p) for p in permission.get("UserIdGroupPairs") or []]
        )
        for kind, peer, range_ in peers:
            about = range_.get("Description") or None
            _allowed(about or "", "description")
            yield protocol, ports, kind, _peer(context, group, kind, peer, exists), about


def _protocol(permission) -> tuple[str, tuple[int | None, int | None]]:
    if not permission.get("IpProtocol"):
        raise aws_error("MissingParameter", "The request must contain the parameter IpProtocol")
    protocol = PROTOCOLS.get(permission["IpProtocol"].lower(), permission["IpProtocol"].lower())
    if protocol == "-1":
        return protocol, (None, None)
    first, last = permission.get("FromPort"), permission.get("ToPort")
    if protocol in ("tcp", "udp"):
        if first is None or last is None:
            raise aws_error("InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
        if not (0 <= first <= 65535 and 0 <= last <= 65535):
            raise aws_error("InvalidParameterValue", f"TCP/UDP port ({first if not 0 <= first <= 65535 else last}) out of range")
        if first > last:
            raise aws_error("InvalidParameterValue", f"Invalid TCP/UDP port range ({first}:{last})")
    return protocol, (first, last)


def _peer(context, group, kind: str, peer: str | None, exists: bool = True) -> str:
    if kind == "ReferencedGroupId":
        moto = interfaces.backend(context)
        found = moto.get_security_group_by_name_or_id(peer or "", group.vpc_id)
        if not found and exists:
            raise aws_error("InvalidGroup.NotFound", f"The security group '{peer}' does not exist")
        return found.id if found else peer
    if kind == "PrefixListId":
        if exists and peer not in interfaces.backend(context).managed_prefix_lists:
            raise aws_error("InvalidPrefixListID.NotFound", f"The prefix list ID '{peer}' does not exist")
        return peer
    try:
        network = ipaddress.ip_network(peer, strict=False)
        if (network.version == 6) != (kind == "CidrIpv6"):
            raise ValueError
    except ValueError:
        raise aws_error("InvalidParameterValue", f"CIDR block {peer} is malformed") from None
    return str(network)


def _permissions(rules: list[Rule]) -> list[dict]:
    """Rules as DescribeSecurityGroups shows them: one entry per protocol and ports, the peers inside."""
    entries: dict[tuple, dict] = {}
    for rule in rules:
        key = (rule.ip_protocol, rule.from_port, rule.to_port)
        entry = entries.setdefault(
            key, {"IpProtocol": rule.ip_protocol, "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}
        )
        if rule.from_port is not None:
            entry["FromPort"], entry["ToPort"] = rule.from_port, rule.to_port
        about = {} if rule.about is None else {"Description": rule.about}
        match rule.kind:
            case "CidrIpv4":
                entry["IpRanges"].append({"CidrIp": rule.peer} | about)
            case "CidrIpv6":
                entry["Ipv6Ranges"].append({"CidrIpv6": rule.peer} | about)
            case "PrefixListId":
                entry["PrefixListIds"].append({"PrefixListId": rule.peer} | about)
            case "ReferencedGroupId":
                entry["UserIdGroupPairs"].append({"GroupId": rule.peer, "UserId": rule.owner} | about)
    return list(entries.values())


def _filtered(name: str, rule: dict) -> list[str]:
    tags = {tag["Key"]: tag["Value"] for tag in rule["Tags"]}
    if name.startswith("tag:"):
        return [tags[name[4:]]] if name[4:] in tags else []
    values = {"group-id": [rule["GroupId"]], "security-group-rule-id": [rule["SecurityGroupRuleId"]], "tag-key": list(tags)}
    if name not in values:
        raise aws_error("InvalidParameterValue", f"The filter '{name}' is invalid")
    return values[name]
