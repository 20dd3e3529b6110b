"""Puts a tiny image with the tag v1 into repositories of an environment, as a pipeline would push one."""

import hashlib
import json
import os
import sys
import tomllib
from pathlib import Path

import boto3

MEDIA = "application/vnd.oci.image."


def upload(ecr, repository: str, blob: bytes) -> dict:
    """Uploads a blob; gives its descriptor without the media type."""
    digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
    there = ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=[digest])
    if there["layers"][0:1] and there["layers"][0]["layerAvailability"] == "AVAILABLE":
        return {"digest": digest, "size": len(blob)}
    begun = ecr.initiate_layer_upload(repositoryName=repository)
    ecr.upload_layer_part(
        repositoryName=repository,
        uploadId=begun["uploadId"],
        partFirstByte=0,
        partLastByte=len(blob) - 1,
        layerPartBlob=blob,
    )
    ecr.complete_layer_upload(repositoryName=repository, uploadId=begun["uploadId"], layerDigests=[digest])
    return {"digest": digest, "size": len(blob)}


def push(ecr, repository: str, tag: str) -> str:
    """Pushes an image without layers of use; gives its digest."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": {"tag": tag, "for": repository}}})
    layer = f"{repository}:{tag}".encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": f"{MEDIA}manifest.v1+json",
            "config": {"mediaType": f"{MEDIA}config.v1+json", **upload(ecr, repository, config.encode())},
            "layers": [{"mediaType": f"{MEDIA}layer.v1.tar", **upload(ecr, repository, layer)}],
        }
    )
    image = ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag=tag)
    return image["image"]["imageId"]["imageDigest"]


def main(environment: str, repositories: list[str]) -> None:
    base = tomllib.loads((Path(__file__).parent.parent / "environments/base.toml").read_text())
    ecr = boto3.client("ecr", region_name=base["aws"]["region"], endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    for name in repositories:
        repository = f"{base['project']}-{environment}/{name}"
        try:
            print(f"{repository}:v1 is {push(ecr, repository, 'v1')}")
        except ecr.exceptions.ImageAlreadyExistsException:
            print(f"{repository}:v1 is there already")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
