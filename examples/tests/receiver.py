"""Whoever is told of runs: a server on this machine that keeps what it gets, and is content."""

import json
from dataclasses import dataclass

from server import Handler, Server


@dataclass
class Told:
    """One request."""

    path: str
    key: str
    body: dict


class Receiver(Server):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        told = self.told

        class Listens(Handler):
            def do_POST(self) -> None:
                key = self.headers.get("DD-API-KEY") or self.headers.get("Authorization", "")
                told.append(Told(self.path, key, json.loads(self.body())))
                self.answer(202, "application/json", b"{}")

        super().__init__(Listens)
