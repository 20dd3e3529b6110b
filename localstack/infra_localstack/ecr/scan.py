"""A scan: in progress for a while, then what somebody asked for, or nothing found.

`POST /_infra/outcome` with service `ecr` takes counts (`{"CRITICAL": 1}`), a final status (`"FAILED"`), or all of it:

    {"status": "COMPLETE", "description": "…", "findings": [{"name": "CVE-2026-1", "severity": "CRITICAL", "package": "openssl",
     "version": "3.0.1", "fixed_in": "3.0.9"}]}

with `"findings": null` for a scan that says that it is finished and has no results yet, as enhanced scanning does for some
seconds (https://github.com/aws/aws-sdk/issues/289). For the resource `repository` it is about the next scan that starts
there; for `repository@digest` and `repository:tag` about that image's scan, also when it has already run.

Enhanced scanning (PutRegistryScanningConfiguration) has another form of findings, and `ACTIVE` for `COMPLETE` where it is continuous.
"""

from collections import Counter
from dataclasses import dataclass, field

from localstack.aws.spec import load_service

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")
STATUSES = set(load_service("ecr").shape_for("ScanStatus").metadata["enum"])
DESCRIPTION = {
    "ACTIVE": "Continuous scan is selected for image.",
    "COMPLETE": "The scan was completed successfully.",
    "FAILED": "The scan failed.",
    "PENDING": "Pending start of the image scan.",
    "UNSUPPORTED_IMAGE": "UnsupportedImageError: The image cannot be scanned.",
}


@dataclass
class Scan:
    # Seconds since the epoch.
    started: float
    done: float
    #: How it was made: `BASIC`, `ENHANCED`, or `CONTINUOUS`, which is enhanced too.
    kind: str = "BASIC"
    final: str = "COMPLETE"
    description: str | None = None
    #: None: nobody knows.
    found: list[dict] | None = field(default_factory=list)

    @property
    def is_enhanced(self) -> bool:
        return self.kind != "BASIC"

    def end_with(self, outcome: str | dict) -> None:
        if isinstance(outcome, str):
            outcome = {"status": outcome, "findings": []}
        elif not outcome.keys() & {"status", "findings", "description"}:
            outcome = {"findings": _counted(outcome)}
        if unknown := outcome.keys() - {"status", "findings", "description"}:
            raise ValueError(f"not parts of an outcome: {sorted(unknown)}")
        self.final, self.description = outcome.get("status", "COMPLETE"), outcome.get("description")
        self.found = outcome.get("findings", [])
        if self.final not in STATUSES:
            raise ValueError(f"not a status of a scan: {self.final}")
        if unknown := {it["severity"] for it in self.found or []} - set(SEVERITIES):
            raise ValueError(f"not severities of Amazon ECR: {sorted(unknown)}")

    def status(self, at: float) -> dict:
        if at < self.done:
            return {"status": "IN_PROGRESS"}
        final = "ACTIVE" if self.final == "COMPLETE" and self.kind == "CONTINUOUS" else self.final
        return {"status": final, "description": self.description or DESCRIPTION.get(final, final)}

    def is_complete(self, at: float) -> bool:
        return at >= self.done and self.final in ("COMPLETE", "ACTIVE")

    def summary(self) -> dict:
        if self.found is None:
            return {}
        counts = Counter(it["severity"] for it in self.found)
        return {
            "imageScanCompletedAt": self.done,
            "vulnerabilitySourceUpdatedAt": self.started,
            "findingSeverityCounts": {name: counts[name] for name in SEVERITIES if counts[name]},
        }

    def findings(self) -> list[dict]:
        """Worst first."""
        found = sorted(self.found or [], key=lambda it: SEVERITIES.index(it["severity"]))
        return [_enhanced(it) if self.is_enhanced else _basic(it) for it in found]


def _counted(counts: dict[str, int]) -> list[dict]:
    severities = [name for name, number in counts.items() for _ in range(number)]
    return [
        {"name": f"CVE-2000-{number:04}", "severity": severity, "package": f"package-{number}", "version": "1.0"}
        for number, severity in enumerate(severities, start=1)
    ]


def _basic(finding: dict) -> dict:
    attributes = {"package_name": finding.get("package"), "package_version": finding.get("version")}
    return {
        "name": finding["name"],
        "uri": f"https://www.cve.org/CVERecord?id={finding['name']}",
        "severity": finding["severity"],
        "attributes": [{"key": key, "value": value} for key, value in attributes.items() if value],
    }


def _enhanced(finding: dict) -> dict:
    """https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EnhancedImageScanFinding.html"""
    package = {
        "name": finding.get("package"),
        "version": finding.get("version"),
        "fixedInVersion": finding.get("fixed_in", "NotAvailable"),
        "packageManager": "OS",
    }
    return {
        "title": f"{finding['name']} - {finding.get('package')}",
        "type": "PACKAGE_VULNERABILITY",
        "severity": finding["severity"],
        "status": "ACTIVE",
        "fixAvailable": "YES" if finding.get("fixed_in") else "NO",
        "packageVulnerabilityDetails": {
            "vulnerabilityId": finding["name"],
            "source": "NVD",
            "vulnerablePackages": [{key: value for key, value in package.items() if value}],
        },
    }
