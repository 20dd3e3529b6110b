"""GitHub's REST API through `gh`, which knows its host, its token and how to try again."""

import json
import os
import subprocess
from collections.abc import Iterator

# Whose comments and issues are ours: workflows write as this user, unless they are given an app's token.
OURSELVES = os.environ.get("INFRA_BOT", "github-actions[bot]")


class Refused(Exception):
    """What was asked of GitHub, and how it was refused."""


def repository() -> str:
    return os.environ["GITHUB_REPOSITORY"]


def run_url() -> str:
    """Where the run that this is part of can be looked at."""
    return "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}".format_map(os.environ)


def call(method: str, path: str, **fields: object) -> dict:
    """One call; the fields are sent as the body."""
    given = ["--input", "-"] if fields else []
    answer = gh("api", "--method", method, *given, f"repos/{repository()}/{path}", stdin=json.dumps(fields))
    return json.loads(answer) if answer.strip() else {}


def pages(path: str, within: str | None = None) -> Iterator[dict]:
    """Everything a list holds, page by page; `within` is the key that some answers keep their list under."""
    separator = "&" if "?" in path else "?"
    answer = gh("api", "--paginate", "--slurp", f"repos/{repository()}/{path}{separator}per_page=100")
    for page in json.loads(answer):
        yield from page if within is None else page[within]


def ours(thing: dict, marker: str) -> bool:
    """Whether we wrote this comment or issue, for this purpose: anybody can copy a marker."""
    return thing["user"]["login"] == OURSELVES and (thing["body"] or "").startswith(marker)


def without_marker(text: str) -> str:
    """A plan in markdown without its first line, a comment by which it can be found; whoever posts it writes their own."""
    return text.split("\n", 1)[-1] if text.startswith("<!--") else text


def download(path: str) -> bytes:
    return gh_bytes("api", f"repos/{repository()}/{path}")


def summarise(text: str) -> None:
    """Adds a paragraph to the summary of the job, where there is one."""
    if file := os.environ.get("GITHUB_STEP_SUMMARY"):
        with open(file, "a", encoding="utf-8") as summary:
            summary.write(f"{text}\n\n")


def gh(*arguments: str, stdin: str = "") -> str:
    return gh_bytes(*arguments, stdin=stdin).decode()


def gh_bytes(*arguments: str, stdin: str = "") -> bytes:
    done = subprocess.run(["gh", *arguments], input=stdin.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).decode(errors="replace")
        raise Refused(f"`{arguments[-1]}`: {said}")
    return done.stdout
