"""Runs tests of a test binary one by one on the emulator at AWS_ENDPOINT_URL, and compares how they end with what tests.toml says.

    python judge.py <the binary of tests/localstack> [another tests.toml]

Every module of the binary is named there: as a part, of which all tests are run, or as one that is left out, with the reason. A test
that is not listed must pass. One that is listed as not served must fail with the words that its entry has, or not end at all; when it
passes, or fails with other words, the entry is wrong. So no test is left out because nobody thought of it.
"""

import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

#: Seconds that a test may take, and those after which one that is said never to end has not ended.
LIMIT, NEVER = 120, 20
AT_ONCE = 4
UNLISTED = "where the tool is not at fault, list it in tests.toml under `not_served`, with words of these and the reason"


def main() -> int:
    binary = sys.argv[1]
    told = tomllib.loads(Path(sys.argv[2] if sys.argv[2:] else Path(__file__).with_name("tests.toml")).read_text())
    not_served = {test: entry for entry in told.get("not_served", []) for test in entry["tests"]}
    listing = subprocess.run([binary, "--list", "--format", "terse"], check=True, capture_output=True, text=True).stdout
    there = [line.removesuffix(": test") for line in listing.splitlines() if line.endswith(": test")]
    chosen = [test for test in there if module(test) in told["parts"]]
    # Those that never end come first, so that they are waited for at the same time.
    chosen.sort(key=lambda test: not not_served.get(test, {}).get("never_ends", False))

    wrong = list(mistakes(told, there))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        verdicts = list(pool.map(lambda test: judge(binary, test, not_served.get(test)), chosen))
    wrong += [verdict for verdict in verdicts if verdict]
    report(told, there)
    for line in wrong:
        print(line, file=sys.stderr)
    served = len([test for test in chosen if test not in not_served])
    print(f"{len(chosen)} tests on another emulator: {served} are served, {len(not_served)} are listed as not served, {len(wrong)} are otherwise")
    return 1 if wrong else 0


def module(test: str) -> str:
    return test.partition("::")[0]


def mistakes(told: dict, there: list[str]):
    """What is wrong with tests.toml itself, which no test's end shows."""
    left_out = [entry["part"] for entry in told.get("elsewhere", [])]
    modules = set(map(module, there))
    for part in sorted(modules.difference(told["parts"], left_out)):
        yield f"tests.toml does not know the tests of {part}: name it under `parts`, or under `elsewhere` with the reason why it is not run"
    for part in sorted({*told["parts"], *left_out} - modules):
        yield f"tests.toml names {part}, and there are no such tests: take it out"
    listed = Counter(test for entry in told.get("not_served", []) for test in entry["tests"])
    for test, times in listed.items():
        if test not in there or module(test) not in told["parts"]:
            yield f"{test} is listed, and no test of that name is run"
        if times > 1:
            yield f"{test} is listed {times} times"
    for entry in told.get("elsewhere", []) + told.get("not_served", []):
        if not entry.get("why"):
            yield f"tests.toml gives no reason for {named(entry)}: say `why`"


def named(entry: dict) -> str:
    return entry.get("part") or ", ".join(entry["tests"])


def report(told: dict, there: list[str]):
    """Says how much is not run and not served, and why: who reads the log of a run need not look for it."""
    for entry in told.get("elsewhere", []):
        count = len([test for test in there if module(test) == entry["part"]])
        print(f"not run: {entry['part']} {count}: {entry.get('why')}")
    for entry in told.get("not_served", []):
        counts = Counter(map(module, entry["tests"])).items()
        print(f"not served: {', '.join(f'{part} {count}' for part, count in counts)}: {entry.get('why')}")


def judge(binary: str, test: str, entry: dict | None) -> str | None:
    """What is wrong with how the test ends, if anything is."""
    never = entry is not None and entry.get("never_ends", False)
    said = run(binary, test, NEVER if never else LIMIT)
    if entry is None:
        return None if said is None else f"{test} fails, and is not listed: {UNLISTED}\n{said or 'it does not end'}"
    if said is None:
        return f"{test} passes by now: take it out of its entry in tests.toml"
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
