"""The registry of one account and region: what the AWS API and the distribution protocol both work on."""

import base64
import binascii
import json
from dataclasses import dataclass, field

from moto.ecr.models import RepoTagMutability, ecr_backends

from .. import services
from ..framework import account, aws_error
from .contents import Contents, Image
from .manifests import Manifest
from .scan import Scan

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html
TOKEN_SECONDS = 12 * 60 * 60


@dataclass
class State:
    contents: dict[str, Contents] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)

    def hurry(self, at: float) -> None:
        for scan in [image.scan for contents in self.contents.values() for image in contents.images.values() if image.scan]:
            scan.done = min(scan.done, at)


@dataclass(frozen=True)
class Registry:
    account_id: str
    region: str

    # The framework takes anything with these two for a request's context.
    @property
    def _provider(self):
        return services.provider("ecr")

    @property
    def state(self) -> State:
        return self._provider.state(self)

    def now(self) -> float:
        return account(self.account_id).now()

    def repository(self, name: str):
        """The repository as moto keeps it: mutability, scanning, policies, tags."""
        found = ecr_backends[self.account_id][self.region].repositories.get(name)
        if found is None:
            raise aws_error(
                "RepositoryNotFoundException",
                f"The repository with name '{name}' does not exist in the registry with id '{self.account_id}'",
            )
        return found

    def contents(self, name: str) -> Contents:
        self.repository(name)
        return self.state.contents.setdefault(name, Contents(name, self.account_id))

    def put(self, name: str, manifest: Manifest, tag: str | None) -> Image:
        """Takes an image in, scans it where that was asked for, and lets App Runner know."""
        repository, contents = self.repository(name), self.contents(name)
        exclusions = repository.image_tag_mutability_exclusion_filters or []
        mutability = RepoTagMutability(repository.image_tag_mutability).value
        image = contents.put(manifest, tag, mutability, exclusions, self.now())
        # An index is not scanned, only the images it lists.
        if image.scan is None and not manifest.is_index and self._scans_on_push(name):
            self.start_scan(contents, image)
        if tag:
            services.provider("apprunner")._image_pushed(self, name, tag)
        return image

    def _scans_on_push(self, name: str) -> bool:
        """The repository's own setting counts only while no rule of the registry covers the repository."""
        scanning = self.repository(name).scanning_config["scanFrequency"]
        if scanning != "MANUAL":
            return True
        return bool(self.repository(name).image_scanning_configuration.get("scanOnPush"))

    @property
    def is_enhanced(self) -> bool:
        """Whether Amazon Inspector scans, as PutRegistryScanningConfiguration says."""
        return ecr_backends[self.account_id][self.region].registry_scanning_configuration["scanType"] == "ENHANCED"

    @property
    def summarises_scans(self) -> bool:
        """Whether DescribeImages shows scans: only where the old form of basic scanning is chosen."""
        # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html, "Important"
        return not self.is_enhanced and self.state.settings.get("BASIC_SCAN_TYPE_VERSION") == "CLAIR"

    def start_scan(self, contents: Contents, image: Image) -> Scan:
        start = self.now()
        image.scan = Scan(start, start + self._provider.seconds(self), self._kind_of_scan(contents.name))
        if (outcome := self._provider.outcome(self, contents.name)) is not None:
            image.scan.end_with(outcome)
        return self.scan(contents, image)

    def _kind_of_scan(self, name: str) -> str:
        continuous = self.repository(name).scanning_config["scanFrequency"] == "CONTINUOUS_SCAN"
        return ("CONTINUOUS" if continuous else "ENHANCED") if self.is_enhanced else "BASIC"

    def scan(self, contents: Contents, image: Image) -> Scan | None:
        names = [f"{contents.name}@{image.digest}", *(f"{contents.name}:{tag}" for tag in image.tags)]
        for name in names:
            if image.scan and (outcome := self._provider.outcome(self, name)) is not None:
                image.scan.end_with(outcome)
        return image.scan

    # Authorization: the token says whose registry it opens. It is not a secret, as no key here is.

    def token(self) -> tuple[str, float]:
        """The password for the user `AWS`, and when it expires."""
        expires = self.now() + TOKEN_SECONDS
        content = json.dumps({"account": self.account_id, "region": self.region, "expires": expires})
        return base64.urlsafe_b64encode(content.encode()).decode(), expires

    @classmethod
    def of_token(cls, token: str) -> "tuple[Registry, float]":
        """The registry a token is for and when it expires; ValueError if it is none."""
        try:
            content = json.loads(base64.urlsafe_b64decode(token))
            return cls(content["account"], content["region"]), content["expires"]
        except (binascii.Error, UnicodeDecodeError, KeyError, TypeError) as error:
            raise ValueError("not a token of this registry") from error
