"""Holds what the tool has sent against AWS's published service models, as botocore has them.

    $(fidelity/venv)/bin/python fidelity/models localstack/.run/<port>/requests.jsonl [--all] [--operations]

The recording is made by LocalStack while it runs (localstack/infra_localstack/recorder.py). Ends with 1 where a request breaks its
model. `--all` says that the whole suite was recorded: an entry of known.toml that nothing needed is an error then, too.
`--operations` lists what was seen, and how often.
"""

import argparse
import json
import sys
import tomllib
from collections import Counter
from pathlib import Path

import request

KNOWN = Path(__file__).with_name("known.toml")


class Seen:
    """All that a recording holds, checked."""

    def __init__(self, known: set[tuple]):
        self.known, self.needed = known, set()
        #: By operation: how many requests there were, and how many of them unlike each other.
        self.sent, self.distinct = Counter(), Counter()
        #: By operation, rule and place: the first fault and its line, and in how many distinct requests.
        self.broken: dict[tuple, tuple] = {}
        self.times = Counter()
        self._operations: list[str] = []

    def take(self, number: int, line: dict) -> None:
        if "again" in line:
            self.sent[self._operations[line["again"]]] += 1
            return
        operation, faults = request.check(line)
        self._operations.append(operation)
        self.sent[operation] += 1
        self.distinct[operation] += 1
        for fault in faults:
            place = (operation, fault.rule, fault.where)
            if place in self.known:
                self.needed.add(place)
            else:
                self.times[place] += 1
                self.broken.setdefault(place, (number, fault.what))


def main() -> int:
    parser = argparse.ArgumentParser(description="Holds recorded requests against AWS's service models.")
    parser.add_argument("recording", type=Path)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--operations", action="store_true")
    options = parser.parse_args()

    entries = tomllib.loads(KNOWN.read_text()).get("known", [])
    seen = Seen({(entry["operation"], entry["rule"], entry["where"]) for entry in entries})
    for number, text in enumerate(options.recording.read_text().splitlines(), 1):
        line = json.loads(text)
        if "full" in line:
            return fail("the recording is full: not all is in it; raise MOST_BYTES in localstack/infra_localstack/recorder.py")
        seen.take(number, line)
    if not seen.sent:
        return fail("nothing was recorded; was LocalStack started by localstack/up?")

    if options.operations:
        for operation in sorted(seen.sent):
            print(f"{operation:60} {seen.distinct[operation]:6} distinct {seen.sent[operation]:8} sent")
    for place, (number, what) in seen.broken.items():
        operation, rule, where = place
        fail(f"{options.recording}:{number}: {operation} {where}: {what} [{rule}], in {seen.times[place]} distinct requests")
    idle = seen.known - seen.needed if options.all else set()
    for operation, rule, where in idle:
        fail(f"{KNOWN}: {operation} {where} [{rule}]: no request needs this entry any more; take it out")
    services = {operation.split(":")[0] for operation in seen.sent}
    print(
        f"{seen.sent.total()} requests, {seen.distinct.total()} of them distinct, of {len(seen.sent)} operations "
        f"of {len(services)} services: {len(seen.broken)} faults, {len(seen.needed)} known differences"
    )
    return 1 if seen.broken or idle else 0


def fail(why: str) -> int:
    print(why, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
