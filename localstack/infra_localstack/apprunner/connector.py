"""VPC connectors: network interfaces in the subnets, with the security groups, for as long as the connector exists."""

from .. import interfaces
from ..framework import ServiceException
from .revisions import Revision
from .source import invalid


def settings(context, request: dict) -> dict:
    """Subnets and groups that exist, all of one VPC; the VPC's default group if none is named."""
    try:
        subnets = [interfaces.subnet(context, subnet) for subnet in request["Subnets"]]
        backend = interfaces.backend(context)
        groups = request.get("SecurityGroups") or [backend.get_default_security_group(subnets[0].vpc_id).id]
        found = [interfaces.group(context, group) for group in groups]
    except ServiceException as error:
        raise invalid(str(error)) from None
    if len({it.vpc_id for it in [*subnets, *found]}) != 1:
        raise invalid("The subnets and security groups of a VPC connector must be in one VPC.")
    return {"Subnets": request["Subnets"], "SecurityGroups": groups}


def attach(context, connector: Revision) -> None:
    for subnet in connector.settings["Subnets"]:
        interface = interfaces.hold(
            context,
            subnet,
            connector.settings["SecurityGroups"],
            f"AWS App Runner ENI for {connector.arn}",
            owner="apprunner",
        )
        interfaces.backend(context).enis[interface].add_tags({"AWSAppRunnerManaged": "true"})
        connector.interfaces.append(interface)


def detach(context, connector: Revision) -> None:
    while connector.interfaces:
        interfaces.release(context, connector.interfaces.pop())


def describe(connector: Revision) -> dict:
    return {
        "VpcConnectorName": connector.name,
        "VpcConnectorArn": connector.arn,
        "VpcConnectorRevision": connector.number,
        **connector.settings,
        "Status": connector.status,
        "CreatedAt": connector.created,
        **({"DeletedAt": connector.deleted} if connector.deleted else {}),
    }
