"""ECR: repositories, images by their real digests, layers, scans, and the registry itself."""

import base64
import json
import shutil
import subprocess

import images
import pytest
import requests


@pytest.fixture
def repository(aws) -> str:
    aws.ecr.create_repository(repositoryName="team/web")
    return "team/web"


def describe(aws, repository, **image_id):
    return aws.ecr.describe_images(repositoryName=repository, imageIds=[image_id])["imageDetails"][0]


def login(aws) -> tuple[str, str]:
    data = aws.ecr.get_authorization_token()["authorizationData"][0]
    user, password = base64.b64decode(data["authorizationToken"]).decode().split(":")
    assert data["proxyEndpoint"] == aws.endpoint
    return user, password


# Repositories


def test_repository_reads_back_what_was_asked_for(aws):
    created = aws.ecr.create_repository(
        repositoryName="web",
        imageTagMutability="IMMUTABLE",
        imageScanningConfiguration={"scanOnPush": True},
        tags=[{"Key": "infra:project", "Value": "shop"}],
    )["repository"]
    read = aws.ecr.describe_repositories(repositoryNames=["web"])["repositories"][0]
    assert read == created
    assert read["repositoryUri"] == f"{aws.account}.dkr.ecr.{aws.region}.amazonaws.com/web"
    assert read["imageTagMutability"] == "IMMUTABLE"
    assert read["imageScanningConfiguration"] == {"scanOnPush": True}
    assert read["encryptionConfiguration"] == {"encryptionType": "AES256"}
    tags = aws.ecr.list_tags_for_resource(resourceArn=read["repositoryArn"])["tags"]
    assert tags == [{"Key": "infra:project", "Value": "shop"}]
    aws.ecr.tag_resource(resourceArn=read["repositoryArn"], tags=[{"Key": "owner", "Value": "me"}])
    aws.ecr.untag_resource(resourceArn=read["repositoryArn"], tagKeys=["infra:project"])
    assert aws.ecr.list_tags_for_resource(resourceArn=read["repositoryArn"])["tags"] == [{"Key": "owner", "Value": "me"}]


def test_settings_of_a_repository_change_in_place(aws, repository):
    aws.ecr.put_image_tag_mutability(repositoryName=repository, imageTagMutability="IMMUTABLE")
    aws.ecr.put_image_scanning_configuration(
        repositoryName=repository, imageScanningConfiguration={"scanOnPush": True}
    )
    read = aws.ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]
    assert (read["imageTagMutability"], read["imageScanningConfiguration"]["scanOnPush"]) == ("IMMUTABLE", True)


def test_duplicate_and_missing_repositories_are_refused(aws, repository):
    aws.refuses("RepositoryAlreadyExistsException", aws.ecr.create_repository, repositoryName=repository)
    aws.refuses("RepositoryNotFoundException", aws.ecr.describe_repositories, repositoryNames=["none"])
    aws.refuses("RepositoryNotFoundException", aws.ecr.describe_images, repositoryName="none")
    aws.refuses("RepositoryNotFoundException", aws.ecr.delete_repository, repositoryName="none")


def test_repository_with_images_is_deleted_by_force_only(aws, repository):
    images.push(aws.ecr, repository, "1")
    aws.refuses("RepositoryNotEmptyException", aws.ecr.delete_repository, repositoryName=repository)
    aws.ecr.delete_repository(repositoryName=repository, force=True)
    aws.ecr.create_repository(repositoryName=repository)
    assert aws.ecr.describe_images(repositoryName=repository)["imageDetails"] == []


RULE = {
    "rulePriority": 1,
    "description": "keep 20",
    "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 20},
    "action": {"type": "expire"},
}


def test_lifecycle_policy_reads_back_and_goes(aws, repository):
    aws.refuses("LifecyclePolicyNotFoundException", aws.ecr.get_lifecycle_policy, repositoryName=repository)
    text = json.dumps({"rules": [RULE]})
    aws.ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=text)
    assert aws.ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"] == text
    aws.ecr.delete_lifecycle_policy(repositoryName=repository)
    aws.refuses("LifecyclePolicyNotFoundException", aws.ecr.get_lifecycle_policy, repositoryName=repository)


