"""Named configurations that come in numbered revisions: auto scaling, observability and VPC connectors."""

import uuid
from dataclasses import dataclass, field

from ..framework import aws_error
from .source import invalid


@dataclass
class Revision:
    arn: str
    name: str
    number: int
    settings: dict
    # Moments are seconds since the epoch.
    created: float
    deleted: float | None = None
    tags: dict[str, str] = field(default_factory=dict)
    # The network interfaces a VPC connector holds.
    interfaces: list[str] = field(default_factory=list)

    @property
    def status(self) -> str:
        return "INACTIVE" if self.deleted else "ACTIVE"


class Revisions:
    """All revisions of one kind; `max_names` and `max_revisions` are the kind's service quotas."""

    def __init__(self, kind: str, prefix: str, max_names: int, max_revisions: int):
        self.kind = kind
        self.prefix = f"{prefix}:{kind}"
        self.max_names = max_names
        self.max_revisions = max_revisions
        self.by_arn: dict[str, Revision] = {}

    def active(self, name: str | None = None) -> list[Revision]:
        """Not deleted ones, by name and number."""
        found = [it for it in self.by_arn.values() if not it.deleted and name in (None, it.name)]
        return sorted(found, key=lambda it: (it.name, it.number))

    def create(self, name: str, settings: dict, tags: dict[str, str], at: float) -> Revision:
        own = self.active(name)
        if not own and len({it.name for it in self.active()}) >= self.max_names:
            raise aws_error("ServiceQuotaExceededException", f"The limit of {self.max_names} {self.kind} names is reached.")
        if len(own) >= self.max_revisions:
            if self.max_revisions == 1:
                raise invalid(f"A {self.kind} with the name {name} already exists.")
            raise aws_error(
                "ServiceQuotaExceededException", f"The limit of {self.max_revisions} revisions of {name} is reached."
            )
        number = own[-1].number + 1 if own else 1
        return self._add(name, number, uuid.uuid4().hex, settings, tags, at)

    def add_default(self, settings: dict, at: float) -> Revision:
        """The configuration every account has from the start."""
        return self._add("DefaultConfiguration", 1, "1".zfill(32), settings, {}, at)

    def _add(self, name: str, number: int, id: str, settings: dict, tags: dict[str, str], at: float) -> Revision:
        revision = Revision(f"{self.prefix}/{name}/{number}/{id}", name, number, settings, at, tags=tags)
        self.by_arn[revision.arn] = revision
        return revision

    def resolve(self, arn: str) -> Revision:
        """Takes `…/name/revision/id`, and `…/name/revision` or `…/name` (the latest) for an active one."""
        if arn in self.by_arn:
            return self.by_arn[arn]
        name, _, number = arn.removeprefix(self.prefix + "/").partition("/")
        found = [it for it in self.active(name) if number in ("", str(it.number))] if arn.startswith(self.prefix) else []
        if not found:
            raise aws_error("ResourceNotFoundException", f"The {self.kind} {arn} cannot be found.")
        return found[-1]

    def in_service(self, arn: str) -> Revision:
        """As a service's setting; what is missing or deleted is the request's fault there."""
        try:
            revision = self.resolve(arn)
        except Exception as error:
            raise invalid(str(error)) from None
        if revision.deleted:
            raise invalid(f"The {self.kind} {arn} is INACTIVE.")
        return revision

    def is_latest(self, revision: Revision) -> bool:
        own = self.active(revision.name)
        return bool(own) and own[-1] is revision

    def delete(self, revision: Revision, used_by: list[str], at: float) -> None:
        if revision.deleted:
            raise aws_error("ResourceNotFoundException", f"The {self.kind} {revision.arn} cannot be found.")
        if used_by:
            raise invalid(f"The {self.kind} {revision.arn} is in use by the services {', '.join(used_by)}.")
        revision.deleted = at
