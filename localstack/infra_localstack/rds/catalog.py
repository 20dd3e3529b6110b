"""What RDS offers: engines with their versions, instance classes, storage, and where Performance Insights runs.

Versions as RDS lists them in us-east-1 in late 2025 (DescribeDBEngineVersions), oldest first. Not complete, but each
entry is real.
"""

VERSIONS = {
    "postgres": (
        "13.20 13.21 13.22 13.23 14.17 14.18 14.19 14.20 15.12 15.13 15.14 15.15 "
        "16.3 16.4 16.6 16.8 16.9 16.10 16.11 17.2 17.4 17.5 17.6 17.7 18.1"
    ).split(),
    "mysql": "5.7.44 8.0.40 8.0.41 8.0.42 8.0.43 8.0.44 8.4.4 8.4.5 8.4.6 8.4.7".split(),
    "mariadb": (
        "10.6.21 10.6.22 10.6.23 10.6.24 10.11.11 10.11.13 10.11.14 10.11.15 11.4.5 11.4.7 11.4.8 11.4.9 11.8.3 11.8.5"
    ).split(),
}

DEFAULT_MAJOR = {"postgres": "17", "mysql": "8.4", "mariadb": "11.4"}
PORTS = {"postgres": 5432, "mysql": 3306, "mariadb": 3306}
LICENSES = {"postgres": "postgresql-license", "mysql": "general-public-license", "mariadb": "general-public-license"}
LOG_TYPES = {
    "postgres": {"postgresql", "upgrade", "iam-db-auth-error"},
    "mysql": {"audit", "error", "general", "slowquery", "iam-db-auth-error"},
    "mariadb": {"audit", "error", "general", "slowquery", "iam-db-auth-error"},
}
RESERVED_USERS = {"postgres": {"admin", "rdsadmin"}, "mysql": {"rdsadmin"}, "mariadb": {"rdsadmin"}}

_LARGE = "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge"
_SIZES = {
    "t3 t4g": "micro small medium large xlarge 2xlarge",
    "m5 m6i m7i r5 r6i r7i": f"{_LARGE} 24xlarge",
    "m6g m6gd m7g m8g r6g r6gd r7g r8g": _LARGE,
    "x2g": _LARGE,
}
CLASSES = {
    f"db.{family}.{size}" for families, sizes in _SIZES.items() for family in families.split() for size in sizes.split()
}

#: Smallest and largest volume in GiB by storage type.
STORAGE_GIB = {"gp2": (20, 65536), "gp3": (20, 65536), "io1": (100, 65536), "io2": (100, 65536), "standard": (5, 3072)}

#: From this size on RDS stripes a gp3 volume over four, which raises its baseline and makes it adjustable.
GP3_STRIPED_GIB = 400


def gp3_baseline(gib: int) -> tuple[int, int]:
    """IOPS and MiB/s that a gp3 volume of that size has without asking."""
    return (12000, 500) if gib >= GP3_STRIPED_GIB else (3000, 125)


def order(version: str) -> tuple[int, ...]:
    """Versions compare by number: 16.10 is newer than 16.9."""
    return tuple(int(part) for part in version.split("."))


def major(engine: str, version: str) -> str:
    return ".".join(version.split(".")[: 1 if engine == "postgres" else 2])


def family(engine: str, version: str) -> str:
    """The parameter group family, such as `postgres16` or `mysql8.0`."""
    return engine + major(engine, version)


FAMILIES = {family(engine, version): engine for engine, versions in VERSIONS.items() for version in versions}


def resolve(engine: str, wanted: str | None) -> str | None:
    """The version that a request for `wanted` gets: itself, or the newest minor version of a major one."""
    versions = VERSIONS[engine]
    if wanted in versions:
        return wanted
    wanted = wanted or DEFAULT_MAJOR[engine]
    return max((version for version in versions if major(engine, version) == wanted), key=order, default=None)


def upgrade_targets(engine: str, current: str) -> list[str]:
    """Where an instance of that version can go; MySQL moves one major version at a time."""
    newer = [version for version in VERSIONS[engine] if order(version) > order(current)]
    if engine != "mysql":
        return newer
    majors = sorted({major(engine, version) for version in VERSIONS[engine]}, key=order)
    reachable = majors[: majors.index(major(engine, current)) + 2]
    return [version for version in newer if major(engine, version) in reachable]


def has_performance_insights(engine: str, instance_class: str) -> bool:
    """The two smallest burstable sizes have none with MySQL and MariaDB; with PostgreSQL every class has it
    (RDS user guide, "DB engine, Region, and instance class support for Database Insights")."""
    return (
        engine == "postgres"
        or not instance_class.startswith("db.t")
        or instance_class.split(".")[2] not in ("micro", "small")
    )
