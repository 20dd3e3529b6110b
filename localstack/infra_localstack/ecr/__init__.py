"""ECR: moto's repositories, and images that are real: digests of what was pushed, layers, scans, and a registry at /v2/.

`repositoryUri` has AWS's form, so that digests, policies and App Runner's image identifiers are AWS's. Nothing answers at
that name: a client goes to the `proxyEndpoint` GetAuthorizationToken gives, with the same repository path. That is
correct on AWS too, where both are the same host.

    password=$(aws ecr get-login-password)
    skopeo copy --dest-tls-verify=false --dest-creds AWS:$password SOURCE docker://127.0.0.1:4566/REPOSITORY:TAG
"""

import base64

from localstack import config

from .. import constraints, framework
from . import blobs, lifecycle
from .contents import Contents, Image, image_ids
from .distribution import Distribution
from .manifests import Manifest
from .registry import Registry, State
from .scan import Scan

# Defaults of https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutAccountSetting.html
SETTINGS = {"BASIC_SCAN_TYPE_VERSION": "AWS_NATIVE", "REGISTRY_POLICY_SCOPE": "V2", "BLOB_MOUNTING": "DISABLED"}
FAILURES = {
    "ImageNotFound": "Requested image not found",
    "MissingDigestAndTag": "Invalid request parameters: both tag and digest cannot be null",
    "ImageTagDoesNotMatchDigest": "The tag and the digest name different images",
    "ImageReferencedByManifestList": "Requested image referenced by manifest list",
}


