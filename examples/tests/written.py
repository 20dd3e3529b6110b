"""Command lines of `infra` as they stand in an example, and whether a call was one of them."""

import re
from pathlib import Path

from ruamel.yaml import YAML

VERBS = "apply|destroy|history|iam-policy|image|plan|promote|rollback|show|status|unlock|validate"
BEGIN = re.compile(rf"(?:^|(?<=[\s(;&|`])|(?<=exec ))infra (?={VERBS})", re.MULTILINE)
# What the shell makes of these, only it knows: of `${X:+…}` and `$LIST` any number of words, of the others a part of one.
ANY_WORDS = re.compile(r"^(\$\{\w+:\+.*\}|\$\w+|\"\$@\"|\"\$\{\w+\[@\][^}]*\}\")$", re.DOTALL)
PART = re.compile(r"\$\{[^}]*\}|\$\([^)]*\)|\$\w+")


def commands(example: Path) -> list[str]:
    """All of an example: in its pipelines, its scripts and its README."""
    found: set[str] = set()
    for path in sorted(path for path in example.rglob("*") if path.is_file()):
        relative = path.relative_to(example).parts
        if path.suffix == ".yml":
            texts = scripts(YAML(typ="safe").load(path))
        elif path.name == "README.md":
            text = path.read_text()
            texts = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL) + re.findall(r"`(infra [^`]+)`", text)
        elif relative[0] in ("scripts", "hooks"):
            texts = [path.read_text()]
        else:
            continue
        found |= {line for text in texts for line in within(text)}
    return sorted(found)


def scripts(value: object) -> list[str]:
    """The scripts of a pipeline: what stands under `run`, or `command` below that."""
    if isinstance(value, dict):
        run = value.get("run")
        own = [run] if isinstance(run, str) else [run["command"]] if isinstance(run, dict) and "command" in run else []
        return own + [text for each in value.values() for text in scripts(each)]
    return [text for each in value for text in scripts(each)] if isinstance(value, list) else []


def within(script: str) -> list[str]:
    """The command lines in a script, without what the shell does with their output."""
    script = re.sub(r"\\\n\s*", "", script)
    lines = [line for line in script.splitlines() if not line.lstrip().startswith("#")]
    text = "\n".join(lines)
    return [line for match in BEGIN.finditer(text) if (line := " ".join(words(text[match.end() - len("infra ") :])))]


def words(text: str) -> list[str]:
    """The words of one command, up to its end or its first redirection."""
    found, word, quote, depth = [], "", "", 0
    for sign in text:
        if quote:
            word += sign
            quote = "" if sign == quote else quote
        elif depth:
            word += sign
            depth += (sign == "{") - (sign == "}")
        elif sign in "\"'":
            word, quote = word + sign, sign
        elif sign == "{" and word.endswith("$"):
            word, depth = word + sign, 1
        elif sign in "\n|;&)<>#":
            break
        elif sign == " ":
            found, word = found + [word] * bool(word), ""
        else:
            word += sign
    # The number of what is redirected, as in `2>file`, is no word.
    return found + [word] * bool(word and not (word.isdigit() and sign in "<>"))


def is_covered(line: str, calls: list[list[str]]) -> bool:
    """Whether one of these calls is what the shell could have made of a command line."""
    pattern = ""
    for word in words(line)[1:]:
        if ANY_WORDS.match(word):
            pattern += "(?:[^\0]*\0)*"
        else:
            parts = PART.split(word.replace('"', "").replace("'", ""))
            pattern += "[^\0]*".join(map(re.escape, parts)) + "\0"
    return any(re.fullmatch(pattern, "".join(f"{word}\0" for word in call)) for call in calls)
