"""VPCs, subnets, internet gateways, elastic addresses and network interfaces: nothing in use can be taken away.

Codes and rules: EC2 API reference, "Error codes", and the pages of the operations.
"""

import ipaddress

from .. import interfaces
from ..framework import aws_error


def in_use(message: str):
    return aws_error("DependencyViolation", message)


class Network:
    # VPC ----------------------------------------------------------------------------------------------------------

    def delete_vpc(self, context, request):
        vpc_id, moto = request["VpcId"], interfaces.backend(context)
        moto.get_vpc(vpc_id)
        left = (
            interfaces.of_vpc(context, vpc_id)
            or [s for zone in moto.subnets.values() for s in zone.values() if s.vpc_id == vpc_id]
            or [g for g in moto.internet_gateways.values() if g.vpc and g.vpc.id == vpc_id]
            or [g for g in moto.groups.get(vpc_id, {}).values() if g.name != "default"]
            or [t for t in moto.route_tables.values() if t.vpc_id == vpc_id and not t.main_association_id]
            or [e for e in moto.vpc_end_points.values() if e.vpc_id == vpc_id]
            or [a for a in moto.network_acls.values() if a.vpc_id == vpc_id and str(a.default).lower() != "true"]
        )
        if left:
            raise in_use(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        for acl in [a for a in moto.network_acls.values() if a.vpc_id == vpc_id]:
            del moto.network_acls[acl.id]
        return self.base_call(context)

    # Subnets ------------------------------------------------------------------------------------------------------

    def create_subnet(self, context, request):
        # moto files a subnet under the zone's name, which it does not look up for an id nor choose by region.
        zones = interfaces.backend(context).describe_availability_zones()
        request = dict(request)
        if zone_id := request.pop("AvailabilityZoneId", None):
            request["AvailabilityZone"] = next((z.name for z in zones if z.zone_id == zone_id), zone_id)
        request.setdefault("AvailabilityZone", zones[0].name)
        if request["AvailabilityZone"] not in {z.name for z in zones}:
            raise aws_error(
                "InvalidParameterValue",
                f"Value ({request['AvailabilityZone']}) for parameter availabilityZone is invalid. "
                f"Subnets can currently only be created in the following availability zones: "
                f"{', '.join(z.name for z in zones)}.",
            )
        if cidr := request.get("CidrBlock"):
            try:
                network = ipaddress.ip_network(cidr, strict=False)
            except ValueError:
                raise aws_error(
                    "InvalidParameterValue", f"Value ({cidr}) for parameter cidrBlock is invalid. This is not a valid CIDR block."
                ) from None
            if not 16 <= network.prefixlen <= 28:
                raise aws_error("InvalidSubnet.Range", f"The CIDR '{cidr}' is invalid.")
            request["CidrBlock"] = str(network)
        made = self.base_call(context, request)
        # moto takes the first subnet of a zone for the default one, which only CreateDefaultSubnet makes.
        subnet = interfaces.subnet(context, made["Subnet"]["SubnetId"])
        subnet.default_for_az = subnet.map_public_ip_on_launch = False
        made["Subnet"] |= {"DefaultForAz": False, "MapPublicIpOnLaunch": False}
        return made

    def delete_subnet(self, context, request):
        subnet_id, moto = request["SubnetId"], interfaces.backend(context)
        interfaces.subnet(context, subnet_id)
        if interfaces.of_subnet(context, subnet_id):
            raise in_use(f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
        answer = self.base_call(context)
        for table in moto.route_tables.values():  # its associations go with it
            for association in [a for a, target in table.associations.items() if target == subnet_id]:
                del table.associations[association]
        return answer

    # Internet gateways --------------------------------------------------------------------------------------------

    def attach_internet_gateway(self, context, request):
        vpc_id = request["VpcId"]
        for other in interfaces.backend(context).internet_gateways.values():
            if other.vpc and other.vpc.id == vpc_id and other.id != request["InternetGatewayId"]:
                raise aws_error(
                    "InvalidParameterValue", f"Network {vpc_id} already has an internet gateway attached"
                )
        return self.base_call(context)

    def detach_internet_gateway(self, context, request):
        vpc_id = request["VpcId"]
        gateway = interfaces.backend(context).get_internet_gateway(request["InternetGatewayId"])
        if gateway.vpc and gateway.vpc.id == vpc_id and any(e.public_ip for e in interfaces.of_vpc(context, vpc_id)):
            raise in_use(
                f"Network {vpc_id} has some mapped public address(es). "
                "Please unmap those public address(es) before detaching the gateway."
            )
        return self.base_call(context)

    def delete_internet_gateway(self, context, request):
        gateway = interfaces.backend(context).get_internet_gateway(request["InternetGatewayId"])
        if gateway.vpc:
            raise in_use(f"The internetGateway '{gateway.id}' has dependencies and cannot be deleted.")
        return self.base_call(context)

    # Elastic addresses --------------------------------------------------------------------------------------------

    def release_address(self, context, request):
        address = self._address(context, request)
        if address.association_id or address.eni or address.instance:
            raise aws_error("InvalidIPAddress.InUse", f"Address {address.public_ip} is in use.")
        return self.base_call(context)

    def disassociate_address(self, context, request):
        address = self._address(context, request)
        if address.eni and address.eni.requester_managed:
            # The address of a NAT gateway can only be had back by deleting the gateway.
            raise aws_error("AuthFailure", "You do not have permission to access the specified resource.")
        return self.base_call(context)

    def allocate_address(self, context, request):
        made = self.base_call(context)
        return made | {"NetworkBorderGroup": context.region, "PublicIpv4Pool": "amazon"}

    def describe_addresses(self, context, request):
        answer = self.base_call(context)
        for address in answer["Addresses"]:
            address |= {"NetworkBorderGroup": context.region, "PublicIpv4Pool": "amazon"}
            for key in ("InstanceId", "NetworkInterfaceId"):
                if not address.get(key):
                    address.pop(key, None)
        return answer

    @staticmethod
    def _address(context, request):
        moto = interfaces.backend(context)
        if request.get("AllocationId"):
            return moto.address_by_allocation([request["AllocationId"]])[0]
        if request.get("AssociationId"):
            return moto.address_by_association([request["AssociationId"]])[0]
        if request.get("PublicIp"):
            return moto.address_by_ip([request["PublicIp"]])[0]
        raise aws_error("MissingParameter", "Either 'AllocationId' or 'PublicIp' must be provided.")

    # Network interfaces -------------------------------------------------------------------------------------------

    def create_network_interface(self, context, request):
        vpc_id = interfaces.subnet(context, request["SubnetId"]).vpc_id
        for group_id in request.get("Groups") or []:
            if interfaces.group(context, group_id).vpc_id != vpc_id:
                raise aws_error(
                    "InvalidGroup.NotFound", f"The security group '{group_id}' does not exist in VPC '{vpc_id}'"
                )
        return self.base_call(context)

    def delete_network_interface(self, context, request):
        eni = interfaces.backend(context).get_network_interface(request["NetworkInterfaceId"])
        if getattr(eni, "held_by", None) or eni.attachment_id:
            raise aws_error("InvalidParameterValue", f"Network interface '{eni.id}' is currently in use.")
        return self.base_call(context)

    def describe_network_interfaces(self, context, request):
        answer = self.base_call(context)
        enis = interfaces.backend(context).enis
        for shown in answer["NetworkInterfaces"]:
            eni = enis[shown["NetworkInterfaceId"]]
            if owner := getattr(eni, "held_by", None):
                shown["Attachment"] = {
                    "AttachmentId": eni.held_attachment,
                    "DeleteOnTermination": False,
                    "DeviceIndex": 1,
                    "InstanceOwnerId": owner,
                    "Status": "attached",
                }
                shown |= {"RequesterId": owner, "RequesterManaged": True, "Status": "in-use"}
            if shown.get("Association", {}).get("PublicIp") and "AllocationId" not in shown["Association"]:
                shown["Association"]["IpOwnerId"] = getattr(eni, "held_by", None) or "amazon"
        return answer
