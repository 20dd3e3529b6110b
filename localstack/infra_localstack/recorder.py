"""Writes down every distinct request of the tool as it came over the wire, for `fidelity/models` to hold against AWS's own models.

LocalStack's parser drops what it does not know, so this looks before it does. Only what AWS's SDK for Rust sends is of interest:
not boto3, Terraform or the registry's HTTP. One JSON line for the first of its like; each later one leaves its number only.
Requests are alike when they differ in ids and accounts only, and those are as long.
"""

import base64
import hashlib
import json
import re
import threading
from io import BytesIO
from pathlib import Path

#: No file grows without end: a whole run of the tests makes a few MB. What does not fit is said to be missing.
MOST_BYTES = 256 * 1024 * 1024

_CLIENT = "aws-sdk-rust/"
_HEADERS = ("Authorization", "X-Amz-Target", "Content-Type", "Content-Encoding", "Smithy-Protocol")
#: Accounts, UUIDs, and the hexadecimal part of ids and hashes.
_IDS = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8,}|\d{12}")


class Recorder:
    def __init__(self, file: str):
        self._file = Path(file).open("wb", buffering=0)
        self._lock = threading.Lock()
        self._numbers: dict[bytes, int] = {}
        self._written = 0

    def __call__(self, chain, context, response):
        """A handler of the gateway, before the request is parsed."""
        request = context.request
        if _CLIENT not in request.headers.get("User-Agent", ""):
            return
        body = request.get_data(cache=False)
        request.stream = BytesIO(body)
        self._write(
            {
                "method": request.method,
                "path": request.path,
                "query": request.query_string.decode(),
                "headers": {name: request.headers[name] for name in _HEADERS if name in request.headers},
            },
            body,
        )

    def _write(self, head: dict, body: bytes) -> None:
        # The credential scope names the service; the signature is another each time.
        scope = re.search(r"Credential=[^/]*/[^/]*/[^/]*/([^/,]*)", head["headers"].pop("Authorization", ""))
        head["service"] = scope and scope[1]
        alike = hashlib.sha256(json.dumps(head).encode() + _IDS.sub(lambda found: b"#" * len(found[0]), body)).digest()
        with self._lock:
            if alike in self._numbers:
                self._line({"again": self._numbers[alike]})
                return
            self._numbers[alike] = len(self._numbers)
            try:
                self._line(head | {"body": body.decode()})
            except UnicodeDecodeError:
                self._line(head | {"base64": base64.b64encode(body).decode()})

    def _line(self, line: dict) -> None:
        text = json.dumps(line).encode() + b"\n"
        if self._written >= 0 and self._written + len(text) > MOST_BYTES:
            text, self._written = b'{"full": true}\n', -1
        elif self._written < 0:
            return
        else:
            self._written += len(text)
        self._file.write(text)
