"""The constraints that AWS's own service models put on a request: required members, lengths, ranges, patterns, enums."""

import re
from functools import cache


def broken(shape, request: dict) -> str | None:
    """What a request does not satisfy, worded as AWS does, or None."""
    found = list(_broken(shape, request, "")) if shape else []
    if not found:
        return None
    return f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: {'; '.join(found)}"


def _broken(shape, value, where: str):
    if shape.type_name == "structure":
        for name in shape.required_members:
            if value.get(name) is None:
                yield f"Value null at '{_at(where, name)}' failed to satisfy constraint: Member must not be null"
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _broken(member, value[name], _at(where, name))
    elif shape.type_name == "list":
        yield from _length(shape, len(value), value, where)
        for place, item in enumerate(value, 1):
            yield from _broken(shape.member, item, f"{where}.{place}.member")
    elif shape.type_name == "string":
        yield from _length(shape, len(value), value, where)
        if (pattern := _compiled(shape.metadata.get("pattern"))) and not pattern.fullmatch(value):
            yield _says(value, where, f"Member must satisfy regular expression pattern: {shape.metadata['pattern']}")
        if shape.metadata.get("enum") and value not in shape.metadata["enum"]:
            yield _says(value, where, f"Member must satisfy enum value set: [{', '.join(shape.metadata['enum'])}]")
    elif shape.type_name in ("integer", "long", "float", "double"):
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        if low is not None and value < low:
            yield _says(value, where, f"Member must have value greater than or equal to {low}")
        if high is not None and value > high:
            yield _says(value, where, f"Member must have value less than or equal to {high}")


def _length(shape, length: int, value, where: str):
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and length < low:
        yield _says(value, where, f"Member must have length greater than or equal to {low}")
    if high is not None and length > high:
        yield _says(value, where, f"Member must have length less than or equal to {high}")


def _says(value, where: str, constraint: str) -> str:
    return f"Value '{value}' at '{where}' failed to satisfy constraint: {constraint}"


def _at(where: str, name: str) -> str:
    name = name[0].lower() + name[1:]
    return f"{where}.{name}" if where else name


@cache
def _compiled(pattern: str | None):
    """AWS's patterns are Java's; the few that Python does not know (\\p{L}) are left out."""
    if not pattern:
        return None
    try:
        return re.compile(pattern.replace(r"\\", "\\") if "\\\\" in pattern else pattern, re.DOTALL)
    except re.error:
        return None
