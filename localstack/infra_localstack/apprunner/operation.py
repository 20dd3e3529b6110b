"""One asynchronous operation on a service. Its status follows from how long ago it started."""

import uuid
from dataclasses import dataclass, field

ROLLED_BACK = ("ROLLBACK_SUCCEEDED", "ROLLBACK_FAILED")
# How much of the first phase is `PENDING`.
PENDING = 0.2


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
    # Seconds it needs no more, because it was hurried.
    saved: float = 0.0

    @property
    def ended(self) -> float | None:
        """The moment it ends, which may lie ahead."""
        if self.outcome is None:
            return None
        return self.started + self.phase * self.phases - self.saved

    @property
    def phases(self) -> int:
        return 2 if self.outcome in ROLLED_BACK else 1

    def is_over(self, at: float) -> bool:
        return self.ended is not None and at >= self.ended

    def status(self, at: float) -> str:
        if self.is_over(at):
            return self.outcome
        elapsed = at - self.started + self.saved
        if elapsed < self.phase * PENDING:
            return "PENDING"
        if self.outcome in ROLLED_BACK and elapsed >= self.phase:
            return "ROLLBACK_IN_PROGRESS"
        return "IN_PROGRESS"

    def hurry(self, at: float) -> None:
        """Its next status is due now."""
        if self.outcome is None:
            return
        elapsed = at - self.started + self.saved
        ahead = [self.phase * it - elapsed for it in (PENDING, *range(1, self.phases + 1))]
        self.saved += min((it for it in ahead if it > 0), default=0.0)

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
