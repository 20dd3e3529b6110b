"""Container images small enough to push in every test."""

import hashlib
import json

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def upload(ecr, repository: str, content: bytes) -> str:
    """One layer, in one part; nothing if it is there already."""
    wanted = digest(content)
    there = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[wanted])["layers"][0]
    if there["layerAvailability"] == "UNAVAILABLE":
        upload_id = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
        ecr.upload_layer_part(
            repositoryName=repository,
            uploadId=upload_id,
            partFirstByte=0,
            partLastByte=len(content) - 1,
            layerPartBlob=content,
        )
        ecr.complete_layer_upload(repositoryName=repository, uploadId=upload_id, layerDigests=[wanted])
    return wanted


def manifest(config: bytes, layer: bytes) -> str:
    """Spaces and order are part of the digest, so they are unusual on purpose."""
    return json.dumps(
        {
            "layers": [
                {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest(layer), "size": len(layer)}
            ],
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": digest(config),
                "size": len(config),
            },
            "mediaType": OCI_MANIFEST,
            "schemaVersion": 2,
        },
        indent=3,
    )


def push(ecr, repository: str, tag: str | None = None, content: str = "hello") -> str:
    """Pushes an image through the API; its digest."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "content": content}).encode()
    layer = f"layer of {content}".encode()
    for blob in (config, layer):
        upload(ecr, repository, blob)
    body = manifest(config, layer)
    ecr.put_image(repositoryName=repository, imageManifest=body, **({"imageTag": tag} if tag else {}))
    return digest(body.encode())