@pytest.mark.parametrize(
    "policy",
    [
        "not json",
        "[]",
        "{}",
        json.dumps({"rules": []}),
        json.dumps({"rules": [{**RULE, "action": {"type": "keep"}}]}),
        json.dumps({"rules": [{**RULE, "extra": 1}]}),
        json.dumps({"rules": [{**RULE, "selection": {**RULE["selection"], "tagStatus": "tagged"}}]}),
        json.dumps({"rules": [{**RULE, "selection": {**RULE["selection"], "countNumber": 0}}]}),
        json.dumps({"rules": [{**RULE, "selection": {**RULE["selection"], "countType": "sinceImagePushed"}}]}),
        json.dumps({"rules": [RULE, RULE]}),
    ],
)
def test_malformed_lifecycle_policy_is_refused(aws, repository, policy):
    put = aws.ecr.put_lifecycle_policy
    aws.refuses("InvalidParameterException", put, repositoryName=repository, lifecyclePolicyText=policy)


# Images


def test_digest_is_that_of_the_manifest_bytes(aws, repository):
    pushed = images.push(aws.ecr, repository, "1")
    detail = describe(aws, repository, imageTag="1")
    assert detail["imageDigest"] == pushed
    assert detail["imageTags"] == ["1"]
    assert detail["imageManifestMediaType"] == images.OCI_MANIFEST
    assert detail["imageSizeInBytes"] > 0 and detail["imagePushedAt"] and detail["imageStatus"] == "ACTIVE"
    got = aws.ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": "1"}])["images"][0]
    assert images.digest(got["imageManifest"].encode()) == pushed
    assert got["imageId"] == {"imageDigest": pushed, "imageTag": "1"}


def test_batch_get_image_lists_what_is_missing(aws, repository):
    pushed = images.push(aws.ecr, repository, "1")
    ids = [{"imageDigest": pushed}, {"imageTag": "no"}, {"imageDigest": pushed, "imageTag": "no"}]
    answer = aws.ecr.batch_get_image(repositoryName=repository, imageIds=ids)
    assert [it["imageId"] for it in answer["images"]] == [{"imageDigest": pushed}]
    assert [it["failureCode"] for it in answer["failures"]] == ["ImageNotFound", "ImageNotFound"]
    missing = [{"imageTag": "no"}]
    aws.refuses("ImageNotFoundException", aws.ecr.describe_images, repositoryName=repository, imageIds=missing)


def test_the_same_image_and_tag_twice_is_refused(aws, repository):
    pushed = images.push(aws.ecr, repository, "1")
    aws.refuses("ImageAlreadyExistsException", images.push, ecr=aws.ecr, repository=repository, tag="1")
    aws.refuses("ImageAlreadyExistsException", images.push, ecr=aws.ecr, repository=repository)
    assert images.push(aws.ecr, repository, "2") == pushed
    assert describe(aws, repository, imageDigest=pushed)["imageTags"] == ["1", "2"]


def test_a_mutable_tag_moves(aws, repository):
    first = images.push(aws.ecr, repository, "live", content="one")
    second = images.push(aws.ecr, repository, "live", content="two")
    assert describe(aws, repository, imageTag="live")["imageDigest"] == second
    assert "imageTags" not in describe(aws, repository, imageDigest=first)
    listed = aws.ecr.list_images(repositoryName=repository, filter={"tagStatus": "UNTAGGED"})["imageIds"]
    assert listed == [{"imageDigest": first}]


def test_an_immutable_tag_stays(aws, repository):
    aws.ecr.put_image_tag_mutability(repositoryName=repository, imageTagMutability="IMMUTABLE")
    first = images.push(aws.ecr, repository, "1", content="one")
    aws.refuses(
        "ImageTagAlreadyExistsException", images.push, ecr=aws.ecr, repository=repository, tag="1", content="two"
    )
    assert describe(aws, repository, imageTag="1")["imageDigest"] == first


