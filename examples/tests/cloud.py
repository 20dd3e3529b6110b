"""An account on LocalStack that nothing else uses, and the control API of the extension."""

import json
import os
import random
import urllib.request

import boto3

REGION = "eu-west-1"


class Cloud:
    """One account: its clients, and how it is told to behave."""

    def __init__(self) -> None:
        self.account = str(random.randrange(10**11, 10**12))
        self.endpoint = os.environ["AWS_ENDPOINT_URL"]
        self.control("settle", seconds=0)

    def client(self, service: str):
        keys = {"aws_access_key_id": self.account, "aws_secret_access_key": "x"}
        return boto3.client(service, region_name=REGION, endpoint_url=self.endpoint, **keys)

    def control(self, what: str, **body: object) -> None:
        body = json.dumps({"account": self.account, **body}).encode()
        request = urllib.request.Request(f"{self.endpoint}/_infra/{what}", body, method="POST")
        urllib.request.urlopen(request, timeout=30).close()

    def asked(self, what: str) -> list[dict]:
        with urllib.request.urlopen(f"{self.endpoint}/_infra/{what}?account={self.account}", timeout=30) as answer:
            return json.load(answer)

    def calls(self, operation: str) -> int:
        """How often an operation was called so far, by anybody."""
        return sum(call["operation"] == operation for call in self.asked("calls"))

    def outcome(self, service: str, resource: str, outcome: str | None) -> None:
        """How the next operation on a resource ends."""
        self.control("outcome", service=service, resource=resource, outcome=outcome)

    def assume(self, role: str, claims: dict[str, str], session: str) -> dict[str, str]:
        """What AWS gives for a token with these claims: credentials that may do what the role may, and nothing else.

        The role must be there, and trust such a token.
        """
        iam = self.client("iam")
        assert role.startswith(f"arn:aws:iam::{self.account}:role/"), role
        name = role.rsplit("/", 1)[1]
        trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        assert any(trusted(statement, claims) for statement in trust["Statement"]), f"{name} does not trust {claims}: {trust}"
        names = iam.list_role_policies(RoleName=name)["PolicyNames"]
        policies = [iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"] for each in names]
        for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
            version = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]["DefaultVersionId"]
            found = iam.get_policy_version(PolicyArn=attached["PolicyArn"], VersionId=version)
            policies.append(found["PolicyVersion"]["Document"])
        assert policies, f"{name} may do nothing"
        token = f"{name}/{session}"
        self.control("iam", session=token, policies=policies)
        return {"AWS_ACCESS_KEY_ID": self.account, "AWS_SECRET_ACCESS_KEY": "x", "AWS_SESSION_TOKEN": token}


def trusted(statement: dict, claims: dict[str, str]) -> bool:
    """Whether a statement of a trust policy lets in who has these claims."""
    issuer = statement["Principal"]["Federated"].split(":oidc-provider/")[1]
    assert statement["Effect"] == "Allow" and statement["Action"] == "sts:AssumeRoleWithWebIdentity", statement
    if issuer != claims["iss"]:
        return False
    for operator, wanted in statement["Condition"].items():
        for key, values in wanted.items():
            values = [values] if isinstance(values, str) else values
            claim = claims[key.removeprefix(f"{issuer}:")]
            found = any(matches(operator, claim, value) for value in values)
            if found == operator.startswith("StringNot"):
                return False
    return True


def matches(operator: str, claim: str, value: str) -> bool:
    match operator.replace("Not", ""):
        case "StringEquals":
            return claim == value
        case "StringLike":
            # `*` stands for anything; `?` and `[` are in none of ours.
            parts = value.split("*")
            assert "?" not in value and "[" not in value, value
            return like(claim, parts)
    raise AssertionError(operator)


def like(text: str, parts: list[str]) -> bool:
    if len(parts) == 1:
        return text == parts[0]
    if not text.startswith(parts[0]):
        return False
    text = text[len(parts[0]) :]
    for part in parts[1:-1]:
        if part not in text:
            return False
        text = text.split(part, 1)[1]
    return text.endswith(parts[-1])
