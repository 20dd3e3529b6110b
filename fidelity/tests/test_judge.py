"""The judge of the second emulator: which ends of a test it takes, with a binary that ends as its tests are named."""

import importlib.util
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).parent.parent / "ministack" / "judge.py"
BINARY = """#!/usr/bin/env bash
if [[ $1 == --list ]]; then printf '%s: test\\n' passes::round_trip fails::round_trip waits::round_trip passes::other; exit; fi
case $2 in
passes::*) echo 'test result: ok. 1 passed; 0 failed' ;;
waits::*) sleep 60 ;;
*) printf -- '---- %s stdout ----\\nUnknown action\\n\\nfailures:\\n    %s\\n' "$2" "$2"; exit 101 ;;
esac
"""
FAILS = '[[not_served]]\ntest = "fails::round_trip"\nsays = "Unknown action"\nwhy = ""\n'
WAITS = '[[not_served]]\ntest = "waits::round_trip"\nnever_ends = true\nwhy = ""\n'


@pytest.mark.parametrize("listed, code, says", [
    (FAILS + WAITS, 0, "3 tests on another emulator: 1 are served, 2 are listed as not served, 0 are otherwise"),
    (WAITS, 1, "fails::round_trip fails, and is not listed:\nUnknown action"),
    (FAILS, 1, "waits::round_trip fails, and is not listed"),
    (FAILS.replace("Unknown", "Other") + WAITS, 1, "fails::round_trip fails otherwise than its entry says:\nUnknown action"),
    (FAILS + WAITS.replace("never_ends = true", 'says = "a"'), 1, "waits::round_trip fails otherwise than its entry says:\nit does not end"),
    (WAITS + FAILS.replace('says = "Unknown action"', "never_ends = true"), 1, "fails::round_trip ends by now"),
    (FAILS + WAITS + FAILS.replace("fails", "passes"), 1, "passes::round_trip passes by now"),
    (FAILS + WAITS + FAILS.replace("fails::round_trip", "passes::other"), 1, "passes::other is listed, and no test of that name is run"),
    ('also = ["gone::test"]\n' + FAILS + WAITS, 1, "gone::test fails, and is not listed"),
])
def test_ends(tmp_path, monkeypatch, capsys, listed, code, says):
    binary, tests = tmp_path / "binary", tmp_path / "tests.toml"
    binary.write_text(BINARY)
    binary.chmod(0o755)
    tests.write_text('round_trips = "round_trip"\n' + listed)
    monkeypatch.setattr(sys, "argv", ["judge.py", str(binary), str(tests)])
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    spec = importlib.util.spec_from_file_location("judge", PATH)
    judge = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(judge)
    judge.LIMIT = judge.NEVER = 1
    assert judge.main() == code
    said = capsys.readouterr()
    assert says in said.out + said.err