def test_tags_excluded_from_immutability_move(aws, repository):
    aws.ecr.put_image_tag_mutability(
        repositoryName=repository,
        imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "live*"}],
    )
    for tag, moves in (("live-web", True), ("1", False)):
        images.push(aws.ecr, repository, tag, content=f"one {tag}")
        again = {"ecr": aws.ecr, "repository": repository, "tag": tag, "content": f"two {tag}"}
        if moves:
            images.push(**again)
        else:
            aws.refuses("ImageTagAlreadyExistsException", images.push, **again)


def test_put_image_checks_what_it_is_given(aws, repository):
    put = aws.ecr.put_image
    body = images.manifest(b"config", b"layer")
    aws.refuses("LayersNotFoundException", put, repositoryName=repository, imageManifest=body, imageTag="1")
    aws.refuses("InvalidParameterException", put, repositoryName=repository, imageManifest="{", imageTag="1")
    for blob in (b"config", b"layer"):
        images.upload(aws.ecr, repository, blob)
    wrong = images.digest(b"other")
    aws.refuses("ImageDigestDoesNotMatchException", put, repositoryName=repository, imageManifest=body, imageDigest=wrong)
    untyped = json.dumps({key: value for key, value in json.loads(body).items() if key != "mediaType"})
    aws.refuses("InvalidParameterException", put, repositoryName=repository, imageManifest=untyped)
    put(repositoryName=repository, imageManifest=untyped, imageManifestMediaType=images.OCI_MANIFEST)


def index_of(*digests) -> str:
    children = [{"mediaType": images.OCI_MANIFEST, "digest": it, "size": 1} for it in digests]
    return json.dumps({"schemaVersion": 2, "mediaType": images.OCI_INDEX, "manifests": children})


def test_an_index_wants_its_images_and_keeps_them(aws, repository):
    missing = index_of(images.digest(b"none"))
    aws.refuses(
        "ReferencedImagesNotFoundException", aws.ecr.put_image, repositoryName=repository, imageManifest=missing
    )
    child = images.push(aws.ecr, repository)
    aws.ecr.put_image(repositoryName=repository, imageManifest=index_of(child), imageTag="1")
    failures = aws.ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": child}])["failures"]
    assert failures[0]["failureCode"] == "ImageReferencedByManifestList"
    aws.ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "1"}])
    deleted = aws.ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": child}])["imageIds"]
    assert deleted == [{"imageDigest": child}]


def test_deleting_by_tag_takes_the_image_with_its_last_tag(aws, repository):
    pushed = images.push(aws.ecr, repository, "1")
    images.push(aws.ecr, repository, "2")
    aws.ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "1"}])
    assert describe(aws, repository, imageDigest=pushed)["imageTags"] == ["2"]
    aws.ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "2"}])
    assert aws.ecr.list_images(repositoryName=repository)["imageIds"] == []
    ids = [{"imageTag": "2"}, {}]
    failures = aws.ecr.batch_delete_image(repositoryName=repository, imageIds=ids)["failures"]
    assert [it["failureCode"] for it in failures] == ["ImageNotFound", "MissingDigestAndTag"]


def test_images_come_in_pages(aws, repository):
    wanted = {images.push(aws.ecr, repository, str(number), content=str(number)) for number in range(5)}
    paginator = aws.ecr.get_paginator("describe_images")
    pages = list(paginator.paginate(repositoryName=repository, PaginationConfig={"PageSize": 2}))
    assert [len(page["imageDetails"]) for page in pages] == [2, 2, 1]
    assert {it["imageDigest"] for page in pages for it in page["imageDetails"]} == wanted


# Layers


