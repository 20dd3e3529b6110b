"""The judge of the second emulator: which ends of a test it takes, with a binary that ends as its tests are named."""

import importlib.util
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).parent.parent / "ministack" / "judge.py"
BINARY = """#!/usr/bin/env bash
if [[ $1 == --list ]]; then printf '%s: test\\n' passes::one fails::one fails::other waits::one left_out::one; exit; fi
case $2 in
passes::*) echo 'test result: ok. 1 passed; 0 failed' ;;
waits::*) sleep 60 ;;
*) printf -- '---- %s stdout ----\\nUnknown action\\n\\nfailures:\\n    %s\\n' "$2" "$2"; exit 101 ;;
esac
"""
PARTS = 'parts = ["passes", "fails", "waits"]\n'
LEFT_OUT = '[[elsewhere]]\npart = "left_out"\nwhy = "it is too much"\n'
FAILS = '[[not_served]]\ntests = ["fails::one", "fails::other"]\nsays = "Unknown action"\nwhy = "it has no such action"\n'
WAITS = '[[not_served]]\ntests = ["waits::one"]\nnever_ends = true\nwhy = "it forgets"\n'
ALL = PARTS + LEFT_OUT + FAILS + WAITS


@pytest.mark.parametrize("listed, code, says", [
    (ALL, 0, "4 tests on another emulator: 1 are served, 3 are listed as not served, 0 are otherwise"),
    (ALL, 0, "not run: left_out 1: it is too much\nnot served: fails 2: it has no such action\nnot served: waits 1: it forgets\n"),
    # How tests end.
    (PARTS + LEFT_OUT + WAITS, 1, "fails::one fails, and is not listed: where the tool is not at fault, list it in tests.toml"),
    (PARTS + LEFT_OUT + FAILS, 1, "with words of these and the reason\nit does not end"),
    (ALL.replace(', "fails::other"', ""), 1, "fails::other fails, and is not listed"),
    (ALL.replace("Unknown", "Other"), 1, "fails::one fails otherwise than its entry says:\nUnknown action"),
    (ALL.replace("never_ends = true", 'says = "a"'), 1, "waits::one fails otherwise than its entry says:\nit does not end"),
    (ALL.replace('says = "Unknown action"', "never_ends = true"), 1, "fails::one ends by now"),
    (ALL + FAILS.replace('"fails::one", "fails::other"', '"passes::one"'), 1, "passes::one passes by now"),
    # What is said of them.
    (ALL.replace('"fails::other"', '"fails::gone"'), 1, "fails::gone is listed, and no test of that name is run"),
    (ALL.replace('"fails::other"', '"fails::other", "left_out::one"'), 1, "left_out::one is listed, and no test of that name is run"),
    (ALL + WAITS, 1, "waits::one is listed 2 times"),
    (PARTS + FAILS + WAITS, 1, "does not know the tests of left_out: name it under `parts`, or under `elsewhere`"),
    (ALL.replace('"waits"]', '"waits", "gone"]'), 1, "names gone, and there are no such tests"),
    (ALL.replace("it is too much", ""), 1, "gives no reason for left_out"),
    (ALL.replace("it has no such action", ""), 1, "gives no reason for fails::one, fails::other"),
])
def test_ends(tmp_path, monkeypatch, capsys, listed, code, says):
    binary, tests = tmp_path / "binary", tmp_path / "tests.toml"
    binary.write_text(BINARY)
    binary.chmod(0o755)
    tests.write_text(listed)
    monkeypatch.setattr(sys, "argv", ["judge.py", str(binary), str(tests)])
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    spec = importlib.util.spec_from_file_location("judge", PATH)
    judge = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(judge)
    # What waits is given a second, and what ends the time it needs, on a busy machine too.
    run = judge.run
    judge.run = lambda binary, test, limit: run(binary, test, 1 if test.startswith("waits") else 60)
    assert judge.main() == code
    said = capsys.readouterr()
    assert says in said.out + said.err
