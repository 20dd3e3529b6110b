"""EC2: LocalStack's own, made as strict as AWS and given its states.

One file a part: network (VPC, subnets, gateways, addresses), routes, groups, nat, endpoints, templates, instances, with
launches (what a client asks for) and releases (what some of them do).
The parts are mixins of one provider over moto's models, so that whatever of EC2 is not here goes on working.
"""

import copy
from dataclasses import dataclass, field

from localstack.services.ec2.provider import Ec2Provider

from .. import framework
from .endpoints import Endpoints
from .groups import Groups
from .instances import Instances
from .nat import NatGateways
from .network import Network
from .routes import Routes
from .templates import Templates


@dataclass
class State:
    #: (operation, ClientToken) -> the request it came with and the answer it got
    tokens: dict[tuple[str, str], tuple[dict, dict]] = field(default_factory=dict)


class Provider(Network, Routes, Groups, NatGateways, Endpoints, Templates, Instances, framework.Provider):
    service = "ec2"
    base = Ec2Provider()
    state_class = State

    def _before(self, context, request):
        if request.get("DryRun"):
            # AWS answers a dry run by an error in every case; permissions are all it would have checked before.
            raise framework.aws_error(
                "DryRunOperation", "Request would have succeeded, but DryRun flag is set.", status=412
            )
        return self._replayed(context, request)

    def _replayed(self, context, request):
        """A create call that repeats a ClientToken gets the answer of the first."""
        token = (context.operation.name, request.get("ClientToken"))
        if not token[1] or token not in self.state(context).tokens:
            return None
        first, answer = self.state(context).tokens[token]
        if first != request:
            raise framework.aws_error(
                "IdempotentParameterMismatch",
                f"The token {token[1]} was already used with different parameters.",
            )
        return answer

    def _invoke(self, context, request):
        asked = copy.deepcopy(request)
        with framework.account(context.account_id).lock:  # two equal requests at once must not both be the first
            answer = super()._invoke(context, request)
            if request.get("ClientToken") and isinstance(answer, dict):
                self.state(context).tokens[context.operation.name, request["ClientToken"]] = (asked, answer)
            return answer
