"""Load balancers: provisioning, active, and gone; their subnets and groups are held by interfaces a while longer."""

import ipaddress
import random
import re

from .. import interfaces
from ..framework import ServiceException, aws_error
from . import attributes

#: Hosted zones of the load balancers' own DNS names, by region (AWS General Reference, ELB endpoints).
ZONES = {
    "us-east-1": "Z35SXDOTRQ7X7K",
    "us-east-2": "Z3AADJGX6KTTL2",
    "us-west-1": "Z368ELLRRE2KJ0",
    "us-west-2": "Z1H1FL5HABSF5",
    "eu-west-1": "Z32O12XQLNTSW2",
    "eu-west-2": "ZHURV8PSTC4K8",
    "eu-west-3": "Z3Q77PNBQS71R4",
    "eu-central-1": "Z215JYRZR1TBD5",
    "eu-north-1": "Z23TAZ6LKFMNIO",
    "ap-southeast-1": "Z1LMS91P8CMLE5",
    "ap-southeast-2": "Z1GM3OXH4ZPM65",
    "ap-northeast-1": "Z14GRHDCWA56QT",
}


class LoadBalancers:
    def create_load_balancer(self, context, request):
        name, kind = request["Name"], request.get("Type") or "application"
        _check_name(name)
        scheme = request.get("Scheme") or "internet-facing"
        if scheme not in ("internet-facing", "internal"):
            raise aws_error("ValidationError", f"'{scheme}' is not a valid scheme")
        subnets = self._subnets(context, request, kind, scheme)
        groups = self._groups(context, request.get("SecurityGroups"), kind, subnets[0].vpc_id)
        settings = (kind, scheme, request.get("IpAddressType") or "ipv4", {s.id for s in subnets}, set(groups))
        for other in self.state(context).load_balancers.values():
            if other["LoadBalancerName"] == name:
                tags = {tag["Key"]: tag.get("Value", "") for tag in request.get("Tags") or []}
                if settings == _settings(other) and tags == self.state(context).tags.get(other["LoadBalancerArn"], {}):
                    return {"LoadBalancers": [_shown(other)]}  # the same request again makes nothing new
                raise self.error(
                    "DuplicateLoadBalancerNameException",
                    f"A load balancer with the same name '{name}' exists, but with different settings",
                )

        prefix = {"application": "app", "network": "net", "gateway": "gwy"}[kind]
        path = f"{prefix}/{name}/{random.getrandbits(64):016x}"
        arn = f"arn:aws:elasticloadbalancing:{context.region}:{context.account_id}:loadbalancer/{path}"
        host = f"{name}-{random.randrange(10**8, 10**10)}"
        balancer = {
            "LoadBalancerArn": arn,
            "DNSName": f"{'internal-' if scheme == 'internal' else ''}{host}.{context.region}.elb.amazonaws.com",
            "CanonicalHostedZoneId": ZONES.get(context.region, "Z215JYRZR1TBD5"),
            "CreatedTime": self.now(context),
            "LoadBalancerName": name,
            "Scheme": scheme,
            "VpcId": subnets[0].vpc_id,
            "Type": kind,
            "SecurityGroups": groups,
            "IpAddressType": request.get("IpAddressType") or "ipv4",
            "state": "provisioning",
            "path": path,
            "enis": {},
            "attributes": attributes.defaults(_table(kind)),
        }
        self._tag(context, arn, request.get("Tags"))
        self.state(context).load_balancers[arn] = balancer
        self._place(context, balancer, subnets)
        self.settle(context, balancer, "state", "provisioning", "active")
        return {"LoadBalancers": [_shown(balancer)]}

    def describe_load_balancers(self, context, request):
        all_ = list(self.state(context).load_balancers.values())
        found = all_
        for key, asked in (("LoadBalancerArn", request.get("LoadBalancerArns")), ("LoadBalancerName", request.get("Names"))):
            if asked:
                found = [balancer for balancer in all_ if balancer[key] in asked]
                if len(found) < len(set(asked)):
                    raise self.error("LoadBalancerNotFoundException", "One or more load balancers not found")
        page, more = self._page(found, request)
        return {"LoadBalancers": [_shown(balancer) for balancer in page]} | more

    def delete_load_balancer(self, context, request):
        state, arn = self.state(context), request["LoadBalancerArn"]
        balancer = state.load_balancers.get(arn)
        if not balancer:
            return {}  # "If the load balancer does not exist or has already been deleted, the call succeeds"
        if balancer["attributes"]["deletion_protection.enabled"] == "true":
            raise self.error(
                "OperationNotPermittedException",
                f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
            )
        for listener in [listener for listener in state.listeners.values() if listener["LoadBalancerArn"] == arn]:
            self._drop_listener(context, listener)
        del state.load_balancers[arn]
        state.tags.pop(arn, None)
        held = list(balancer["enis"].values())
        # The interfaces outlive it: subnets and groups cannot be deleted at once after it.
        self.after(context, lambda: [interfaces.release(context, eni) for eni in held])
        return {}

    def set_security_groups(self, context, request):
        balancer = self._known(context, request["LoadBalancerArn"])
        groups = self._groups(context, request.get("SecurityGroups"), balancer["Type"], balancer["VpcId"])
        balancer["SecurityGroups"] = groups
        for eni in balancer["enis"].values():
            interfaces.regroup(context, eni, groups)
        return {"SecurityGroupIds": groups}

    def set_subnets(self, context, request):
        balancer = self._known(context, request["LoadBalancerArn"])
        subnets = self._subnets(context, request, balancer["Type"], balancer["Scheme"])
        if subnets[0].vpc_id != balancer["VpcId"]:
            raise self.error("InvalidConfigurationRequestException", "The subnets must be in the load balancer's VPC")
        self._place(context, balancer, subnets)
        return {"AvailabilityZones": balancer["AvailabilityZones"], "IpAddressType": balancer["IpAddressType"]}

    def set_ip_address_type(self, context, request):
        balancer = self._known(context, request["LoadBalancerArn"])
        balancer["IpAddressType"] = request["IpAddressType"]
        return {"IpAddressType": balancer["IpAddressType"]}

    def describe_load_balancer_attributes(self, context, request):
        return {"Attributes": attributes.shown(self._known(context, request["LoadBalancerArn"])["attributes"])}

    def modify_load_balancer_attributes(self, context, request):
        balancer = self._known(context, request["LoadBalancerArn"])
        asked = request.get("Attributes") or []
        return {"Attributes": attributes.change(_table(balancer["Type"]), balancer["attributes"], asked, "Load balancer")}

    def describe_capacity_reservation(self, context, request):
        self._known(context, request["LoadBalancerArn"])
        return {"DecreaseRequestsRemaining": 2, "CapacityReservationState": []}

    # Where it lives -----------------------------------------------------------------------------------------------

    def _subnets(self, context, request, kind: str, scheme: str) -> list:
        ids = request.get("Subnets") or [m["SubnetId"] for m in request.get("SubnetMappings") or []]
        if not ids:
            raise aws_error("ValidationError", "At least one subnet must be specified")
        try:
            subnets = [interfaces.subnet(context, subnet_id) for subnet_id in dict.fromkeys(ids)]
        except ServiceException as error:
            raise self.error("SubnetNotFoundException", error.message) from error
        if len({s.vpc_id for s in subnets}) > 1:
            raise self.error("InvalidConfigurationRequestException", "The subnets must all be in the same VPC")
        zones = {s.availability_zone for s in subnets}
        if len(zones) < len(subnets):
            raise self.error(
                "InvalidConfigurationRequestException",
                "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
            )
        if kind == "application" and len(zones) < 2:
            raise aws_error("ValidationError", "At least two subnets in two different Availability Zones must be specified")
        for subnet in subnets:
            if ipaddress.ip_network(subnet.cidr_block).prefixlen > 27:
                raise self.error(
                    "InvalidSubnetException",
                    f"Not enough IP space available in {subnet.id}. ELB requires at least 8 free IP addresses in each subnet.",
                )
        gateways = interfaces.backend(context).internet_gateways.values()
        vpc_id = subnets[0].vpc_id
        if scheme == "internet-facing" and not any(g.vpc and g.vpc.id == vpc_id for g in gateways):
            raise self.error("InvalidSubnetException", f"VPC {vpc_id} has no internet gateway")
        return subnets

    def _groups(self, context, asked: list[str] | None, kind: str, vpc_id: str) -> list[str]:
        if kind != "application" and not asked:
            return []
        moto = interfaces.backend(context)
        if not asked:
            return [moto.get_security_group_from_name("default", vpc_id).id]
        for group_id in asked:
            group = moto.get_security_group_from_id(group_id)
            if not group or group.vpc_id != vpc_id:
                raise self.error("InvalidSecurityGroupException", "One or more security groups are invalid")
        return list(dict.fromkeys(asked))

    def _place(self, context, balancer: dict, subnets: list) -> None:
        """Puts an interface into each subnet and takes those out of subnets it no longer has."""
        wanted = {subnet.id: subnet for subnet in subnets}
        for subnet_id in [s for s in balancer["enis"] if s not in wanted]:
            gone = balancer["enis"].pop(subnet_id)
            self.after(context, lambda eni=gone: interfaces.release(context, eni))
        for subnet_id in wanted:
            if subnet_id not in balancer["enis"]:
                balancer["enis"][subnet_id] = interfaces.hold(
                    context, subnet_id, balancer["SecurityGroups"], f"ELB {balancer['path']}", owner="amazon-elb",
                    interface_type="network_load_balancer" if balancer["Type"] == "network" else "interface",
                    public=balancer["Scheme"] == "internet-facing",
                )  # fmt: skip
        balancer["AvailabilityZones"] = [
            {"ZoneName": subnet.availability_zone, "SubnetId": subnet.id, "LoadBalancerAddresses": []} for subnet in subnets
        ]


def _check_name(name: str) -> None:
    if len(name) > 32:
        raise aws_error("ValidationError", f"The load balancer name '{name}' cannot be longer than '32' characters")
    if not re.fullmatch(r"[A-Za-z0-9-]+", name):
        raise aws_error(
            "ValidationError",
            f"The load balancer name '{name}' can only contain characters that are alphanumeric characters and hyphens(-)",
        )
    if name.startswith("-") or name.endswith("-"):
        raise aws_error("ValidationError", f"The load balancer name '{name}' cannot begin or end with a hyphen(-)")
    if name.startswith("internal-"):
        raise aws_error("ValidationError", f"The load balancer name '{name}' cannot begin with 'internal-'")


def _table(kind: str) -> dict:
    return attributes.APPLICATION if kind == "application" else attributes.NETWORK


def _settings(balancer: dict) -> tuple:
    return (
        balancer["Type"],
        balancer["Scheme"],
        balancer["IpAddressType"],
        set(balancer["enis"]),
        set(balancer["SecurityGroups"]),
    )


def _shown(balancer: dict) -> dict:
    shown = {key: value for key, value in balancer.items() if key[0].isupper()}
    return shown | {"State": {"Code": balancer["state"]}}
