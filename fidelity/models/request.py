"""A recorded request: which operation of which service it is, and all that AWS's model does not allow of it."""

import base64
import gzip
import json
import re
from functools import cache
from urllib.parse import parse_qsl

import cbor2
import constraints
import documents
import query
from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import OperationNotFoundError, ServiceModel
from fault import Fault

#: Services that botocore calls otherwise than the signature does. The old load balancers are not among what is used.
_NAMES = {"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch"}
_CBOR_PATH = re.compile(r"/service/([^/]+)/operation/([^/]+)")


@cache
def model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def check(line: dict) -> tuple[str, list[Fault]]:
    """The operation as `service:Operation`, and its faults."""
    service = _NAMES.get(line["service"], line["service"])
    faults: list[Fault] = []
    try:
        described = model(service)
    except (UnknownServiceError, TypeError):
        return f"{service}:?", [Fault("protocol", "", "no model of AWS's has a service of that name")]
    name, read = _envelope(described, line, faults)
    try:
        operation = described.operation_model(name)
        value = read(operation.input_shape)
    except OperationNotFoundError:
        return f"{service}:{name}", [*faults, Fault("unknown", "", "the service has no such operation")]
    except ValueError as error:
        return f"{service}:{name}", [*faults, Fault("protocol", "body", f"cannot be read: {error}")]
    if operation.input_shape:
        constraints.check(operation.input_shape, value, "", faults)
    return f"{service}:{name}", faults


def _envelope(described: ServiceModel, line: dict, faults: list[Fault]):
    """The operation's name, and how to read its parameters."""
    headers, body = line["headers"], base64.b64decode(line["base64"]) if "base64" in line else line["body"].encode()
    if headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    facts = described.metadata

    def expect(what: str, is_: str | None, wanted: str) -> None:
        if is_ != wanted:
            faults.append(Fault("protocol", what, f"is {is_!r}, not {wanted!r}"))

    expect("method", line["method"], "POST")
    expect("query", line["query"], "")
    content = headers.get("Content-Type", "").split(";")[0]
    if content == "application/x-www-form-urlencoded":
        expect("path", line["path"], "/")
        form = parse_qsl(body.decode(), keep_blank_values=True)
        given = dict(form)
        expect("Version", given.get("Version"), facts["apiVersion"])
        form = [(key, value) for key, value in form if key not in ("Action", "Version")]
        return given.get("Action", "?"), lambda shape: query.read(shape, form, facts["protocol"] == "ec2", faults)
    if content == "application/cbor":
        expect("Smithy-Protocol", headers.get("Smithy-Protocol"), "rpc-v2-cbor")
        path = _CBOR_PATH.fullmatch(line["path"])
        expect("path", path and path[1], facts.get("targetPrefix"))
        return path[2] if path else "?", lambda shape: documents.read(shape, cbor2.loads(body) if body else {}, True, faults)
    target, _, name = headers.get("X-Amz-Target", "").rpartition(".")
    expect("path", line["path"], "/")
    expect("X-Amz-Target", target, facts.get("targetPrefix"))
    expect("Content-Type", content, f"application/x-amz-json-{facts.get('jsonVersion')}")
    return name or "?", lambda shape: documents.read(shape, json.loads(body), False, faults)
