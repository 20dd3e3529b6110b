"""What is wrong with a policy document, in AWS's words, or None (IAM User Guide, "IAM JSON policy reference")."""

import json
import re

from moto.iam.exceptions import MalformedPolicyDocument
from moto.iam.policy_validation import IAMPolicyDocumentValidator

VERSIONS = ("2008-10-17", "2012-10-17")
TRUST_KEYS = {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Condition"}
PRINCIPALS = {"AWS", "Service", "Federated", "CanonicalUser"}


def identity_problem(text: str) -> str | None:
    """Of a policy that is attached to a role or stands on its own: no principal, but a resource."""
    statements, problem = _statements(text)
    if problem:
        return problem
    if any("Principal" in s or "NotPrincipal" in s for s in statements):
        return "Policy document should not specify a principal."
    try:
        IAMPolicyDocumentValidator(text).validate()
    except MalformedPolicyDocument as error:
        return error.message
    return None


def trust_problem(text: str, account: str, known: set[str]) -> str | None:
    """Of a role's trust policy: a principal that exists, STS actions, and no resource."""
    statements, problem = _statements(text)
    if problem:
        return problem
    sids = [s["Sid"] for s in statements if s.get("Sid")]
    if len(set(sids)) < len(sids):
        return "Statement IDs (SID) in a single policy must be unique."
    for statement in statements:
        if "Resource" in statement or "NotResource" in statement:
            return "Has prohibited field Resource"
        if unknown := set(statement) - TRUST_KEYS:
            return f"Syntax errors in policy. (Unknown field {sorted(unknown)[0]})"
        if statement.get("Effect") not in ("Allow", "Deny"):
            return "Syntax errors in policy." if statement.get("Effect") else "Missing required field Effect"
        if "Action" not in statement and "NotAction" not in statement:
            return "Missing required field Action"
        if "Principal" not in statement and "NotPrincipal" not in statement:
            return "Missing required field Principal"
        if not all(str(a).lower().startswith("sts:") for a in _list(statement.get("Action"))):
            return "AssumeRole policy may only specify STS AssumeRole actions."
        if problem := _principal_problem(statement.get("Principal"), account, known):
            return problem
    return None


def _statements(text: str) -> tuple[list[dict], str | None]:
    try:
        document = json.loads(text)
    except ValueError:
        return [], "This policy contains invalid Json"
    if not isinstance(document, dict) or not document.get("Statement"):
        return [], "Syntax errors in policy."
    if "Version" in document and document["Version"] not in VERSIONS:
        return [], "The policy must contain a valid version string"
    statements = _list(document["Statement"])
    if not all(isinstance(statement, dict) for statement in statements):
        return [], "Syntax errors in policy."
    return statements, None


def _principal_problem(principal, account: str, known: set[str]) -> str | None:
    if principal in (None, "*"):
        return None
    if not isinstance(principal, dict) or not principal or set(principal) - PRINCIPALS:
        return f"Invalid principal in policy: {json.dumps(principal)}"
    for kind, names in principal.items():
        for name in _list(names):
            if not _is_principal(kind, name, account, known):
                return f'Invalid principal in policy: "{kind.upper()}":"{name}"'
    return None


def _is_principal(kind: str, name, account: str, known: set[str]) -> bool:
    if not isinstance(name, str) or not name:
        return False
    if kind == "Service":
        return bool(re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?", name))
    if kind == "AWS":
        if name == "*" or re.fullmatch(r"\d{12}", name):
            return True
        arn = re.fullmatch(r"arn:aws:(?:iam|sts)::(\d{12}):(root|(?:user|role|assumed-role|federated-user)/.+)", name)
        # Only of the own account can be told here whether a role or user exists.
        return bool(arn) and (arn[1] != account or not arn[2].startswith(("role/", "user/")) or name in known)
    return True


def _list(value) -> list:
    return value if isinstance(value, list) else [] if value is None else [value]
