"""One asynchronous operation on a service. Its status follows from how long ago it started."""

import uuid
from dataclasses import dataclass, field

ROLLED_BACK = ("ROLLBACK_SUCCEEDED", "ROLLBACK_FAILED")


@dataclass
class Operation:
    type: str
    target: str
    # Seconds since the epoch, as everywhere here.
    started: float
    # Seconds one phase takes: the work itself, and again the way back.
    phase: float
    # The status it will end with; None never ends.
    outcome: str | None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def ended(self) -> float | None:
        """The moment it ends, which may lie ahead."""
        if self.outcome is None:
            return None
        phases = 2 if self.outcome in ROLLED_BACK else 1
        return self.started + self.phase * phases

    def is_over(self, at: float) -> bool:
        return self.ended is not None and at >= self.ended

    def status(self, at: float) -> str:
        if self.is_over(at):
            return self.outcome
        elapsed = at - self.started
        if elapsed < self.phase * 0.2:
            return "PENDING"
        if self.outcome in ROLLED_BACK and elapsed >= self.phase:
            return "ROLLBACK_IN_PROGRESS"
        return "IN_PROGRESS"

    def summary(self, at: float) -> dict:
        over = self.is_over(at)
        summary = {
            "Id": self.id,
            "Type": self.type,
            "Status": self.status(at),
            "TargetArn": self.target,
            "StartedAt": self.started,
            "UpdatedAt": self.ended if over else at,
        }
        return {**summary, "EndedAt": self.ended} if over else summary
