"""What a call asks of a policy: actions on resources, with condition keys."""

from dataclasses import dataclass, field

from localstack.aws.api import RequestContext

#: The prefix of a service's actions, where it is not botocore's name of the service.
PREFIXES = {"elbv2": "elasticloadbalancing"}


@dataclass(frozen=True)
class Demand:
    action: str
    resource: str = "*"
    keys: dict[str, str | list[str]] = field(default_factory=dict)
    #: The message where AWS does not say which action is missing.
    instead: str | None = None

    def shown(self) -> dict:
        return {"action": self.action, "resource": self.resource, "keys": self.keys}


class Call:
    """A call, and how its demands are written."""

    def __init__(self, context: RequestContext, linked: set[str]):
        self.context = context
        self.service = context.service.service_name
        self.operation = context.operation.name
        self.request: dict = context.service_request or {}
        self.account, self.region, self.partition = context.account_id, context.region, context.partition
        self.prefix = PREFIXES.get(self.service, self.service)
        self.action = f"{self.prefix}:{self.operation}"
        self._linked = linked
        #: The service-linked roles that the call makes.
        self.links: set[str] = set()

    def arn(self, resource: str, service: str | None = None, region: str | None = None, account: str | None = None) -> str:
        region = self.region if region is None else region
        account = self.account if account is None else account
        return f"arn:{self.partition}:{service or self.prefix}:{region}:{account}:{resource}"

    def links_role(self, service: str) -> list[Demand]:
        """The role by which a service works in the account, where it is not there yet."""
        if service in self._linked:
            return []
        self.links.add(service)
        role = self.arn(f"role/aws-service-role/{service}/AWSServiceRole", "iam", region="")
        return [Demand("iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": service})]

    @staticmethod
    def passes(role_arn: str | None, service: str) -> list[Demand]:
        return [Demand("iam:PassRole", role_arn, {"iam:PassedToService": service})] if role_arn else []


def tag_keys(kind: str, tags: dict[str, str]) -> dict[str, str]:
    """Tags as condition keys: `kind` is `RequestTag` or `ResourceTag`."""
    return {f"aws:{kind}/{key}": value for key, value in tags.items()}