def test_a_layer_arrives_in_parts(aws, repository):
    content = b"0123456789"
    upload = aws.ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    for first, last in ((0, 3), (4, 9)):
        answer = aws.ecr.upload_layer_part(
            repositoryName=repository,
            uploadId=upload,
            partFirstByte=first,
            partLastByte=last,
            layerPartBlob=content[first : last + 1],
        )
        assert answer["lastByteReceived"] == last
    wrong = [images.digest(b"other")]
    complete = {"repositoryName": repository, "uploadId": upload}
    aws.refuses("InvalidLayerException", aws.ecr.complete_layer_upload, layerDigests=wrong, **complete)
    right = [images.digest(content)]
    assert aws.ecr.complete_layer_upload(layerDigests=right, **complete)["layerDigest"] == right[0]
    available = aws.ecr.batch_check_layer_availability(repositoryName=repository, layerDigests=right + wrong)["layers"]
    assert [it["layerAvailability"] for it in available] == ["AVAILABLE", "UNAVAILABLE"]
    url = aws.ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=right[0])["downloadUrl"]
    assert requests.get(url, timeout=30).content == content


def test_layer_mistakes_are_refused(aws, repository):
    none = "00000000-0000-0000-0000-000000000000"
    aws.refuses(
        "UploadNotFoundException",
        aws.ecr.complete_layer_upload,
        repositoryName=repository,
        uploadId=none,
        layerDigests=[images.digest(b"")],
    )
    upload = aws.ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    part = {"repositoryName": repository, "uploadId": upload, "partFirstByte": 5, "partLastByte": 6}
    aws.refuses("InvalidLayerPartException", aws.ecr.upload_layer_part, layerPartBlob=b"ab", **part)
    aws.refuses(
        "EmptyUploadException",
        aws.ecr.complete_layer_upload,
        repositoryName=repository,
        uploadId=upload,
        layerDigests=[images.digest(b"")],
    )
    there = images.upload(aws.ecr, repository, b"layer")
    again = aws.ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    aws.refuses(
        "LayerAlreadyExistsException",
        aws.ecr.complete_layer_upload,
        repositoryName=repository,
        uploadId=again,
        layerDigests=[there],
    )
    aws.refuses(
        "LayersNotFoundException",
        aws.ecr.get_download_url_for_layer,
        repositoryName=repository,
        layerDigest=images.digest(b"no"),
    )


# Scans


def scanned(aws, repository, **image_id):
    return aws.ecr.describe_image_scan_findings(repositoryName=repository, imageId=image_id)


def test_scan_on_push_takes_its_time_and_finds_nothing(aws, repository):
    aws.ecr.put_image_scanning_configuration(
        repositoryName=repository, imageScanningConfiguration={"scanOnPush": True}
    )
    aws.settle(600, "ecr")
    images.push(aws.ecr, repository, "1")
    assert scanned(aws, repository, imageTag="1")["imageScanStatus"]["status"] == "IN_PROGRESS"
    done = aws.hurried(lambda: scanned(aws, repository, imageTag="1").get("imageScanFindings"))
    assert done["findings"] == [] and done["findingSeverityCounts"] == {}


def test_only_the_old_form_of_scanning_is_summed_up(aws, repository):
    """"The new version of Amazon ECR Basic Scanning doesn't use the imageScanFindingsSummary and imageScanStatus attributes":
    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html"""
    images.push(aws.ecr, repository, "1")
    aws.ecr.start_image_scan(repositoryName=repository, imageId={"imageTag": "1"})
    aws.eventually(lambda: scanned(aws, repository, imageTag="1").get("imageScanFindings"))
    assert not {"imageScanStatus", "imageScanFindingsSummary"} & describe(aws, repository, imageTag="1").keys()
    aws.ecr.put_account_setting(name="BASIC_SCAN_TYPE_VERSION", value="CLAIR")
    detail = describe(aws, repository, imageTag="1")
    assert detail["imageScanStatus"]["status"] == "COMPLETE"
    assert detail["imageScanFindingsSummary"]["findingSeverityCounts"] == {}


