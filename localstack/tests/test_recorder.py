"""What is written down of the requests that arrive."""

import json
import random
from pathlib import Path

import pytest
import requests


def test_the_tool_is_recorded_once_and_nobody_else(aws, endpoint):
    recording = Path(__file__).parent.parent / ".run" / endpoint.rsplit(":")[-1] / "requests.jsonl"
    if not recording.exists():
        pytest.skip("this LocalStack was not started by localstack/up")
    scope = f"{aws.account}/20260101/us-east-1/iam/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=test",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    word = "".join(random.choices("ghijklmnop", k=12))
    for agent, path in [("aws-sdk-rust/1.3.0", "tool"), ("Boto3/1.42.4", "other")]:
        # The same but for an account, which makes no other request of it.
        for account in (aws.account, aws.account[::-1]):
            body = f"Action=ListRoles&Version=2010-05-08&PathPrefix=%2F{word}%2F{path}%2F{account}%2F"
            answer = requests.post(endpoint, data=body, headers=headers | {"User-Agent": agent}, timeout=30)
            assert answer.status_code == 200, answer.text
    lines = [json.loads(line) for line in recording.read_text().splitlines()]
    [first] = [number for number, line in enumerate(lines) if word in line.get("body", "")]
    assert lines[first]["body"] == f"Action=ListRoles&Version=2010-05-08&PathPrefix=%2F{word}%2Ftool%2F{aws.account}%2F"
    assert (lines[first]["service"], lines[first]["method"], lines[first]["path"]) == ("iam", "POST", "/")
    number = sum("again" not in line for line in lines[:first])
    assert {"again": number} in lines[first + 1 :]
