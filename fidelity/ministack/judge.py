"""Runs tests of a test binary one by one on the emulator at AWS_ENDPOINT_URL, and compares how they end with what tests.toml says.

    python judge.py <the binary of tests/localstack> [another tests.toml]

A test that is not listed must pass. One that is listed as not served must fail with the words that its entry has, or not end at all;
when it passes, or fails with other words, the entry is wrong. Nothing is skipped.
"""

import os
import re
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

#: Seconds that a test may take, and those after which one that is said never to end has not ended.
LIMIT, NEVER = 120, 20
AT_ONCE = 4


def main() -> int:
    binary = sys.argv[1]
    told = tomllib.loads(Path(sys.argv[2] if sys.argv[2:] else Path(__file__).with_name("tests.toml")).read_text())
    not_served = {entry["test"]: entry for entry in told.get("not_served", [])}
    listing = subprocess.run([binary, "--list", "--format", "terse"], check=True, capture_output=True, text=True).stdout
    there = [line.removesuffix(": test") for line in listing.splitlines() if line.endswith(": test")]
    chosen = [test for test in there if told["round_trips"] in test]
    chosen += [test for test in told.get("also", []) if test not in chosen]

    wrong = [f"{test} is listed, and no test of that name is run" for test in not_served if test not in chosen]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        verdicts = list(pool.map(lambda test: judge(binary, test, not_served.get(test)), chosen))
    wrong += [verdict for verdict in verdicts if verdict]
    for line in wrong:
        print(line, file=sys.stderr)
    served = len(chosen) - len([test for test in chosen if test in not_served])
    print(f"{len(chosen)} tests on another emulator: {served} are served, {len(not_served)} are listed as not served, {len(wrong)} are otherwise")
    return 1 if wrong else 0


def judge(binary: str, test: str, entry: dict | None) -> str | None:
    """What is wrong with how the test ends, if anything is."""
    never = entry is not None and entry.get("never_ends", False)
    said = run(binary, test, NEVER if never else LIMIT)
    if entry is None:
        return f"{test} fails, and is not listed:\n{said}" if said is not None else None
    if said is None:
        return f"{test} passes by now: take its entry out of tests.toml"
    if never:
        return None if said == "" else f"{test} ends by now, with other words:\n{said}"
    return None if entry["says"] in said else f"{test} fails otherwise than its entry says:\n{said or 'it does not end'}"


def run(binary: str, test: str, limit: int) -> str | None:
    """Nothing where the test passes, what it said where it fails, and no words where it does not end in time."""
    quiet = {name: value for name, value in os.environ.items() if not name.startswith(("RUST_", "AWS_"))}
    try:
        done = subprocess.run(
            [binary, "--exact", test],
            env=quiet | {"AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"]},
            capture_output=True,
            text=True,
            timeout=limit,
        )
    except subprocess.TimeoutExpired:
        return ""
    if done.returncode == 0 and "1 passed" in done.stdout:
        return None
    found = re.search(rf"^---- {re.escape(test)} stdout ----\n(.*?)^failures:$", done.stdout, re.DOTALL | re.MULTILINE)
    return (found[1] if found else done.stdout + done.stderr).strip() or "it failed without a word"


if __name__ == "__main__":
    sys.exit(main())
