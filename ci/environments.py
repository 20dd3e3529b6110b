#!/usr/bin/env python3
"""Prints the environments that specs describe, as one line of JSON, in the order in which changes reach them.

An environment that promotes its images `from` another comes after it; beyond that the order is that of the files' names.
Reads TOML and git only: which specs are right is for `infra validate` to say.
"""

import argparse
import json
import os
import subprocess
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

SPECS = Path("environments")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--env", help="only this one; it must exist")
    parser.add_argument(
        "--since", metavar="COMMIT", help="only those whose spec, or a file it extends, differs from that commit's"
    )
    options = parser.parse_args()
    environments = load()
    if options.since is not None:
        changed = changed_files(options.since)
        environments = [environment for environment in environments if changed.intersection(environment["files"])]
        for environment in environments:
            environment["edited"] = environment["files"][0] in changed
    if options.env is not None:
        environments = [environment for environment in environments if environment["environment"] == options.env]
        if not environments:
            sys.exit(f"error: no spec in `{SPECS}` is of the environment `{options.env}`")
    print(json.dumps(environments, separators=(",", ":")))


def load() -> list[dict]:
    """All environments, in the order in which changes reach them."""
    try:
        return ordered([environment for spec in specs() if (environment := read(spec))])
    except (ValueError, CycleError) as error:
        sys.exit(f"error: {error}\n  = help: `infra validate` shows what is wrong, and where")


def specs() -> list[Path]:
    return sorted(path for path in SPECS.glob("*.toml") if not path.name.startswith("."))


def read(spec: Path) -> dict | None:
    """What workflows need to know of a spec; `None` for one that only others extend."""
    keys, files = merged(spec)
    if "environment" not in keys:
        return None
    aws = keys.get("aws", {})
    return {
        "environment": keys["environment"],
        "project": keys.get("project", ""),
        "account": aws.get("account", ""),
        "region": aws.get("region", ""),
        "approval": keys.get("approval", {}).get("required", False),
        "from": keys.get("promotion", {}).get("from", ""),
        "files": files,
    }


def merged(spec: Path, chain: tuple[Path, ...] = ()) -> tuple[dict, list[str]]:
    """A spec with all it extends, and the files this took, its own first."""
    if spec in chain:
        raise ValueError(f"`{spec}` extends itself")
    try:
        keys = tomllib.loads(spec.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"cannot read `{spec}`: {error}") from error
    base = keys.pop("extends", None)
    if base is None:
        return keys, [str(spec)]
    # As `infra` does: relative to the file it stands in.
    under, files = merged(Path(os.path.normpath(spec.parent / str(base))), (*chain, spec))
    return overlaid(under, keys), [str(spec), *files]


def overlaid(under: dict, over: dict) -> dict:
    """Tables merge deeply, the extending file winning; lists are replaced."""
    both = dict(under)
    for key, value in over.items():
        old = both.get(key)
        both[key] = overlaid(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return both


def ordered(environments: list[dict]) -> list[dict]:
    by_name = {environment["environment"]: environment for environment in environments}
    graph = {name: {by_name[name]["from"]} & by_name.keys() for name in by_name}
    return [by_name[name] for name in TopologicalSorter(graph).static_order()]


def changed_files(since: str) -> set[str]:
    """The files that differ between a commit and the work tree; every spec where git does not know the commit."""
    diff = ["git", "diff", "--name-status", "--no-renames", "-z", since, "--"]
    found = subprocess.run(diff, capture_output=True, text=True, check=False)
    if found.returncode != 0:
        print(f"warning: cannot compare with `{since}`, so every environment counts as changed", file=sys.stderr)
        return {str(path) for path in SPECS.glob("**/*.toml")}
    words = found.stdout.split("\0")
    states = dict(zip(words[1::2], words[::2]))
    for name, state in states.items():
        if state == "D" and Path(name).parent == SPECS and name.endswith(".toml"):
            print(f"warning: `{name}` is gone, which deletes nothing in AWS: `infra destroy` does, while the spec is there", file=sys.stderr)
    return set(states)


if __name__ == "__main__":
    main()