class Provider(framework.Provider):
    service = "ecr"
    state_class = State

    def routes(self, router):
        Distribution().add_to(router)

    def _before(self, context, request):
        if why := constraints.broken(context.operation.input_shape, request):
            raise self.error("InvalidParameterException", why)

    # Repositories

    def delete_repository(self, context, request):
        contents = self._contents(context, request)
        if contents.images and not request.get("force"):
            raise self.error(
                "RepositoryNotEmptyException",
                f"The repository with name '{contents.name}' in registry with id '{contents.registry}' "
                "cannot be deleted because it still contains images",
            )
        answer = self.base_call(context)
        self.state(context).contents.pop(contents.name, None)
        return answer

    def put_image_scanning_configuration(self, context, request):
        # SDKs leave out `false`, which is the default of AWS; moto takes nothing for nothing to change.
        configuration = {"scanOnPush": False, **request["imageScanningConfiguration"]}
        return self.base_call(context, {**request, "imageScanningConfiguration": configuration})

    def put_lifecycle_policy(self, context, request):
        self._contents(context, request)
        lifecycle.validate(request["lifecyclePolicyText"])
        return self.base_call(context)

    def get_account_setting(self, context, request):
        name = request["name"]
        if name not in SETTINGS:
            raise self.error("InvalidParameterException", f"The account setting '{name}' is not valid")
        return {"name": name, "value": self.state(context).settings.get(name, SETTINGS[name])}

    def put_account_setting(self, context, request):
        self.get_account_setting(context, request)
        self.state(context).settings[request["name"]] = request["value"]
        return {"name": request["name"], "value": request["value"]}

    def get_authorization_token(self, context, request):
        registries = request.get("registryIds") or [context.account_id]
        data = []
        for registry in registries:
            password, expires = Registry(registry, context.region).token()
            data.append(
                {
                    "authorizationToken": base64.b64encode(f"AWS:{password}".encode()).decode(),
                    "expiresAt": expires,
                    "proxyEndpoint": config.external_service_url(),
                }
            )
        return {"authorizationData": data}

    # Layers

    def initiate_layer_upload(self, context, request):
        upload = self._contents(context, request).begin_upload()
        return {"uploadId": upload.id, "partSize": blobs.PART_SIZE}

    def upload_layer_part(self, context, request):
        contents = self._contents(context, request)
        upload, part = contents.upload(request["uploadId"]), request["layerPartBlob"]
        if len(part) != request["partLastByte"] - request["partFirstByte"] + 1:
            raise self.error("InvalidLayerPartException", "The layer part is not as long as its first and last byte say")
        upload.append(part, request["partFirstByte"])
        return {**_place(contents), "uploadId": upload.id, "lastByteReceived": upload.size - 1}

    def complete_layer_upload(self, context, request):
        contents = self._contents(context, request)
        expected = request["layerDigests"][0]
        contents.upload(request["uploadId"])
        if expected in contents.layers:
            raise self.error(
                "LayerAlreadyExistsException", f"Layer with digest '{expected}' already exists {contents.where}"
            )
        digest = contents.complete_upload(request["uploadId"], expected)
        return {**_place(contents), "uploadId": request["uploadId"], "layerDigest": digest}

    def batch_check_layer_availability(self, context, request):
        held = self._contents(context, request).layers
        layers = [
            {"layerDigest": digest, "layerAvailability": "AVAILABLE", "layerSize": held[digest]}
            if digest in held
            else {"layerDigest": digest, "layerAvailability": "UNAVAILABLE"}
            for digest in request["layerDigests"]
        ]
        return {"layers": layers, "failures": []}

    def get_download_url_for_layer(self, context, request):
        contents, digest = self._contents(context, request), request["layerDigest"]
        if digest not in contents.layers:
            raise self.error("LayersNotFoundException", f"The layer with digest '{digest}' does not exist {contents.where}")
        token, _ = Registry(context.account_id, context.region).token()
        url = f"{config.external_service_url()}/v2/{contents.name}/blobs/{digest}?token={token}"
        return {"downloadUrl": url, "layerDigest": digest}

    # Images

    def put_image(self, context, request):
        contents = self._contents(context, request)
        manifest = Manifest.parse(request["imageManifest"].encode(), request.get("imageManifestMediaType"))
        if request.get("imageDigest") not in (None, manifest.digest):
            raise self.error(
                "ImageDigestDoesNotMatchException",
                f"The digest '{request['imageDigest']}' does not match the one calculated, '{manifest.digest}'",
            )
        tag = request.get("imageTag")
        image = Registry(context.account_id, context.region).put(contents.name, manifest, tag)
        return {"image": _image(contents, image, tag)}

    def batch_get_image(self, context, request):
        contents, images, failures = self._contents(context, request), [], []
        for image_id in request["imageIds"]:
            digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
            image = contents.find(digest, tag) if digest or tag else None
            if image is None:
                failures.append(_failure(image_id, "ImageNotFound" if digest or tag else "MissingDigestAndTag"))
                continue
            image.pulled_at = self.now(context)
            images.append(_image(contents, image, tag))
        return {"images": images, "failures": failures}

    def describe_images(self, context, request):
        contents = self._contents(context, request)
        if wanted := request.get("imageIds"):
            if request.get("maxResults") or request.get("nextToken"):
                raise self.error("InvalidParameterException", "maxResults and nextToken cannot be used with imageIds")
            images = list({id(image): image for image in map(contents.get, wanted)}.values())
        else:
            images = [image for image in contents.images.values() if _has_status(image, request)]
        images, token = _page(images, request, 100)
        return _with_token({"imageDetails": [self._detail(context, contents, image) for image in images]}, token)

    def list_images(self, context, request):
        contents = self._contents(context, request)
        ids = [it for image in contents.images.values() if _has_status(image, request) for it in image_ids(image)]
        ids, token = _page(ids, request, 100)
        return _with_token({"imageIds": ids}, token)

    def batch_delete_image(self, context, request):
        contents, deleted, failures = self._contents(context, request), [], []
        for image_id in request["imageIds"]:
            ids, failure = contents.delete(image_id)
            deleted += ids
            if failure:
                failures.append(_failure(image_id, failure))
        return {"imageIds": deleted, "failures": failures}

    def list_image_referrers(self, context, request):
        contents, subject = self._contents(context, request), request["subjectId"]["imageDigest"]
        wanted = (request.get("filter") or {}).get("artifactTypes")
        referrers = [
            {
                "digest": image.digest,
                "mediaType": image.manifest.media_type,
                "artifactType": image.manifest.artifact_type,
                "size": len(image.manifest.body),
                "annotations": image.manifest.document.get("annotations", {}),
                "artifactStatus": "ACTIVE",
            }
            for image in contents.images.values()
            if image.manifest.subject == subject and (not wanted or image.manifest.artifact_type in wanted)
        ]
        referrers, token = _page(referrers, request, 50)
        return _with_token({"referrers": referrers}, token)

    # Scans

    def start_image_scan(self, context, request):
        contents = self._contents(context, request)
        image = contents.get(request["imageId"])
        registry = Registry(context.account_id, context.region)
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced.html: no manual scans
        if registry.is_enhanced:
            raise self.error("ValidationException", "This feature is disabled")
        if image.manifest.is_index:
            raise self.error(
                "UnsupportedImageTypeException",
                f"An artifact with media type '{image.manifest.media_type}' cannot be scanned. "
                "For more information, see the Amazon ECR documentation.",
            )
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-basic.html: once in 24 hours
        if image.scan and self.now(context) - image.scan.started < 24 * 60 * 60:
            raise self.error(
                "LimitExceededException",
                "The scan quota per image has been exceeded. Wait and try again.",
            )
        scan = registry.start_scan(contents, image)
        return self._scan_answer(context, contents, image, request, scan)

    def describe_image_scan_findings(self, context, request):
        contents = self._contents(context, request)
        image = contents.get(request["imageId"])
        scan = Registry(context.account_id, context.region).scan(contents, image)
        if scan is None:
            raise self.error(
                "ScanNotFoundException", f"Image scan does not exist for the image with '{image.digest}' {contents.where}"
            )
        answer = self._scan_answer(context, contents, image, request, scan)
        if not scan.is_complete(self.now(context)):
            return answer
        findings, token = _page(scan.findings(), request, 100)
        form = "enhancedFindings" if scan.is_enhanced and findings else "findings"
        return _with_token({**answer, "imageScanFindings": {**scan.summary(), form: findings}}, token)

    def _scan_answer(self, context, contents: Contents, image: Image, request: dict, scan: Scan) -> dict:
        return {
            **_place(contents),
            "imageId": {"imageDigest": image.digest, **request["imageId"]},
            "imageScanStatus": scan.status(self.now(context)),
        }

    # Shared

    def _contents(self, context, request: dict) -> Contents:
        registry = request.get("registryId") or context.account_id
        if registry != context.account_id:
            raise self.error("RepositoryNotFoundException", f"Registry '{registry}' is not the caller's own")
        return Registry(context.account_id, context.region).contents(request["repositoryName"])

    def _detail(self, context, contents: Contents, image: Image) -> dict:
        detail = {
            **_place(contents),
            "imageDigest": image.digest,
            "imageSizeInBytes": contents.size(image),
            "imagePushedAt": image.pushed_at,
            "imageManifestMediaType": image.manifest.media_type,
            "artifactMediaType": image.manifest.artifact_type,
            "lastRecordedPullTime": image.pulled_at,
            "subjectManifestDigest": image.manifest.subject,
            "imageStatus": "ACTIVE",
        }
        if image.tags:
            detail["imageTags"] = image.tags
        registry = Registry(context.account_id, context.region)
        if (scan := registry.scan(contents, image)) and registry.summarises_scans:
            detail["imageScanStatus"] = scan.status(self.now(context))
            if scan.is_complete(self.now(context)):
                detail["imageScanFindingsSummary"] = scan.summary()
        return {key: value for key, value in detail.items() if value is not None}


def _place(contents: Contents) -> dict:
    return {"registryId": contents.registry, "repositoryName": contents.name}


def _image(contents: Contents, image: Image, tag: str | None) -> dict:
    image_id = {"imageDigest": image.digest, **({"imageTag": tag} if tag else {})}
    return {
        **_place(contents),
        "imageId": image_id,
        "imageManifest": image.manifest.body.decode(),
        "imageManifestMediaType": image.manifest.media_type,
    }


def _failure(image_id: dict, code: str) -> dict:
    return {"imageId": image_id, "failureCode": code, "failureReason": FAILURES[code]}


def _has_status(image: Image, request: dict) -> bool:
    status = (request.get("filter") or {}).get("tagStatus", "ANY")
    return status == "ANY" or (status == "TAGGED") == bool(image.tags)


def _page(items: list, request: dict, default: int) -> tuple[list, str | None]:
    """A page of the items and the token of the next, which is simply where it starts."""
    start, size = int(request.get("nextToken") or 0), request.get("maxResults") or default
    return items[start : start + size], str(start + size) if start + size < len(items) else None


def _with_token(answer: dict, token: str | None) -> dict:
    return {**answer, "nextToken": token} if token else answer
