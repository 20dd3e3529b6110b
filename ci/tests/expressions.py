"""GitHub's expressions, as far as our workflows use them, and stricter: a name that nothing has is an error and not null."""

import json
import re
from collections.abc import Callable

TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>\d+)|(?P<name>[A-Za-z_][\w-]*)|(?P<sign>&&|\|\||==|!=|[!().,\[\]*]))")
STATUS = re.compile(r"\b(always|cancelled|failure|success)\(\)")


class Unknown(Exception):
    """An expression that GitHub would quietly make empty."""


def evaluate(expression: str, names: dict, functions: dict[str, Callable]) -> object:
    tokens, at = [], 0
    while expression[at:].strip():
        token = TOKEN.match(expression, at)
        if token is None:
            raise Unknown(f"cannot read `{expression[at:]}` of `{expression}`")
        tokens.append((token.lastgroup, token.group(token.lastgroup)))
        at = token.end()
    parser = Parser(tokens, names, functions)
    value = parser.either()
    if parser.tokens:
        raise Unknown(f"too much in `{expression}`: {parser.tokens}")
    return value


def interpolate(text: object, names: dict, functions: dict[str, Callable]) -> object:
    """A value of a workflow with its `${{ … }}` evaluated; a text that is nothing but one keeps its type."""
    if not isinstance(text, str):
        return text
    parts = re.split(r"\$\{\{(.*?)\}\}", text, flags=re.DOTALL)
    if len(parts) == 3 and not parts[0] and not parts[2]:
        return evaluate(parts[1], names, functions)
    return "".join(part if at % 2 == 0 else as_text(evaluate(part, names, functions)) for at, part in enumerate(parts))


def as_text(value: object) -> str:
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, bool | list | dict) else str(value)


class Parser:
    """Recursive descent that evaluates as it goes. Both sides of `&&` and `||` are evaluated, so that no typo hides."""

    def __init__(self, tokens: list[tuple[str, str]], names: dict, functions: dict[str, Callable]) -> None:
        self.tokens, self.names, self.functions = tokens, names, functions

    def take(self, sign: str) -> bool:
        if self.tokens and self.tokens[0] == ("sign", sign):
            self.tokens.pop(0)
            return True
        return False

    def expect(self, sign: str) -> None:
        if not self.take(sign):
            raise Unknown(f"expected `{sign}` before {self.tokens}")

    def either(self) -> object:
        left = self.both()
        while self.take("||"):
            right = self.both()
            left = left or right
        return left

    def both(self) -> object:
        left = self.compared()
        while self.take("&&"):
            right = self.compared()
            left = left and right
        return left

    def compared(self) -> object:
        left = self.single()
        if self.take("=="):
            return left == self.single()
        if self.take("!="):
            return left != self.single()
        return left

    def single(self) -> object:
        if self.take("!"):
            return not self.single()
        if self.take("("):
            value = self.either()
            self.expect(")")
            return value
        kind, token = self.tokens.pop(0)
        if kind == "text":
            return token[1:-1].replace("''", "'")
        if kind == "number":
            return int(token)
        if token in ("true", "false", "null"):
            return json.loads(token)
        if self.take("("):
            return self.called(token)
        return self.members(self.member(self.names, token))

    def called(self, name: str) -> object:
        arguments = []
        while not self.take(")"):
            arguments.append(self.either())
            self.take(",")
        return self.functions[name](*arguments)

    def members(self, value: object) -> object:
        while True:
            if self.take("."):
                value = list(value.values()) if self.take("*") else self.each(value, self.tokens.pop(0)[1])
            elif self.take("["):
                value = self.member(value, self.either())
                self.expect("]")
            else:
                return value

    def each(self, value: object, name: str) -> object:
        return [self.member(item, name) for item in value] if isinstance(value, list) else self.member(value, name)

    def member(self, value: object, name: object) -> object:
        try:
            return value[name]
        except (KeyError, TypeError) as error:
            raise Unknown(f"there is no `{name}` in {value}") from error
