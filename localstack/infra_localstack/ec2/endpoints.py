"""VPC endpoints of the gateway kind (S3): their routes come and go with them and with their route tables.

Endpoints of the interface kind are left to moto, which gives them their interfaces.
"""

import json

from moto.ec2.exceptions import InvalidVpcEndPointIdError

from .. import interfaces
from ..framework import aws_error


def _gateway(endpoint) -> bool:
    return (endpoint.vpc_endpoint_type or "Gateway").lower() == "gateway"


class Endpoints:
    def create_vpc_endpoint(self, context, request):
        moto = interfaces.backend(context)
        tables = request.get("RouteTableIds") or []
        for table in tables:
            if moto.get_route_table(table).vpc_id != request["VpcId"]:
                raise aws_error("InvalidRouteTableId.NotFound", f"The routeTable ID '{table}' does not exist in this VPC")
        kind = request.get("VpcEndpointType") or "Gateway"
        if kind == "Gateway":
            self._service_exists(context, moto, request["ServiceName"])
            for endpoint in moto.vpc_end_points.values():
                shared = set(tables) & set(endpoint.route_table_ids or [])
                if _gateway(endpoint) and endpoint.service_name == request["ServiceName"] and shared:
                    raise aws_error(
                        "RouteAlreadyExists",
                        f"route table {sorted(shared)[0]} already has a route with destination-prefix-list-id "
                        f"{endpoint.destination_prefix_list_id}",
                    )
        made = self.base_call(context, request | {"VpcEndpointType": kind})
        endpoint = moto.vpc_end_points[made["VpcEndpoint"]["VpcEndpointId"]]
        # moto shares the list with the request and leaves out the policy that allows everything.
        endpoint.route_table_ids = list(tables)
        endpoint.policy_document = endpoint.policy_document or json.dumps(EVERYTHING)
        if kind != "Gateway":
            self.settle(context, vars(endpoint), "state", "pending", "available")
        return {"VpcEndpoint": self._endpoint(context, endpoint.id)}

    @staticmethod
    def _service_exists(context, moto, name: str) -> None:
        known = {f"com.amazonaws.{context.region}.{service}" for service in ("s3", "dynamodb")}
        if name not in known:
            raise aws_error("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist")

    def modify_vpc_endpoint(self, context, request):
        moto, endpoint_id = interfaces.backend(context), request["VpcEndpointId"]
        endpoint = moto.vpc_end_points.get(endpoint_id)
        if not endpoint:
            raise InvalidVpcEndPointIdError(endpoint_id)
        add, remove = request.get("AddRouteTableIds") or [], request.get("RemoveRouteTableIds") or []
        if _gateway(endpoint):
            for table in add:
                moto.get_route_table(table)
                if table not in endpoint.route_table_ids:
                    moto.create_route(
                        table, None, gateway_id=endpoint_id, destination_prefix_list_id=endpoint.destination_prefix_list_id
                    )
            for table in remove:
                self._unroute(moto, table, endpoint)
        if request.get("ResetPolicy"):
            endpoint.policy_document = json.dumps(EVERYTHING)
        answer = self.base_call(context)
        endpoint.route_table_ids = list(dict.fromkeys(endpoint.route_table_ids or []))
        return answer

    def delete_vpc_endpoints(self, context, request):
        moto = interfaces.backend(context)
        unsuccessful = []
        for endpoint_id in request.get("VpcEndpointIds") or []:
            endpoint = moto.vpc_end_points.get(endpoint_id)
            if not endpoint:
                unsuccessful.append(
                    {
                        "ResourceId": endpoint_id,
                        "Error": {
                            "Code": "InvalidVpcEndpoint.NotFound",
                            "Message": f"The Vpc Endpoint Id '{endpoint_id}' does not exist",
                        },
                    }
                )
            elif endpoint.state != "deleting":
                self._delete(context, moto, endpoint)
        return {"Unsuccessful": unsuccessful}

    def _delete(self, context, moto, endpoint):
        for table in endpoint.route_table_ids or []:
            self._unroute(moto, table, endpoint)

        def gone():
            for eni in endpoint.network_interface_ids or []:
                moto.enis.pop(eni, None)
            moto.vpc_end_points.pop(endpoint.id, None)

        self.settle(context, vars(endpoint), "state", "deleting", "deleted", then=gone)

    @staticmethod
    def _unroute(moto, table_id: str, endpoint) -> None:
        table = moto.route_tables.get(table_id)
        if table:
            table.routes = {
                route_id: route
                for route_id, route in table.routes.items()
                if not (route.gateway and route.gateway.id == endpoint.id)
            }

    def _endpoint(self, context, endpoint_id: str) -> dict:
        return self.call(context, "ec2", "DescribeVpcEndpoints", {"VpcEndpointIds": [endpoint_id]})["VpcEndpoints"][0]

    def describe_vpc_endpoints(self, context, request):
        answer = self.base_call(context)
        known = interfaces.backend(context).vpc_end_points
        for shown in answer["VpcEndpoints"]:
            endpoint = known[shown["VpcEndpointId"]]
            # LocalStack drops the policy's version, which AWS keeps.
            shown["PolicyDocument"] = endpoint.policy_document
            shown["State"] = endpoint.state
            shown.setdefault("OwnerId", context.account_id)
        return answer


#: The policy of an endpoint made without one.
EVERYTHING = {
    "Version": "2008-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}
