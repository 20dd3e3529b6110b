"""NAT gateways: pending, available, deleting, deleted, with the interface and the elastic address they hold meanwhile."""

from moto.ec2.models.nat_gateways import NatGateway

from .. import interfaces
from ..framework import aws_error, matches, tags_from

#: How long AWS goes on showing a NAT gateway that is no more.
SHOWN_SECONDS = 3600


class NatGateways:
    def create_nat_gateway(self, context, request):
        moto = interfaces.backend(context)
        subnet = interfaces.subnet(context, request["SubnetId"])
        public = request.get("ConnectivityType", "public") == "public"
        address = None
        if public:
            if not request.get("AllocationId"):
                raise aws_error("MissingParameter", "The request must contain the parameter AllocationId")
            address = moto.address_by_allocation([request["AllocationId"]])[0]
        elif request.get("AllocationId"):
            raise aws_error("InvalidParameter", "AllocationId cannot be specified for a private NAT gateway")

        gateway = _gateway(context, subnet, "public" if public else "private")
        moto.nat_gateways[gateway.id] = gateway
        gateway.add_tags({tag["Key"]: tag["Value"] for tag in tags_from(request, "natgateway")})

        failure = self._failure(moto, subnet, address)
        if failure:
            gateway.address_set = [{"AllocationId": address.allocation_id, "IsPrimary": True, "Status": "failed"}]
            gateway.failed_with = failure
            self.settle(context, vars(gateway), "state", "pending", "failed")
            self.after(context, lambda: moto.nat_gateways.pop(gateway.id, None), SHOWN_SECONDS)
            return {"NatGateway": self._shown(gateway), "ClientToken": request.get("ClientToken")}

        gateway.eni_id = interfaces.hold(
            context, subnet.id, [], f"Interface for NAT Gateway {gateway.id}", owner="amazon-aws", interface_type="nat_gateway"
        )
        eni = moto.enis[gateway.eni_id]
        held = {"NetworkInterfaceId": eni.id, "PrivateIp": eni.private_ip_address, "IsPrimary": True, "Status": "succeeded"}
        if address:
            moto.associate_address(eni=eni, allocation_id=address.allocation_id)
            held |= {
                "AllocationId": address.allocation_id,
                "AssociationId": address.association_id,
                "PublicIp": address.public_ip,
            }
        gateway.address_set = [held]
        self.settle(context, vars(gateway), "state", "pending", "available")
        return {"NatGateway": self._shown(gateway), "ClientToken": request.get("ClientToken")}

    @staticmethod
    def _failure(moto, subnet, address) -> tuple[str, str] | None:
        """What AWS finds out only after it has accepted the request; the gateway then ends as `failed`."""
        if not address:
            return None
        if address.eni or address.instance:
            return (
                "Resource.AlreadyAssociated",
                f"Elastic IP address [{address.allocation_id}] is already associated",
            )
        if not any(g.vpc and g.vpc.id == subnet.vpc_id for g in moto.internet_gateways.values()):
            return "Gateway.NotAttached", f"Network {subnet.vpc_id} has no Internet gateway attached"
        return None

    def delete_nat_gateway(self, context, request):
        moto, gateway_id = interfaces.backend(context), request["NatGatewayId"]
        gateway = moto.nat_gateways.get(gateway_id)
        if not gateway:
            raise aws_error("NatGatewayNotFound", f"The Nat Gateway {gateway_id} was not found")
        if gateway.state in ("pending", "available", "failed"):
            gateway.deleted_at = self.now(context)

            def gone():
                if gateway.eni_id:
                    interfaces.release(context, gateway.eni_id)
                self.after(context, lambda: moto.nat_gateways.pop(gateway_id, None), SHOWN_SECONDS)

            self.settle(context, vars(gateway), "state", "deleting", "deleted", then=gone)
        return {"NatGatewayId": gateway_id}

    def describe_nat_gateways(self, context, request):
        known = interfaces.backend(context).nat_gateways
        for gateway_id in request.get("NatGatewayIds") or []:
            if gateway_id not in known:
                raise aws_error("NatGatewayNotFound", f"NatGateway {gateway_id} was not found")
        asked = request.get("NatGatewayIds") or list(known)
        shown = [self._shown(known[gateway_id]) for gateway_id in asked]
        for name, values in [(f["Name"], f.get("Values", [])) for f in request.get("Filter") or []]:
            shown = [g for g in shown if any(matches(v, has) for v in values for has in _filtered(name, g))]
        return {"NatGateways": shown}

    @staticmethod
    def _shown(gateway) -> dict:
        shown = {
            "NatGatewayId": gateway.id,
            "SubnetId": gateway.subnet_id,
            "VpcId": gateway.vpc_id,
            "State": gateway.state,
            "ConnectivityType": gateway.connectivity_type,
            "CreateTime": gateway._created_at,
            "NatGatewayAddresses": gateway.address_set,
            "Tags": [{"Key": tag["key"], "Value": tag["value"]} for tag in gateway.get_tags()],
        }
        if gateway.deleted_at:
            shown["DeleteTime"] = gateway.deleted_at
        if gateway.state == "failed":
            shown["FailureCode"], shown["FailureMessage"] = gateway.failed_with
        return shown


def _gateway(context, subnet, connectivity: str):
    """moto's gateway, made without its constructor, which takes an interface and an address at once and for good."""
    from moto.core.utils import utcnow
    from moto.ec2.utils import random_nat_gateway_id

    gateway = NatGateway.__new__(NatGateway)
    gateway.id = random_nat_gateway_id()
    gateway.subnet_id, gateway.vpc_id = subnet.id, subnet.vpc_id
    gateway.connectivity_type = connectivity
    gateway.ec2_backend = interfaces.backend(context)
    gateway._created_at = utcnow()
    gateway.address_set, gateway.eni_id, gateway.failed_with, gateway.deleted_at = [], None, None, None
    return gateway


def _filtered(name: str, gateway: dict) -> list[str]:
    tags = {tag["Key"]: tag["Value"] for tag in gateway["Tags"]}
    if name.startswith("tag:"):
        return [tags[name[4:]]] if name[4:] in tags else []
    values = {
        "nat-gateway-id": [gateway["NatGatewayId"]],
        "state": [gateway["State"]],
        "subnet-id": [gateway["SubnetId"]],
        "vpc-id": [gateway["VpcId"]],
        "tag-key": list(tags),
    }
    if name not in values:
        raise aws_error("InvalidParameterValue", f"The filter '{name}' is invalid")
    return values[name]
