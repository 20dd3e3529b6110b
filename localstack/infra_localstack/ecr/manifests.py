"""An image manifest as it was pushed: its bytes, and what can be read off them.

The digest is the SHA-256 of exactly these bytes, so they are never parsed and written again.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

from ..framework import aws_error

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
MEDIA_TYPES = {DOCKER_MANIFEST, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX}


def sha256(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Manifest:
    body: bytes
    media_type: str
    document: dict

    @classmethod
    def parse(cls, body: bytes, media_type: str | None = None) -> "Manifest":
        try:
            document = json.loads(body)
            if not isinstance(document, dict):
                raise ValueError
        except ValueError:
            raise _invalid("Invalid JSON syntax") from None
        if document.get("schemaVersion") != 2:
            raise _invalid("Unsupported schemaVersion, only 2 is supported")
        own = document.get("mediaType")
        if own and media_type and own != media_type:
            raise _invalid("media type of the manifest differs from the one in the request")
        media_type = own or media_type
        if media_type not in MEDIA_TYPES:
            # Without the field in the manifest PutImage wants it as a parameter.
            raise _invalid("Manifest media type is missing or not supported")
        manifest = cls(body, media_type, document)
        wanted = "manifests" if manifest.is_index else "layers"
        if not isinstance(document.get(wanted), list):
            raise _invalid(f"Manifest has no {wanted}")
        return manifest

    @cached_property
    def digest(self) -> str:
        return sha256(self.body)

    @property
    def is_index(self) -> bool:
        return self.media_type in (DOCKER_LIST, OCI_INDEX)

    @property
    def children(self) -> list[str]:
        """Digests of the manifests an index points at."""
        return [child["digest"] for child in self.document.get("manifests", [])] if self.is_index else []

    @property
    def blobs(self) -> list[dict]:
        """Descriptors of what must have been uploaded before; a layer with `urls` lies elsewhere."""
        if self.is_index:
            return []
        config = self.document.get("config")
        layers = self.document["layers"]
        return ([config] if config else []) + [layer for layer in layers if not layer.get("urls")]

    @property
    def artifact_type(self) -> str | None:
        return self.document.get("artifactType") or self.document.get("config", {}).get("mediaType")

    @property
    def subject(self) -> str | None:
        return (self.document.get("subject") or {}).get("digest")


def _invalid(why: str) -> Exception:
    return aws_error(
        "InvalidParameterException",
        f"Invalid parameter at 'ImageManifest' failed to satisfy constraint: '{why}'",
    )
