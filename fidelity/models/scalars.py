"""Single values: from the text of a form, and as JSON and CBOR have them. Both give the value, or what is wrong with it."""

import base64
import binascii
import re
from datetime import datetime

_WHOLE = re.compile(r"-?\d+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?|NaN|-?Infinity")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def from_text(shape, text: str):
    kind = shape.type_name
    if kind in ("string", "character"):
        return text, None
    if kind == "boolean" and text in ("true", "false"):
        return text == "true", None
    if kind in ("integer", "long") and _WHOLE.fullmatch(text):
        return int(text), None
    if kind in ("float", "double") and _NUMBER.fullmatch(text):
        return float(text), None
    if kind == "timestamp" and _TIME.fullmatch(text):
        return text, None
    if kind == "blob":
        return _bytes(text)
    return None, f"is {text!r}, not a {kind}"


def from_data(shape, value, binary: bool):
    """`binary`: of CBOR, which has bytes and times; JSON writes bytes in base64 and times as seconds."""
    kind = shape.type_name
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind in ("string", "character") and isinstance(value, str):
        return value, None
    if kind == "boolean" and isinstance(value, bool):
        return value, None
    if kind in ("integer", "long") and number and isinstance(value, int):
        return value, None
    if kind in ("float", "double") and (number or value in ("NaN", "Infinity", "-Infinity")):
        return float(value), None
    if kind == "timestamp" and (isinstance(value, datetime) if binary else number):
        return value, None
    if kind == "blob" and binary and isinstance(value, bytes):
        return value, None
    if kind == "blob" and not binary and isinstance(value, str):
        return _bytes(value)
    return None, f"is {value!r}, not a {kind}"


def _bytes(text: str):
    try:
        return base64.b64decode(text, validate=True), None
    except binascii.Error:
        return None, "is not base64"
