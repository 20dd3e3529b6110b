"""Conditions of a rule: what each may be compared with, how much of it there may be, and how AWS reads it back.

Sources: RuleCondition and the types of its members in the ELBv2 API reference; "Condition types for listener rules" and "Quotas
for your Application Load Balancers" in the guide. Where they disagree, the stricter one is followed: what passes here passes in every
account. Not so with the guide's three values a condition: the reference has five for source-ip, and AWS takes five of the others too.
"""

import ipaddress
import re
from dataclasses import dataclass

from ..framework import aws_error

#: "Condition Values per Rule".
VALUES = 5
#: "Condition Wildcards per Rule": five in "Condition types", six in the quotas, and accounts have the one or the other.
WILDCARDS = 5
#: The broadcast address is no source ("Add a listener rule").
BROADCAST = "255.255.255.255/32"
#: The name of a header: RFC 7230, 3.2.6 "token".
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True)
class Kind:
    """What a field may be compared with."""

    #: The member of the condition that holds its values.
    config: str
    #: The characters that a value may have.
    allowed: str
    longest: int = 128
    #: Whether `*` and `?` stand for other characters.
    wild: bool = True
    #: Whether a rule has one such condition at most.
    once: bool = True
    #: Whether its values are also given and shown as the condition's own, as they were before there were other fields.
    plain: bool = False
    #: Whether regular expressions may be given instead of values.
    regular: bool = False


KINDS = {
    "http-header": Kind("HttpHeaderConfig", r"[\x20-\x7e]", once=False, regular=True),
    "http-request-method": Kind("HttpRequestMethodConfig", r"[A-Z_-]", longest=40, wild=False),
    "host-header": Kind("HostHeaderConfig", r"[A-Za-z0-9.*?-]", plain=True, regular=True),
    "path-pattern": Kind("PathPatternConfig", r"""[A-Za-z0-9_.$/~"'@:+&*?-]""", plain=True, regular=True),
    # RFC 3986, 3.4 "query"; a backslash takes its meaning from a wildcard.
    "query-string": Kind("QueryStringConfig", r"[A-Za-z0-9._~!$&'()*+,;=:@/?%\\-]", once=False),
    "source-ip": Kind("SourceIpConfig", r"[0-9A-Fa-f.:/]", wild=False),
}


def checked(asked: list[dict] | None) -> list[dict]:
    """The conditions as they are read back; what AWS does not take is refused."""
    if not asked:
        raise _invalid("A condition must be specified")
    full = [_condition(condition) for condition in asked]
    for field, kind in KINDS.items():
        if kind.once and sum(condition["Field"] == field for condition in full) > 1:
            raise _invalid(f"A rule can only have one '{field}' condition")
    if sum(len(_values(condition)) for condition in full) > VALUES:
        raise _invalid(f"A rule can only have '{VALUES}' condition values")
    if sum(_wildcards(condition) for condition in full) > WILDCARDS:
        raise _invalid(f"A rule can only have '{WILDCARDS}' condition wildcards")
    return full


def _condition(asked: dict) -> dict:
    field = asked.get("Field")
    if not field:
        raise _invalid("A condition field must be specified")
    if field not in KINDS:
        raise _invalid(f"Condition field '{field}' must be one of '[{','.join(KINDS)}]'")
    kind = KINDS[field]
    if others := [it.config for it in KINDS.values() if it is not kind and asked.get(it.config)]:
        raise _invalid(f"The '{others[0]}' field is not compatible with '{field}'")
    config = _config(field, kind, asked)
    if field == "http-header":
        _check_header(config)
    for value in config.get("Values", ()):
        for part in _parts(value):
            _check(field, kind, part)
    for expression in config.get("RegexValues", ()):
        _check_expression(field, kind, expression)
    plain = {key: config[key] for key in ("Values", "RegexValues") if key in config} if kind.plain else {}
    return {"Field": field, kind.config: config} | plain


