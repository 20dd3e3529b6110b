"""A basic scan: in progress for a while, then the severities somebody asked for, or none.

`POST /_infra/outcome` with service `ecr` takes counts (`{"CRITICAL": 1}`) or a final status (`"FAILED"`). For the resource
`repository` it is about the next scan that starts there; for `repository@digest` and `repository:tag` about that
image's scan, also when it has already run.
"""

from dataclasses import dataclass, field

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")
DESCRIPTION = {
    "COMPLETE": "The scan was completed successfully.",
    "FAILED": "The scan failed.",
    "UNSUPPORTED_IMAGE": "UnsupportedImageError: The image cannot be scanned.",
}


@dataclass
class Scan:
    # Seconds since the epoch.
    started: float
    done: float
    final: str = "COMPLETE"
    counts: dict[str, int] = field(default_factory=dict)

    def end_with(self, outcome: str | dict) -> None:
        if isinstance(outcome, str):
            self.final, self.counts = outcome, {}
            return
        if unknown := outcome.keys() - set(SEVERITIES):
            raise ValueError(f"not severities of Amazon ECR: {sorted(unknown)}")
        self.final, self.counts = "COMPLETE", {name: outcome[name] for name in SEVERITIES if outcome.get(name)}

    def status(self, at: float) -> dict:
        if at < self.done:
            return {"status": "IN_PROGRESS"}
        return {"status": self.final, "description": DESCRIPTION.get(self.final, self.final)}

    def is_complete(self, at: float) -> bool:
        return at >= self.done and self.final == "COMPLETE"

    def summary(self) -> dict:
        return {
            "imageScanCompletedAt": self.done,
            "vulnerabilitySourceUpdatedAt": self.started,
            "findingSeverityCounts": self.counts,
        }

    def findings(self) -> list[dict]:
        """As many as the counts say, worst first."""
        severities = [name for name in SEVERITIES for _ in range(self.counts.get(name, 0))]
        return [
            {
                "name": f"CVE-2000-{number:04}",
                "uri": f"https://www.cve.org/CVERecord?id=CVE-2000-{number:04}",
                "severity": severity,
                "attributes": [
                    {"key": "package_name", "value": f"package-{number}"},
                    {"key": "package_version", "value": "1.0"},
                ],
            }
            for number, severity in enumerate(severities, start=1)
        ]