def test_findings_are_as_asked_for(aws, repository):
    pushed = images.push(aws.ecr, repository, "1")
    image_id = {"imageDigest": pushed}
    aws.refuses(
        "ScanNotFoundException", aws.ecr.describe_image_scan_findings, repositoryName=repository, imageId=image_id
    )
    aws.infra("outcome", service="ecr", resource=repository, outcome={"HIGH": 2, "LOW": 1})
    aws.ecr.start_image_scan(repositoryName=repository, imageId=image_id)
    found = scanned(aws, repository, **image_id)["imageScanFindings"]
    assert found["findingSeverityCounts"] == {"HIGH": 2, "LOW": 1}
    assert [it["severity"] for it in found["findings"]] == ["HIGH", "HIGH", "LOW"]
    aws.refuses("LimitExceededException", aws.ecr.start_image_scan, repositoryName=repository, imageId=image_id)
    # A vulnerability that becomes known later.
    aws.infra("outcome", service="ecr", resource=f"{repository}@{pushed}", outcome={"CRITICAL": 1})
    assert scanned(aws, repository, **image_id)["imageScanFindings"]["findingSeverityCounts"] == {"CRITICAL": 1}


FOUND = {"name": "CVE-2026-1", "severity": "HIGH", "package": "openssl", "version": "3.0.1", "fixed_in": "3.0.9"}


def test_findings_have_packages_and_come_in_pages(aws, repository):
    pushed = images.push(aws.ecr, repository)
    image_id = {"imageDigest": pushed}
    findings = [FOUND, *({**FOUND, "name": f"CVE-2026-{number}"} for number in range(2, 6))]
    outcome = {"findings": [{**FOUND, "severity": "LOW"}, *findings]}
    aws.infra("outcome", service="ecr", resource=repository, outcome=outcome)
    aws.ecr.start_image_scan(repositoryName=repository, imageId=image_id)
    first = aws.ecr.describe_image_scan_findings(repositoryName=repository, imageId=image_id, maxResults=4)
    token = first["nextToken"]
    rest = aws.ecr.describe_image_scan_findings(repositoryName=repository, imageId=image_id, maxResults=4, nextToken=token)
    assert "nextToken" not in rest
    pages = [it["imageScanFindings"]["findings"] for it in (first, rest)]
    assert [len(page) for page in pages] == [4, 2]
    attributes = {it["key"]: it["value"] for it in pages[0][0]["attributes"]}
    assert attributes == {"package_name": "openssl", "package_version": "3.0.1"}
    assert pages[1][-1]["severity"] == "LOW"


