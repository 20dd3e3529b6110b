"""Fixtures over a running LocalStack: one is started where none answers. Every test gets an account of its own."""

import os
import random
import subprocess
import time
from pathlib import Path

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

HERE = Path(__file__).parent
REGION = "eu-central-1"


@pytest.fixture(scope="session")
def endpoint() -> str:
    done = subprocess.run([HERE.parent / "up"], check=True, stdout=subprocess.PIPE, text=True, env=os.environ)
    return done.stdout.strip().splitlines()[-1]


class Aws:
    """boto3 clients and the control API of one fresh account."""

    def __init__(self, endpoint: str):
        self.endpoint = endpoint
        self.account = "".join(random.choices("123456789", k=12))
        self.region = REGION
        self._clients = {}

    def __getattr__(self, service: str):
        return self.client(service)

    def client(self, service: str):
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                region_name=self.region,
                endpoint_url=self.endpoint,
                aws_access_key_id=self.account,
                aws_secret_access_key="test",
                config=Config(retries={"max_attempts": 0}, parameter_validation=False),
            )
        return self._clients[service]

    def infra(self, verb: str, **body):
        answer = requests.post(f"{self.endpoint}/_infra/{verb}", json={"account": self.account} | body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def settle(self, seconds: float, service: str = "*"):
        """How long `creating` and the like last. Tests that look at them use a long time and `hurried`, others 0."""
        self.infra("settle", service=service, seconds=seconds)

    def calls(self) -> list[dict]:
        return requests.get(f"{self.endpoint}/_infra/calls", params={"account": self.account}, timeout=30).json()

    def refuses(self, code: str, operation, **request) -> str:
        """The operation is refused with that code; its message."""
        with pytest.raises(ClientError) as refused:
            operation(**request)
        assert refused.value.response["Error"]["Code"] == code, refused.value
        return refused.value.response["Error"]["Message"]

    def eventually(self, look, seconds: float = 120.0):
        """Looks until it is true, and returns it."""
        end = time.monotonic() + seconds
        while not (seen := look()):
            assert time.monotonic() < end, "did not come about in time"
            time.sleep(0.05)
        return seen

    def hurried(self, look):
        """Looks until it is true, and lets AWS take a step after each look. However slow this is, no step is missed."""

        def step():
            if not (seen := look()):
                self.infra("hurry")
            return seen

        return self.eventually(step)


@pytest.fixture
def aws(endpoint) -> Aws:
    made = Aws(endpoint)
    made.settle(0)
    return made
