"""Route tables: what AWS refuses, and routes that lead nowhere any more."""

from .. import interfaces
from ..framework import aws_error


class Routes:
    def create_route(self, context, request):
        self._target_exists(context, request)
        table = interfaces.backend(context).get_route_table(request["RouteTableId"])
        destination = next(
            (request[k] for k in ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId") if request.get(k)),
            None,
        )
        taken = {
            where
            for route in table.routes.values()
            for where in (
                route.destination_cidr_block,
                route.destination_ipv6_cidr_block,
                route.destination_prefix_list and route.destination_prefix_list.id,
            )
        }
        if destination in taken:
            raise aws_error("RouteAlreadyExists", f"The route identified by {destination} already exists.")
        return self.base_call(context)

    def replace_route(self, context, request):
        self._target_exists(context, request)
        return self.base_call(context)

    def _target_exists(self, context, request):
        moto = interfaces.backend(context)
        table = moto.get_route_table(request["RouteTableId"])
        if nat := request.get("NatGatewayId"):
            found = moto.nat_gateways.get(nat)
            if not found or found.state in ("deleting", "deleted", "failed"):
                raise aws_error("InvalidNatGatewayID.NotFound", f"The natGateway ID '{nat}' does not exist")
        gateway = request.get("GatewayId") or ""
        if gateway.startswith("igw-"):
            found = moto.get_internet_gateway(gateway)
            if not found.vpc or found.vpc.id != table.vpc_id:
                raise aws_error(
                    "InvalidParameterValue",
                    f"route table {table.id} and network gateway {gateway} belong to different networks",
                )

    def delete_route_table(self, context, request):
        table = interfaces.backend(context).get_route_table(request["RouteTableId"])
        if table.main_association_id or table.associations:
            raise aws_error(
                "DependencyViolation", f"The routeTable '{table.id}' has dependencies and cannot be deleted."
            )
        answer = self.base_call(context)
        for endpoint in interfaces.backend(context).vpc_end_points.values():
            endpoint.route_table_ids = [t for t in endpoint.route_table_ids or [] if t != table.id]
        return answer

    def associate_route_table(self, context, request):
        table = interfaces.backend(context).get_route_table(request["RouteTableId"])
        target = request.get("SubnetId") or request.get("GatewayId")
        if request.get("SubnetId") and interfaces.subnet(context, target).vpc_id != table.vpc_id:
            raise aws_error(
                "InvalidParameterValue", f"Route table {table.id} and subnet {target} belong to different networks"
            )
        for other in interfaces.backend(context).route_tables.values():
            if other.id != table.id and target in other.associations.values():
                raise aws_error(
                    "Resource.AlreadyAssociated",
                    f"the specified association for route table {table.id} conflicts with an existing association",
                )
        return self.base_call(context) | {"AssociationState": {"State": "associated"}}

    def describe_route_tables(self, context, request):
        answer = self.base_call(context)
        moto = interfaces.backend(context)
        for table in answer["RouteTables"]:
            for association in table.get("Associations", []):
                association.setdefault("AssociationState", {"State": "associated"})
            table.setdefault("PropagatingVgws", [])
            for route in table["Routes"]:
                if not _leads_somewhere(moto, table["VpcId"], route):
                    route["State"] = "blackhole"
        return answer


def _leads_somewhere(moto, vpc_id: str, route: dict) -> bool:
    if nat := route.get("NatGatewayId"):
        return nat in moto.nat_gateways and moto.nat_gateways[nat].state in ("pending", "available")
    gateway = route.get("GatewayId", "")
    if gateway.startswith("igw-"):
        found = moto.internet_gateways.get(gateway)
        return bool(found and found.vpc and found.vpc.id == vpc_id)
    return True
