"""Calls held to an IAM policy, as AWS holds the sessions of a role to the role's.

`POST /_infra/iam {"account", "session", "policies"}` binds a session token (`AWS_SESSION_TOKEN`) of the account to policies: from
then on, every call that carries the token is evaluated, and refused where the policies do not allow all that AWS would ask about
it. Calls without that token are the account's root user's, and unaffected.

What a call asks for is in `ec2.py`, `named.py` and `launching.py`: the action, the resources and the condition keys of AWS's
Service Authorization Reference. A call that stands in none of them asks for its action on `*`, which only a statement about `*`
allows; so what is missing here is refused, and noticed. `policy.py` evaluates. moto has an evaluator of its own
(`set_initial_no_auth_action_count`), which knows no conditions and would let every policy about tags through.
"""

from localstack.aws.api import RequestContext

from ..framework import aws_error
from . import ec2, launching, named
from .demand import Call, Demand
from .policy import Policy

#: Services that answer in AWS's query protocol or EC2's say it otherwise than those with JSON.
_QUERY = {"cloudwatch", "rds", "elasticache", "elbv2", "autoscaling", "iam", "sts"}


class Authorization:
    """The sessions of one account, and what was refused to them."""

    def __init__(self):
        self.sessions: dict[str, list[Policy]] = {}
        self.refused: list[dict] = []
        #: The AWS services that have made their service-linked role here.
        self.linked: set[str] = set()

    def bind(self, session: str, policies: list[dict] | None) -> None:
        if policies is None:
            self.sessions.pop(session, None)
        else:
            self.sessions[session] = [Policy(document) for document in policies]

    def check(self, context: RequestContext) -> None:
        """Raises AWS's refusal where the policies of the call's session do not allow it."""
        session = context.request.headers.get("X-Amz-Security-Token")
        if session not in self.sessions:
            return
        call = Call(context, self.linked)
        for demand in _demands(call):
            if not self._allows(session, demand):
                self.refused.append({"session": session, **demand.shown()})
                raise _refusal(call, session, demand)
        self.linked |= call.links

    def _allows(self, session: str, demand: Demand) -> bool:
        verdicts = [policy.verdict(demand.action, demand.resource, demand.keys) for policy in self.sessions[session]]
        return "Allow" in verdicts and "Deny" not in verdicts


def _demands(call: Call) -> list[Demand]:
    if call.action == "sts:GetCallerIdentity":  # "No permissions are required to perform this operation."
        return []
    if call.action == "ec2:RunInstances":
        return launching.by_client(call)
    return ec2.demands(call) if call.service == "ec2" else named.demands(call)


def _refusal(call: Call, session: str, demand: Demand) -> Exception:
    # AWS names the role and no token, so what follows a slash is not told: there are tests whose tokens are secret.
    role = session.split("/")[0]
    if demand.instead:
        return aws_error("AccessDenied", demand.instead, 403)
    message = (
        f"User: arn:{call.partition}:sts::{call.account}:assumed-role/{role}/infra is not authorized to perform: {demand.action} "
        f"on resource: {demand.resource} because no identity-based policy allows the {demand.action} action"
    )
    if call.service == "ec2":
        return aws_error("UnauthorizedOperation", f"You are not authorized to perform this operation. {message}", 403)
    if call.service in _QUERY:
        return aws_error("AccessDenied", message, 403)
    return aws_error("AccessDeniedException", message, 400)
