"""Requests that are one document, JSON or CBOR. Gives values of the model's types, and what is amiss."""

from fault import Fault, member
from scalars import from_data


def read(shape, document, binary: bool, faults: list[Fault]) -> dict:
    if shape is None:
        faults.extend(Fault("unknown", name, "the operation takes no parameters") for name in document)
        return {}
    return _value(shape, document, "", binary, faults)


def _value(shape, value, where: str, binary: bool, faults: list[Fault]):
    kind = shape.type_name
    if kind == "structure" and getattr(shape, "is_document_type", False):
        return value
    if kind == "structure" and isinstance(value, dict):
        names = {inner.serialization.get("name", name): name for name, inner in shape.members.items()}
        for unknown in value.keys() - names.keys():
            faults.append(Fault("unknown", member(where, unknown), "the model has no such parameter"))
        return {
            names[key]: _value(shape.members[names[key]], inner, member(where, names[key]), binary, faults)
            for key, inner in value.items()
            if key in names
        }
    if kind == "list" and isinstance(value, list):
        return [_value(shape.member, item, f"{where}[]", binary, faults) for item in value]
    if kind == "map" and isinstance(value, dict):
        return {key: _value(shape.value, inner, f"{where}{{}}", binary, faults) for key, inner in value.items()}
    found, wrong = from_data(shape, value, binary)
    if wrong:
        faults.append(Fault("type", where, wrong))
    return found
