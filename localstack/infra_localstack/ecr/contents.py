"""What one repository holds: layers, images, and the tags that point at images."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from ..framework import aws_error
from .blobs import Upload
from .manifests import Manifest
from .scan import Scan


@dataclass
class Image:
    manifest: Manifest
    # Moments are seconds since the epoch.
    pushed_at: float
    tags: list[str] = field(default_factory=list)
    pulled_at: float | None = None
    scan: Scan | None = None

    @property
    def digest(self) -> str:
        return self.manifest.digest


class Contents:
    def __init__(self, name: str, registry: str):
        self.name = name
        self.registry = registry
        self.layers: dict[str, int] = {}
        self.uploads: dict[str, Upload] = {}
        self.images: dict[str, Image] = {}

    @property
    def where(self) -> str:
        return f"in the repository with name '{self.name}' in the registry with id '{self.registry}'"

    # Layers

    def upload(self, upload_id: str) -> Upload:
        if upload_id not in self.uploads:
            raise aws_error("UploadNotFoundException", f"The upload with id '{upload_id}' does not exist {self.where}")
        return self.uploads[upload_id]

    def begin_upload(self) -> Upload:
        upload = Upload()
        self.uploads[upload.id] = upload
        return upload

    def complete_upload(self, upload_id: str, expected: str | None) -> str:
        digest, size = self.upload(upload_id).complete(expected)
        del self.uploads[upload_id]
        self.layers[digest] = size
        return digest

    # Images

    def find(self, digest: str | None = None, tag: str | None = None) -> Image | None:
        """The image with this digest, this tag, or both."""
        if digest:
            image = self.images.get(digest)
            return image if image and (not tag or tag in image.tags) else None
        return next((image for image in self.images.values() if tag in image.tags), None)

    def get(self, image_id: dict) -> Image:
        digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
        image = self.find(digest, tag)
        if image is None:
            raise aws_error(
                "ImageNotFoundException",
                f"The image with imageId {{imageDigest:'{digest or 'null'}', imageTag:'{tag or 'null'}'}} "
                f"does not exist within the repository with name '{self.name}' "
                f"in the registry with id '{self.registry}'",
            )
        return image

    def put(self, manifest: Manifest, tag: str | None, mutability: str, exclusions: list[dict], at: float) -> Image:
        """PutImage's rules: everything referenced is there, and an immutable tag stays where it is."""
        self._check_references(manifest)
        image, holder = self.images.get(manifest.digest), self.find(tag=tag) if tag else None
        if image and (not tag or image is holder):
            with_tag = f" and tag '{tag}'" if tag else ""
            raise aws_error(
                "ImageAlreadyExistsException",
                f"Image with digest '{manifest.digest}'{with_tag} already exists {self.where}",
            )
        if holder:
            if _immutable(tag, mutability, exclusions):
                raise aws_error(
                    "ImageTagAlreadyExistsException",
                    f"The image tag '{tag}' already exists in the '{self.name}' repository "
                    "and cannot be overwritten because the tag is immutable.",
                )
            holder.tags.remove(tag)
        if image is None:
            image = self.images[manifest.digest] = Image(manifest, at)
        if tag:
            image.tags.append(tag)
        return image

    def _check_references(self, manifest: Manifest) -> None:
        if missing := [blob["digest"] for blob in manifest.blobs if blob["digest"] not in self.layers]:
            raise aws_error(
                "LayersNotFoundException",
                f"Layers with digests '[{', '.join(missing)}]' required for pushing image into repository "
                f"with name '{self.name}' in the registry with id '{self.registry}' do not exist",
            )
        if missing := [child for child in manifest.children if child not in self.images]:
            raise aws_error(
                "ReferencedImagesNotFoundException",
                f"Images with digests '[{', '.join(missing)}]' required for pushing image into repository "
                f"with name '{self.name}' in the registry with id '{self.registry}' do not exist",
            )

    def delete(self, image_id: dict) -> tuple[list[dict], str | None]:
        """What was deleted, or the code of the failure. By tag, only the last tag takes the image along."""
        digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
        if not digest and not tag:
            return [], "MissingDigestAndTag"
        image = self.find(digest, tag)
        if image is None:
            mismatch = digest and tag and self.find(digest) and self.find(tag=tag)
            return [], "ImageTagDoesNotMatchDigest" if mismatch else "ImageNotFound"
        if tag and not digest and len(image.tags) > 1:
            image.tags.remove(tag)
            return [{"imageDigest": image.digest, "imageTag": tag}], None
        if any(image.digest in other.manifest.children for other in self.images.values()):
            return [], "ImageReferencedByManifestList"
        del self.images[image.digest]
        return image_ids(image), None

    def size(self, image: Image) -> int:
        """Bytes of configuration and layers; of an index, its largest image."""
        if image.manifest.is_index:
            return max((self.size(self.images[child]) for child in image.manifest.children), default=0)
        return sum(blob.get("size", 0) for blob in image.manifest.blobs)


def image_ids(image: Image) -> list[dict]:
    return [{"imageDigest": image.digest, "imageTag": tag} for tag in image.tags] or [{"imageDigest": image.digest}]


def _immutable(tag: str, mutability: str, exclusions: list[dict]) -> bool:
    excluded = any(fnmatchcase(tag, exclusion["filter"]) for exclusion in exclusions)
    return mutability.startswith("IMMUTABLE") != excluded
