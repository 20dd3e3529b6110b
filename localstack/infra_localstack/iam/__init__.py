"""IAM: LocalStack's own, which takes any policy and name; here they are checked as AWS does, and read back as AWS writes them."""

import json
from urllib.parse import quote, unquote

from localstack.services.iam.provider import IamProvider
from moto.iam.models import iam_backends

from .. import framework
from ..constraints import broken
from . import policies

#: Quotas of a new account (IAM User Guide, "IAM and STS quotas").
TRUST_POLICY_CHARACTERS = 2048
INLINE_POLICY_CHARACTERS = 10240
POLICIES_PER_ROLE = 10
DOCUMENTS = ("AssumeRolePolicyDocument", "PolicyDocument", "Document")


def backend(context):
    return iam_backends[context.account_id]["aws"]


class Provider(framework.Provider):
    service = "iam"
    base = IamProvider()
    regional = False

    def _before(self, context, request):
        if problem := broken(context.operation.input_shape, request):
            raise framework.aws_error("ValidationError", problem)

    def _invoke(self, context, request):
        return _encoded(super()._invoke(context, request))

    # Roles --------------------------------------------------------------------------------------------------------

    def create_role(self, context, request):
        self._trust(context, request["AssumeRolePolicyDocument"])
        self._unique(request.get("Tags"))
        return self.base_call(context)

    def update_assume_role_policy(self, context, request):
        self._trust(context, request["PolicyDocument"])
        # moto's own check knows fewer actions and principals than AWS does.
        backend(context).get_role(request["RoleName"]).assume_role_policy_document = request["PolicyDocument"]
        return {}

    def put_role_policy(self, context, request):
        self._refuse(policies.identity_problem(request["PolicyDocument"]))
        role = backend(context).get_role(request["RoleName"])
        others = sum(_size(text) for name, text in role.policies.items() if name != request["PolicyName"])
        if others + _size(request["PolicyDocument"]) > INLINE_POLICY_CHARACTERS:
            raise self.error(
                "LimitExceededException",
                f"Maximum policy size of {INLINE_POLICY_CHARACTERS} bytes exceeded for role {role.name}",
            )
        return self.base_call(context)

    def create_policy(self, context, request):
        self._refuse(policies.identity_problem(request["PolicyDocument"]))
        return self.base_call(context)

    def attach_role_policy(self, context, request):
        role = backend(context).get_role(request["RoleName"])
        if request["PolicyArn"] not in role.managed_policies and len(role.managed_policies) >= POLICIES_PER_ROLE:
            raise self.error("LimitExceededException", f"Cannot exceed quota for PoliciesPerRole: {POLICIES_PER_ROLE}")
        return self.base_call(context)

    def tag_role(self, context, request):
        self._unique(request.get("Tags"))
        return self.base_call(context)

    def create_instance_profile(self, context, request):
        self._unique(request.get("Tags"))
        return self.base_call(context)

    def remove_role_from_instance_profile(self, context, request):
        profile = backend(context).get_instance_profile(request["InstanceProfileName"])
        if all(role.name != request["RoleName"] for role in profile.roles):
            raise self.error("NoSuchEntityException", f"The role with name {request['RoleName']} cannot be found.")
        return self.base_call(context)

    def get_account_authorization_details(self, context, request):
        answer = self.base_call(context, {key: value for key, value in request.items() if key == "Filter"})
        # AWS counts all lists together; a page of ours is one of roles, which alone can be many.
        roles = answer.get("RoleDetailList") or []
        start, size = int(request.get("Marker") or 0), request.get("MaxItems") or 100
        answer["RoleDetailList"] = roles[start : start + size]
        answer["IsTruncated"] = start + size < len(roles)
        if answer["IsTruncated"]:
            answer["Marker"] = str(start + size)
        for role in answer["RoleDetailList"]:
            role.pop("RoleLastUsed", None) if not role.get("RoleLastUsed") else None
        return answer

    def _trust(self, context, text: str) -> None:
        known = {role.arn for role in backend(context).get_roles()}
        known |= {user.arn for user in backend(context).users.values()}
        self._refuse(policies.trust_problem(text, context.account_id, known))
        if _size(text) > TRUST_POLICY_CHARACTERS:
            raise self.error("LimitExceededException", f"Cannot exceed quota for ACLSizePerRole: {TRUST_POLICY_CHARACTERS}")

    def _refuse(self, problem: str | None) -> None:
        if problem:
            raise self.error("MalformedPolicyDocumentException", problem)

    def _unique(self, tags: list[dict] | None) -> None:
        keys = [tag["Key"].lower() for tag in tags or []]
        if len(set(keys)) < len(keys):
            raise self.error(
                "InvalidInputException", "Duplicate tag keys found. Please note that Tag keys are case insensitive."
            )


def _size(document: str) -> int:
    """White space does not count."""
    return len("".join(document.split()))


def _encoded(answer):
    """Policies are URL-encoded JSON on the wire (RFC 3986), everywhere."""
    if isinstance(answer, list):
        return [_encoded(item) for item in answer]
    if not isinstance(answer, dict):
        return answer
    return {key: _document(value) if key in DOCUMENTS else _encoded(value) for key, value in answer.items()}


def _document(value) -> str:
    if not isinstance(value, str):
        value = json.dumps(value)
    while value.startswith("%"):
        value = unquote(value)
    if value.startswith('"'):  # LocalStack writes some of them twice
        value = json.loads(value)
    return quote(value, safe="-_.~")