def enhance(aws, frequency):
    rules = [{"scanFrequency": frequency, "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}]
    aws.ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=rules)


@pytest.mark.parametrize(("frequency", "status"), [("SCAN_ON_PUSH", "COMPLETE"), ("CONTINUOUS_SCAN", "ACTIVE")])
def test_enhanced_findings_have_another_form(aws, repository, frequency, status):
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EnhancedImageScanFinding.html"""
    enhance(aws, frequency)
    aws.infra("outcome", service="ecr", resource=repository, outcome={"findings": [FOUND]})
    images.push(aws.ecr, repository, "1")
    answer = scanned(aws, repository, imageTag="1")
    assert answer["imageScanStatus"]["status"] == status
    found = answer["imageScanFindings"]
    assert found["findingSeverityCounts"] == {"HIGH": 1} and "findings" not in found
    details = found["enhancedFindings"][0]["packageVulnerabilityDetails"]
    assert details["vulnerabilityId"] == "CVE-2026-1"
    package = details["vulnerablePackages"][0]
    assert (package["name"], package["version"], package["fixedInVersion"]) == ("openssl", "3.0.1", "3.0.9")
    # "Manual scans using enhanced scanning aren't supported."
    start = aws.ecr.start_image_scan
    aws.refuses("ValidationException", start, repositoryName=repository, imageId={"imageTag": "1"})


def test_an_enhanced_scan_may_say_it_is_complete_before_it_has_results(aws, repository):
    """https://github.com/aws/aws-sdk/issues/289"""
    enhance(aws, "SCAN_ON_PUSH")
    pushed = images.push(aws.ecr, repository)
    outcome = {"status": "COMPLETE", "findings": None}
    aws.infra("outcome", service="ecr", resource=f"{repository}@{pushed}", outcome=outcome)
    answer = scanned(aws, repository, imageDigest=pushed)
    assert answer["imageScanStatus"]["status"] == "COMPLETE" and answer["imageScanFindings"] == {"findings": []}


@pytest.mark.parametrize("status", ["FAILED", "PENDING", "UNSUPPORTED_IMAGE", "SCAN_ELIGIBILITY_EXPIRED"])
def test_a_scan_can_end_without_results(aws, repository, status):
    images.push(aws.ecr, repository, "1")
    aws.infra("outcome", service="ecr", resource=f"{repository}:1", outcome=status)
    aws.ecr.start_image_scan(repositoryName=repository, imageId={"imageTag": "1"})
    answer = scanned(aws, repository, imageTag="1")
    assert answer["imageScanStatus"]["status"] == status and "imageScanFindings" not in answer


def test_an_index_is_not_scanned_and_its_images_are(aws, repository):
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-troubleshooting.html"""
    aws.ecr.put_image_scanning_configuration(
        repositoryName=repository, imageScanningConfiguration={"scanOnPush": True}
    )
    child = images.push(aws.ecr, repository)
    aws.ecr.put_image(repositoryName=repository, imageManifest=index_of(child), imageTag="1")
    image_id = {"imageTag": "1"}
    aws.refuses(
        "UnsupportedImageTypeException", aws.ecr.start_image_scan, repositoryName=repository, imageId=image_id
    )
    aws.refuses(
        "ScanNotFoundException", aws.ecr.describe_image_scan_findings, repositoryName=repository, imageId=image_id
    )
    assert scanned(aws, repository, imageDigest=child)["imageScanStatus"]["status"] == "COMPLETE"


def test_another_tag_needs_nothing_but_the_manifest(aws, repository):
    aws.ecr.put_image_tag_mutability(repositoryName=repository, imageTagMutability="IMMUTABLE")
    pushed = images.push(aws.ecr, repository, "1")
    body = aws.ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageDigest": pushed}])["images"][0]
    put = {"repositoryName": repository, "imageManifest": body["imageManifest"], "imageDigest": pushed}
    aws.ecr.put_image(**put, imageTag="rejected-1")
    aws.refuses("ImageAlreadyExistsException", aws.ecr.put_image, **put, imageTag="rejected-1")
    assert describe(aws, repository, imageDigest=pushed)["imageTags"] == ["1", "rejected-1"]


# The registry


def test_the_registry_wants_the_token(aws, repository):
    url = f"{aws.endpoint}/v2/"
    refused = requests.get(url, timeout=30)
    assert refused.status_code == 401 and refused.headers["WWW-Authenticate"].startswith("Basic ")
    assert requests.get(url, auth=("AWS", "wrong"), timeout=30).status_code == 401
    assert requests.get(url, auth=login(aws), timeout=30).status_code == 200


def test_a_token_opens_its_own_account_only(aws, repository):
    images.push(aws.ecr, repository, "1")
    url = f"{aws.endpoint}/v2/{repository}/manifests/1"
    assert requests.get(url, auth=login(aws), timeout=30).headers["Docker-Content-Digest"]
    other = type(aws)(aws.endpoint)
    refused = requests.get(url, auth=login(other), timeout=30)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (404, "NAME_UNKNOWN")


def test_registry_and_api_show_the_same_images(aws, repository):
    auth, base = login(aws), f"{aws.endpoint}/v2/{repository}"
    for blob in (b"config", b"layer"):
        upload = requests.post(f"{base}/blobs/uploads/", auth=auth, timeout=30)
        assert upload.status_code == 202
        where = aws.endpoint + upload.headers["Location"]
        assert requests.patch(where, data=blob, auth=auth, timeout=30).status_code == 202
        wrong = requests.put(where, params={"digest": images.digest(b"x")}, auth=auth, timeout=30)
        assert wrong.json()["errors"][0]["code"] == "DIGEST_INVALID"
        done = requests.put(where, params={"digest": images.digest(blob)}, auth=auth, timeout=30)
        assert done.status_code == 201
        read = requests.get(f"{base}/blobs/{images.digest(blob)}", auth=auth, timeout=30)
        assert read.content == blob
        head = requests.head(f"{base}/blobs/{images.digest(blob)}", auth=auth, timeout=30)
        assert (head.status_code, int(head.headers["Content-Length"])) == (200, len(blob))
    body = images.manifest(b"config", b"layer").encode()
    put = {"data": body, "headers": {"Content-Type": images.OCI_MANIFEST}, "auth": auth, "timeout": 30}
    assert requests.put(f"{base}/manifests/1", **put).headers["Docker-Content-Digest"] == images.digest(body)
    assert requests.put(f"{base}/manifests/1", **put).status_code == 201
    assert describe(aws, repository, imageTag="1")["imageDigest"] == images.digest(body)
    head = requests.head(f"{base}/manifests/1", auth=auth, timeout=30)
    assert (head.status_code, int(head.headers["Content-Length"])) == (200, len(body))
    assert requests.get(f"{base}/manifests/{images.digest(body)}", auth=auth, timeout=30).content == body
    assert requests.get(f"{base}/tags/list", auth=auth, timeout=30).json() == {"name": repository, "tags": ["1"]}
    assert requests.delete(f"{base}/manifests/1", auth=auth, timeout=30).status_code == 405
    for path, code in (("manifests/2", "MANIFEST_UNKNOWN"), (f"blobs/{images.digest(b'no')}", "BLOB_UNKNOWN")):
        answer = requests.get(f"{base}/{path}", auth=auth, timeout=30)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, code)


def test_the_registry_keeps_immutable_tags(aws, repository):
    aws.ecr.put_image_tag_mutability(repositoryName=repository, imageTagMutability="IMMUTABLE")
    images.push(aws.ecr, repository, "1", content="one")
    second = images.push(aws.ecr, repository, content="two")
    base, auth = f"{aws.endpoint}/v2/{repository}/manifests", login(aws)
    body = requests.get(f"{base}/{second}", auth=auth, timeout=30).content
    refused = requests.put(f"{base}/1", data=body, headers={"Content-Type": images.OCI_MANIFEST}, auth=auth, timeout=30)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "TAG_INVALID")


def test_layers_are_mounted_only_where_the_account_allows_it(aws, repository):
    layer = images.upload(aws.ecr, repository, b"layer")
    aws.ecr.create_repository(repositoryName="other")
    mount = {"url": f"{aws.endpoint}/v2/other/blobs/uploads/", "params": {"mount": layer, "from": repository}}
    assert requests.post(**mount, auth=login(aws), timeout=30).status_code == 202
    aws.ecr.put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
    assert requests.post(**mount, auth=login(aws), timeout=30).status_code == 201


@pytest.mark.skipif(not shutil.which("skopeo"), reason="needs skopeo")
def test_skopeo_copies_an_image_unchanged(aws, repository, tmp_path):
    pushed = images.push(aws.ecr, repository, "1")
    aws.ecr.create_repository(repositoryName="copy")
    credentials = ":".join(login(aws))
    host = aws.endpoint.removeprefix("http://")

    def skopeo(*arguments):
        command = ["skopeo", "copy", "--preserve-digests", *arguments]
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)

    pull = ["--src-tls-verify=false", "--src-creds", credentials]
    push = ["--dest-tls-verify=false", "--dest-creds", credentials]
    skopeo(*pull, f"docker://{host}/{repository}@{pushed}", f"dir:{tmp_path}")
    assert images.digest((tmp_path / "manifest.json").read_bytes()) == pushed
    skopeo(*push, f"dir:{tmp_path}", f"docker://{host}/copy:1")
    assert describe(aws, "copy", imageTag="1")["imageDigest"] == pushed
    skopeo(*pull, *push, f"docker://{host}/{repository}:1", f"docker://{host}/copy:2")
    assert describe(aws, "copy", imageDigest=pushed)["imageTags"] == ["1", "2"]
