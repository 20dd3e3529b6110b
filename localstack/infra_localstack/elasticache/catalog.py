"""What ElastiCache offers: engine versions and node types.

Requests name a version by major and minor (`7.1`), answers carry the patch as well (`7.1.0`), as on AWS.
"""

VERSIONS = {
    "redis": {"6.2": "6.2.6", "7.0": "7.0.7", "7.1": "7.1.0"},
    "valkey": {"7.2": "7.2.6", "8.0": "8.0.1", "8.1": "8.1.0", "8.2": "8.2.0"},
}

#: Where a group of an engine can go without being made anew: Valkey took over from Redis OSS.
SUCCESSORS = {"redis": {"redis", "valkey"}, "valkey": {"valkey"}}

_LARGE = "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge"
_SIZES = {
    "t2 t3 t4g": "micro small medium",
    "m5 m6g m7g r5 r6g r7g": _LARGE,
    "c7gn": "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge",
}
NODE_TYPES = {
    f"cache.{family}.{size}"
    for families, sizes in _SIZES.items()
    for family in families.split()
    for size in sizes.split()
}

#: A primary and this many replicas at most.
MOST_REPLICAS = 5


def resolve(engine: str, wanted: str | None) -> str | None:
    """The full version that a request for `wanted` gets: `7.1` or `7.1.0` themselves, `7.x` and nothing the newest."""
    versions = VERSIONS[engine]
    if wanted is None or wanted.endswith(".x"):
        fits = [full for full in versions.values() if wanted is None or full.split(".")[0] == wanted.split(".")[0]]
        return max(fits, key=order, default=None)
    return versions.get(wanted) or (wanted if wanted in versions.values() else None)


def order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def family(engine: str, version: str) -> str:
    """The parameter group family: `redis6.x`, `redis7`, `valkey8`."""
    major = version.split(".")[0]
    return "redis6.x" if (engine, major) == ("redis", "6") else engine + major


FAMILIES = {family(engine, version) for engine, versions in VERSIONS.items() for version in versions.values()}
