"""Network interfaces that an AWS service holds in its customer's subnets.

Load balancers, NAT gateways, databases and caches live in subnets by such interfaces. They are why a subnet or a
security group cannot be deleted while such a thing exists, nor for some time after it was deleted.

    eni = interfaces.hold(context, subnet_id, [group_id], "ELB app/web/0123456789abcdef", owner="amazon-elb")
    interfaces.release(context, eni)                    # at the end of `deleting`, usually from self.settle(…, then=…)
"""

import ipaddress

from moto.ec2.models import ec2_backends

from .framework import aws_error, new_id


def backend(context):
    return ec2_backends[context.account_id][context.region]


def subnet(context, subnet_id: str):
    """moto's subnet: `.vpc_id`, `.availability_zone`, `.cidr_block`; EC2's own error where there is none."""
    for zone in backend(context).subnets.values():
        if subnet_id in zone:
            return zone[subnet_id]
    raise aws_error("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")


def group(context, group_id: str):
    """moto's security group: `.vpc_id`, `.name`; EC2's own error where there is none."""
    found = backend(context).get_security_group_from_id(group_id)
    if not found:
        raise aws_error("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
    return found


def free_address(context, subnet_id: str) -> str:
    """The lowest address of a subnet that nobody has. AWS keeps the first four and the last for itself."""
    network = ipaddress.ip_network(subnet(context, subnet_id).cidr_block)
    taken = {
        address["PrivateIpAddress"]
        for eni in backend(context).enis.values()
        if eni.subnet.id == subnet_id
        for address in eni.private_ip_addresses
    }
    for number in range(4, network.num_addresses - 1):
        if (address := str(network[number])) not in taken:
            return address
    raise aws_error("InsufficientFreeAddressesInSubnet", f"The subnet '{subnet_id}' has no free addresses.")


def hold(
    context,
    subnet_id: str,
    group_ids: list[str],
    description: str,
    owner: str,
    interface_type: str = "interface",
    public: bool = False,
) -> str:
    """Puts an interface of a service into a subnet; its id. `public` gives it an address of the internet."""
    groups = [group(context, group_id) for group_id in group_ids]
    made = backend(context).create_network_interface(
        subnet(context, subnet_id), free_address(context, subnet_id), group_ids=group_ids, description=description
    )
    made._group_set = groups  # moto puts an interface without groups into the default one
    made.requester_managed, made.requester_id = True, owner
    made.interface_type, made.status = interface_type, "in-use"
    made.held_by = owner
    made.held_attachment = new_id("eni-attach" if interface_type == "interface" else "ela-attach")
    if public:
        made.public_ip_auto_assign = "true"
        made.check_auto_public_ip()
    return made.id


def regroup(context, eni_id: str, group_ids: list[str]) -> None:
    """Gives an interface other security groups."""
    backend(context).enis[eni_id]._group_set = [group(context, group_id) for group_id in group_ids]


def release(context, eni_id: str) -> None:
    """Lets go of an interface and of the elastic address it carries."""
    found = backend(context).enis.pop(eni_id, None)
    if found:
        for address in backend(context).addresses:
            if address.eni is found:
                address.eni = address.instance = address.association_id = None


def of_subnet(context, subnet_id: str) -> list:
    return [eni for eni in backend(context).enis.values() if eni.subnet.id == subnet_id]


def of_group(context, group_id: str) -> list:
    return [eni for eni in backend(context).enis.values() if group_id in {g.id for g in eni.group_set}]


def of_vpc(context, vpc_id: str) -> list:
    return [eni for eni in backend(context).enis.values() if eni.subnet.vpc_id == vpc_id]