def _config(field: str, kind: Kind, asked: dict) -> dict:
    """What holds the values, whichever way they were given."""
    config = {key: value for key, value in (asked.get(kind.config) or {}).items() if value}
    for key, allowed in (("Values", kind.plain), ("RegexValues", kind.regular)):
        if asked.get(key) and not allowed:
            raise _invalid(f"The '{key}' field is not compatible with '{field}'")
        if asked.get(key) and ("Values" in config or "RegexValues" in config):
            raise _invalid(f"You cannot provide both {key} and '{kind.config}' for a condition of type '{field}'")
    # "You can specify a single host name", "a single path pattern": more take the member that holds them.
    if len(asked.get("Values") or ()) > 1:
        raise _invalid(f"The '{field}' field contains too many values; the limit is '1'")
    config |= {key: asked[key] for key in ("Values", "RegexValues") if asked.get(key)}
    given = [key for key in ("Values", "RegexValues") if key in config]
    if not given:
        raise _invalid("A condition value must be specified")
    if "RegexValues" in given and not kind.regular:
        raise _invalid(f"The 'RegexValues' field is not compatible with '{field}'")
    if len(given) > 1:
        raise _invalid(f"You cannot provide both Values and RegexValues for a condition of type '{field}'")
    if field == "query-string":
        config["Values"] = [{key: pair[key] for key in ("Key", "Value") if pair.get(key)} for pair in config["Values"]]
    return config


def _parts(value: str | dict) -> list[str]:
    """What is compared: a value, or the key and the value of a query string, of which only the key may be left out."""
    return [value] if isinstance(value, str) else [*([value["Key"]] if "Key" in value else []), value.get("Value", "")]


def _check(field: str, kind: Kind, value: str) -> None:
    if not value:
        raise _invalid("A condition value must be specified")
    if len(value) > kind.longest:
        raise _invalid(f"The '{field}' value is too long; the limit is '{kind.longest}'")
    if not re.fullmatch(f"{kind.allowed}+", value):
        raise _invalid(f"The '{field}' value '{value}' contains characters that are not allowed")
    if field == "host-header" and not re.fullmatch(r".*\.[A-Za-z]+", value):
        raise _invalid(f"The 'host-header' value '{value}' must have a '.', and only letters after the last one")
    if field == "source-ip":
        _check_source(value)


def _check_source(value: str) -> None:
    try:
        ipaddress.ip_network(value)
    except ValueError:
        valid = False
    else:
        valid = re.search(r"/\d+$", value) and value != BROADCAST
    if not valid:
        raise _invalid(f"The 'source-ip' value '{value}' is not a valid CIDR")


def _check_header(config: dict) -> None:
    name = config.get("HttpHeaderName")
    if not name:
        raise _invalid("A 'HttpHeaderName' must be specified with 'http-header'")
    if len(name) > 40:
        raise _invalid("The 'HttpHeaderName' value is too long; the limit is '40'")
    if not TOKEN.fullmatch(name):
        raise _invalid(f"The 'HttpHeaderName' value '{name}' contains characters that are not allowed")
    if name.lower() == "host":
        raise _invalid("You cannot use 'http-header' for the host header; use 'host-header'")


def _check_expression(field: str, kind: Kind, expression: str) -> None:
    if len(expression) > kind.longest:
        raise _invalid(f"The '{field}' value is too long; the limit is '{kind.longest}'")
    try:
        re.compile(expression)
    except re.error as error:
        raise _invalid(f"The '{field}' value '{expression}' is not a valid regular expression") from error


def _values(condition: dict) -> list:
    config = condition[KINDS[condition["Field"]].config]
    return config.get("Values") or config["RegexValues"]


def _wildcards(condition: dict) -> int:
    kind = KINDS[condition["Field"]]
    parts = [part for value in condition[kind.config].get("Values", ()) for part in _parts(value)] if kind.wild else []
    if condition["Field"] == "query-string":
        # "To search for a literal '*' or '?' character in a query string, you must escape these characters".
        parts = [re.sub(r"\\.", "", part) for part in parts]
    return sum(part.count("*") + part.count("?") for part in parts)


def _invalid(message: str):
    return aws_error("ValidationError", message)
