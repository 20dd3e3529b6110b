"""Requests of the protocols `query` and `ec2`: a form whose keys are paths. Gives values of the model's types, and what is amiss.

botocore's serializer, read backwards. What the model has no name for is a fault: LocalStack would drop it and AWS may refuse it.
"""

from fault import Fault, member
from scalars import from_text


def read(shape, form: list[tuple[str, str]], ec2: bool, faults: list[Fault]) -> dict:
    tree: dict = {}
    for key, value in form:
        _plant(tree, key, value, faults)
    return _Reader(ec2, faults).structure(shape, tree, "") if shape else _nothing(tree, faults)


def _plant(tree: dict, key: str, value: str, faults: list[Fault]) -> None:
    *path, last = key.split(".")
    for name in path:
        tree = tree.setdefault(name, {})
        if not isinstance(tree, dict):
            faults.append(Fault("protocol", key, "stands under a key that has a value itself"))
            return
    if last in tree:
        faults.append(Fault("protocol", key, "is given twice"))
    tree[last] = value


def _nothing(tree: dict, faults: list[Fault]) -> dict:
    faults.extend(Fault("unknown", name, "the operation takes no parameters") for name in tree)
    return {}


class _Reader:
    def __init__(self, ec2: bool, faults: list[Fault]):
        self.ec2, self.faults = ec2, faults

    def name(self, shape, otherwise: str) -> str:
        if self.ec2 and "queryName" in shape.serialization:
            return shape.serialization["queryName"]
        name = shape.serialization.get("name", otherwise)
        return name[0].upper() + name[1:] if self.ec2 and "name" in shape.serialization else name

    def value(self, shape, tree, where: str):
        if shape.type_name in ("structure", "list", "map"):
            if shape.type_name == "list" and tree == "" and not self.ec2:
                return []  # how the protocol writes an empty one
            if not isinstance(tree, dict):
                return self.wrong(where, f"is {tree!r}, not a {shape.type_name}")
            return getattr(self, shape.type_name)(shape, tree, where)
        if isinstance(tree, dict):
            return self.wrong(where, f"has parts ({', '.join(tree)}), but is a {shape.type_name}")
        value, wrong = from_text(shape, tree)
        return self.wrong(where, wrong) if wrong else value

    def structure(self, shape, tree: dict, where: str) -> dict:
        places = {}
        for name, inner in shape.members.items():
            place = self.name(inner, name)
            if inner.type_name == "list" and self.flat(inner) and "name" in inner.member.serialization and not self.ec2:
                place = self.name(inner.member, place)
            places[place] = name
        found = {}
        for place, inner in tree.items():
            if place in places:
                name = places[place]
                found[name] = self.value(shape.members[name], inner, member(where, name))
            else:
                self.faults.append(Fault("unknown", member(where, place), "the model has no such parameter"))
        return found

    def list(self, shape, tree: dict, where: str) -> list:
        if not self.ec2 and not self.flat(shape):
            tree = self.only(tree, self.name(shape.member, "member"), where)
        return [self.value(shape.member, item, f"{where}[]") for item in self.numbered(tree, where)]

    def map(self, shape, tree: dict, where: str) -> dict:
        if not self.flat(shape):
            tree = self.only(tree, "entry", where)
        key, value = self.name(shape.key, "key"), self.name(shape.value, "value")
        found = {}
        for entry in self.numbered(tree, where):
            if not isinstance(entry, dict) or set(entry) != {key, value}:
                self.wrong(where, f"has an entry that is not {key} and {value}")
            else:
                found[self.value(shape.key, entry[key], f"{where}{{}}")] = self.value(shape.value, entry[value], f"{where}{{}}")
        return found

    def flat(self, shape) -> bool:
        return self.ec2 or bool(shape.serialization.get("flattened"))

    def only(self, tree: dict, name: str, where: str) -> dict:
        for other in tree.keys() - {name}:
            self.faults.append(Fault("unknown", member(where, other), f"its elements stand under `{name}`"))
        inner = tree.get(name, {})
        return inner if isinstance(inner, dict) else self.wrong(where, f"has no numbers after `{name}`") or {}

    def numbered(self, tree: dict, where: str) -> list:
        if list(tree) != [str(number) for number in range(1, len(tree) + 1)]:
            self.faults.append(Fault("protocol", where, f"is numbered {', '.join(tree)}"))
        return list(tree.values())

    def wrong(self, where: str, what: str) -> None:
        self.faults.append(Fault("type", where, what))
