"""The OCI distribution protocol at /v2/, with which docker, skopeo and their like push and pull.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md

The registry is the one the password's token was made for; where the client reaches us as
`<account>.dkr.ecr.<region>.…`, that registry.
"""

import json
import re
import time
from functools import wraps

from localstack.http import Request, Response
from werkzeug.wsgi import FileWrapper

from ..framework import ServiceException, account
from . import blobs
from .contents import Contents
from .manifests import OCI_INDEX, Manifest
from .registry import Registry

HOST = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.")
# The API's errors in the protocol's words.
ERRORS = {
    "RepositoryNotFoundException": (404, "NAME_UNKNOWN"),
    "ImageNotFoundException": (404, "MANIFEST_UNKNOWN"),
    "LayersNotFoundException": (404, "BLOB_UNKNOWN"),
    "ReferencedImagesNotFoundException": (404, "MANIFEST_UNKNOWN"),
    "UploadNotFoundException": (404, "BLOB_UPLOAD_UNKNOWN"),
    "InvalidLayerException": (400, "DIGEST_INVALID"),
    "InvalidLayerPartException": (416, "BLOB_UPLOAD_INVALID"),
    "EmptyUploadException": (400, "BLOB_UPLOAD_INVALID"),
    "ImageTagAlreadyExistsException": (400, "TAG_INVALID"),
    "InvalidParameterException": (400, "MANIFEST_INVALID"),
}


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.status, self.code = status, code


def _endpoint(method):
    """Authorizes, runs under the account's lock, and turns errors into the protocol's."""

    @wraps(method)
    def call(self, request: Request, **path):
        try:
            registry = _authorize(request)
            owner = account(registry.account_id)
            with owner.lock:
                owner.catch_up()
                return method(self, request, registry, **path)
        except Refused as error:
            return _error(error.status, error.code, str(error))
        except ServiceException as error:
            return _error(*ERRORS.get(error.code, (400, "UNSUPPORTED")), error.message)

    return call


