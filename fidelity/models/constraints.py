"""What AWS's model asks of values: members that must be there, enums, lengths, ranges, patterns, unions with one member.

A value that could not be read is None; that is a fault already, and nothing more is said of it here.
"""

from functools import cache

import regex  # knows \p{L} and the like, which AWS's patterns use and Python's own engine does not
from fault import Fault, member


def check(shape, value, where: str, faults: list[Fault]) -> None:
    if value is None:
        return
    kind = shape.type_name
    if kind == "structure" and not getattr(shape, "is_document_type", False):
        for name in shape.required_members:
            if name not in value:
                faults.append(Fault("missing", member(where, name), "must be given"))
        if getattr(shape, "is_tagged_union", False) and len(value) != 1:
            faults.append(Fault("union", where, f"takes exactly one member, and has {', '.join(value) or 'none'}"))
        for name, inner in value.items():
            check(shape.members[name], inner, member(where, name), faults)
    elif kind == "list":
        _bounds("length", shape, len(value), f"{len(value)} elements", where, faults)
        for item in value:
            check(shape.member, item, f"{where}[]", faults)
    elif kind == "map":
        _bounds("length", shape, len(value), f"{len(value)} entries", where, faults)
        for key, inner in value.items():
            check(shape.key, key, f"{where}{{}}", faults)
            check(shape.value, inner, f"{where}{{}}", faults)
    elif kind in ("string", "blob"):
        _bounds("length", shape, len(value), f"{value!r:.80}, {len(value)} long", where, faults)
        if (values := shape.metadata.get("enum")) and value not in values:
            faults.append(Fault("enum", where, f"is {value!r}, not one of {', '.join(values[:12])}{', …' * (len(values) > 12)}"))
        if (pattern := shape.metadata.get("pattern")) and not compiled(pattern).fullmatch(value):
            faults.append(Fault("pattern", where, f"is {value!r:.80}, which does not match {pattern}"))
    elif kind in ("integer", "long", "float", "double"):
        _bounds("range", shape, value, str(value), where, faults)


def _bounds(rule: str, shape, amount, said: str, where: str, faults: list[Fault]) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and amount < low:
        faults.append(Fault(rule, where, f"is {said}; the least is {low}"))
    if high is not None and amount > high:
        faults.append(Fault(rule, where, f"is {said}; the most is {high}"))


@cache
def compiled(pattern: str):
    """AWS's patterns are Java's and hold for the whole value. Java writes what is beyond 16 bits as pairs."""
    return regex.compile(pattern.replace(r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF"))
