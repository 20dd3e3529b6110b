"""A service: the settings it runs with, the operations it went through, and the state both leave it in."""

import hashlib
import uuid

from ..framework import aws_error
from .operation import Operation

# Where an operation leaves the service: when it succeeded, and when it did not.
AFTER = {
    "CREATE_SERVICE": ("RUNNING", "CREATE_FAILED"),
    "UPDATE_SERVICE": ("RUNNING", "RUNNING"),
    "START_DEPLOYMENT": ("RUNNING", "RUNNING"),
    "PAUSE_SERVICE": ("PAUSED", "RUNNING"),
    "RESUME_SERVICE": ("RUNNING", "PAUSED"),
    "DELETE_SERVICE": ("DELETED", "DELETE_FAILED"),
}


class Service:
    def __init__(self, name: str, prefix: str, region: str, settings: dict, encryption: dict | None, tags: dict):
        self.name = name
        self.id = uuid.uuid4().hex
        self.arn = f"{prefix}:service/{name}/{self.id}"
        self.url = f"{hashlib.sha256(self.arn.encode()).hexdigest()[:10]}.{region}.awsapprunner.com"
        self.settings = settings
        self.before: dict | None = None
        self.encryption = encryption
        self.tags = tags
        self.operations: list[Operation] = []
        self.resting = "OPERATION_IN_PROGRESS"
        self.deleted: float | None = None
        self.settled = 0

    def settle(self, at: float) -> None:
        """Draws the consequences of an operation that has ended by now."""
        if self.settled == len(self.operations) or not self.operations[-1].is_over(at):
            return
        operation = self.operations[-1]
        self.settled = len(self.operations)
        succeeded = operation.outcome == "SUCCEEDED"
        self.resting = AFTER[operation.type][0 if succeeded else 1]
        if self.before is not None and not succeeded:
            self.settings = self.before
        self.before = None
        if self.resting == "DELETED":
            self.deleted = operation.ended

    def status(self, at: float) -> str:
        self.settle(at)
        return self.resting if self.settled == len(self.operations) else "OPERATION_IN_PROGRESS"

    def require(self, at: float, *allowed: str) -> None:
        if (status := self.status(at)) not in allowed:
            raise aws_error(
                "InvalidStateException",
                f"Service cannot be updated in the current state: {status}. Allowed: {', '.join(allowed)}.",
            )

    def begin(self, operation: Operation, settings: dict | None = None) -> Operation:
        """Settings that are being applied are read back at once, and taken back when the operation fails."""
        if settings is not None:
            self.before, self.settings = self.settings, settings
        self.operations.append(operation)
        return operation

    def describe(self, at: float, scaling: dict) -> dict:
        status = self.status(at)
        description = {
            **self.summary(at),
            # A service that never asked for observability has no such configuration.
            **{key: value for key, value in self.settings.items() if value and key != "AutoScalingConfigurationArn"},
            "Status": status,
            "AutoScalingConfigurationSummary": scaling,
        }
        if self.encryption:
            description["EncryptionConfiguration"] = self.encryption
        return {**description, "DeletedAt": self.deleted} if self.deleted else description

    def summary(self, at: float) -> dict:
        first, last = self.operations[0], self.operations[-1]
        return {
            "ServiceName": self.name,
            "ServiceId": self.id,
            "ServiceArn": self.arn,
            "ServiceUrl": self.url,
            "CreatedAt": first.started,
            "UpdatedAt": last.ended if last.is_over(at) else last.started,
            "Status": self.status(at),
        }