class Distribution:
    def add_to(self, router) -> None:
        name = "/v2/<path:name>"
        for path, endpoint, *methods in (
            ("/v2/", self.version, "GET"),
            (f"{name}/manifests/<reference>", self.manifest, "GET", "HEAD", "PUT", "DELETE"),
            (f"{name}/blobs/<digest>", self.blob, "GET", "HEAD"),
            (f"{name}/blobs/uploads/", self.begin, "POST"),
            (f"{name}/blobs/uploads/<upload>", self.upload, "GET", "PATCH", "PUT", "DELETE"),
            (f"{name}/tags/list", self.tags, "GET"),
            (f"{name}/referrers/<digest>", self.referrers, "GET"),
        ):
            router.add(path, endpoint, methods=methods)

    @_endpoint
    def version(self, request: Request, registry: Registry):
        return Response("{}", mimetype="application/json", headers={"Docker-Distribution-Api-Version": "registry/2.0"})

    @_endpoint
    def manifest(self, request: Request, registry: Registry, name: str, reference: str):
        if request.method == "PUT":
            return self._put_manifest(request, registry, name, reference)
        if request.method == "DELETE":
            raise Refused(405, "UNSUPPORTED", "Amazon ECR deletes images by BatchDeleteImage only")
        image = registry.contents(name).get(_image_id(reference))
        image.pulled_at = registry.now()
        # The gateway leaves the body of an answer to HEAD away, and its length in the headers.
        headers = {"Docker-Content-Digest": image.digest}
        return Response(image.manifest.body, mimetype=image.manifest.media_type, headers=headers)

    def _put_manifest(self, request: Request, registry: Registry, name: str, reference: str):
        manifest = Manifest.parse(request.data, request.mimetype or None)
        wanted = _image_id(reference)
        if wanted.get("imageDigest") not in (None, manifest.digest):
            raise Refused(400, "DIGEST_INVALID", f"The manifest's digest is {manifest.digest}")
        try:
            registry.put(name, manifest, wanted.get("imageTag"))
        except ServiceException as error:
            # The API says so; a push of what is there already succeeds.
            if error.code != "ImageAlreadyExistsException":
                raise
        location = f"/v2/{name}/manifests/{manifest.digest}"
        headers = {"Location": location, "Docker-Content-Digest": manifest.digest}
        if manifest.subject:
            headers["OCI-Subject"] = manifest.subject
        return Response(status=201, headers=headers)

    @_endpoint
    def blob(self, request: Request, registry: Registry, name: str, digest: str):
        size = registry.contents(name).layers.get(digest)
        if size is None:
            raise Refused(404, "BLOB_UNKNOWN", f"The layer {digest} does not exist in {name}")
        headers = {"Docker-Content-Digest": digest, "Content-Length": str(size)}
        body = FileWrapper(blobs.path(digest).open("rb"))
        return Response(body, mimetype="application/octet-stream", headers=headers)

    @_endpoint
    def begin(self, request: Request, registry: Registry, name: str):
        contents = registry.contents(name)
        if (digest := request.args.get("mount")) and self._mount(registry, contents, digest, request.args.get("from")):
            return _created(contents, digest)
        upload = contents.begin_upload()
        if digest := request.args.get("digest"):
            return self._complete(request, contents, upload.id, digest)
        return _accepted(contents, upload)

    def _mount(self, registry: Registry, contents: Contents, digest: str, source: str | None) -> bool:
        """Amazon ECR shares layers between repositories only where the account setting allows it."""
        if registry.state.settings.get("BLOB_MOUNTING") != "ENABLED" or not source:
            return False
        size = registry.contents(source).layers.get(digest)
        if size is not None:
            contents.layers[digest] = size
        return size is not None

    @_endpoint
    def upload(self, request: Request, registry: Registry, name: str, upload: str):
        contents = registry.contents(name)
        if request.method == "PUT":
            return self._complete(request, contents, upload, request.args.get("digest"))
        found = contents.upload(upload)
        if request.method == "PATCH":
            self._append(request, found)
            return _accepted(contents, found)
        if request.method == "DELETE":
            contents.uploads.pop(upload).discard()
            return Response(status=204)
        return _accepted(contents, found, status=204)

    def _append(self, request: Request, upload: blobs.Upload) -> None:
        if body := request.data:
            start = request.headers.get("Content-Range", "").partition("-")[0].removeprefix("bytes ")
            upload.append(body, int(start) if start.isdigit() else upload.size)

    def _complete(self, request: Request, contents: Contents, upload: str, digest: str | None):
        if not digest:
            raise Refused(400, "DIGEST_INVALID", "The last request of an upload names the digest")
        self._append(request, contents.upload(upload))
        return _created(contents, contents.complete_upload(upload, digest))

    @_endpoint
    def tags(self, request: Request, registry: Registry, name: str):
        contents = registry.contents(name)
        tags = sorted(tag for image in contents.images.values() for tag in image.tags)
        after, count = request.args.get("last", ""), int(request.args.get("n", 1000))
        return _json({"name": name, "tags": [tag for tag in tags if tag > after][:count]})

    @_endpoint
    def referrers(self, request: Request, registry: Registry, name: str, digest: str):
        found = [
            {
                "mediaType": image.manifest.media_type,
                "digest": image.digest,
                "size": len(image.manifest.body),
                "artifactType": image.manifest.artifact_type,
            }
            for image in registry.contents(name).images.values()
            if image.manifest.subject == digest
        ]
        return _json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": found}, OCI_INDEX)


def _authorize(request: Request) -> Registry:
    password = request.authorization.password if request.authorization else request.args.get("token")
    if not password:
        raise Refused(401, "UNAUTHORIZED", "Not Authorized")
    try:
        registry, expires = Registry.of_token(password)
    except ValueError as error:
        raise Refused(401, "UNAUTHORIZED", str(error)) from None
    if expires < time.time():
        raise Refused(403, "DENIED", "Your authorization token has expired. Reauthenticate and try again.")
    host = HOST.match(request.host)
    return Registry(*host.groups()) if host else registry


def _image_id(reference: str) -> dict:
    return {"imageDigest" if ":" in reference else "imageTag": reference}


def _created(contents: Contents, digest: str):
    headers = {"Location": f"/v2/{contents.name}/blobs/{digest}", "Docker-Content-Digest": digest}
    return Response(status=201, headers=headers)


def _accepted(contents: Contents, upload: blobs.Upload, status: int = 202):
    headers = {
        "Location": f"/v2/{contents.name}/blobs/uploads/{upload.id}",
        "Docker-Upload-UUID": upload.id,
        "Range": f"0-{max(upload.size - 1, 0)}",
    }
    return Response(status=status, headers=headers)


def _json(document: dict, mimetype: str = "application/json"):
    return Response(json.dumps(document), mimetype=mimetype)


def _error(status: int, code: str, message: str):
    response = Response(json.dumps({"errors": [{"code": code, "message": message}]}), status, mimetype="application/json")
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="ecr",service="ecr.amazonaws.com"'
    return response
