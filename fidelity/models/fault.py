"""One thing about a request that AWS's model of it does not allow."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    #: Which sort of rule is broken: `unknown`, `missing`, `type`, `enum`, `length`, `range`, `pattern`, `union`, `protocol`.
    rule: str
    #: Where in the request, in the model's names: `Tags[].Key`.
    where: str
    #: What is wrong with it.
    what: str


def member(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
