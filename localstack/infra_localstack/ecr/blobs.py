"""Layers: uploaded in parts, kept by digest on disk, so that a pushed image costs no memory."""

import hashlib
import tempfile
import uuid
from pathlib import Path

from ..framework import aws_error

# What Amazon ECR asks of every part but the last, in bytes (its answer to InitiateLayerUpload).
PART_SIZE = 10 * 1024 * 1024

_root = Path(tempfile.mkdtemp(prefix="ecr-layers-"))


class Upload:
    """One layer on its way in."""

    def __init__(self):
        self.id = str(uuid.uuid4())
        self.path = _root / self.id
        self.size = 0
        self.path.touch()

    def append(self, content: bytes, first_byte: int) -> None:
        if first_byte != self.size:
            raise aws_error(
                "InvalidLayerPartException",
                f"Layer part starts at byte {first_byte}, but {self.size} bytes were received so far",
            )
        with self.path.open("ab") as file:
            file.write(content)
        self.size += len(content)

    def complete(self, expected: str | None) -> tuple[str, int]:
        """Digest and size of what was uploaded."""
        if not self.size:
            raise aws_error("EmptyUploadException", f"The upload '{self.id}' does not contain any layer parts")
        with self.path.open("rb") as file:
            digest = "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
        if expected and expected != digest:
            raise aws_error(
                "InvalidLayerException",
                f"Layer digest '{expected}' does not match the uploaded content '{digest}'",
            )
        self.path.rename(path(digest))
        return digest, self.size

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)


def path(digest: str) -> Path:
    return _root / digest.replace(":", "-")
