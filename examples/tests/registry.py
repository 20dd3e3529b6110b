"""A real `docker-registry` on this machine, with a password."""

import base64
import itertools
import os
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

USER, PASSWORD = "shop", "correct horse"
# `htpasswd -nbB shop 'correct horse'`, and of a job on GitHub: who started it, and its token.
HTPASSWD = """shop:$2y$05$IQtjIsZ7oddAcr5HzUQFC.qH47iTkzNKtVAZ8aV4LsC.NESz3kDaS
somebody:$2b$05$JU2VoDwJxxKUFdIoDckcAOyZRLnhaMCoj0kux8GAm1lzW4//fsKW2
"""

PORTS = itertools.count(os.getpid() * 131)


def free_port() -> int:
    """One that nobody else here is given. Systems give out those from 32768 by themselves, perhaps before the registry has taken it."""
    while True:
        port = 16_000 + next(PORTS) % 16_000
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


class Registry:
    """A process of its own with an empty folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "htpasswd").write_text(HTPASSWD)
        self.port = free_port()
        (folder / "config.yml").write_text(
            f"version: 0.1\nlog: {{level: warn}}\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
            f"http: {{addr: '127.0.0.1:{self.port}'}}\nauth: {{htpasswd: {{realm: test, path: {folder}/htpasswd}}}}\n"
        )
        with (folder / "log").open("w") as log:
            command = ["docker-registry", "serve", str(folder / "config.yml")]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        for _ in range(1200):
            assert self.process.poll() is None, (folder / "log").read_text()
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("docker-registry does not answer")

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"

    def digest(self, repository: str, tag: str) -> str:
        """What it keeps under a tag."""
        auth = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        headers = {"Accept": "application/vnd.oci.image.manifest.v1+json", "Authorization": f"Basic {auth}"}
        request = urllib.request.Request(f"http://{self.host}/v2/{repository}/manifests/{tag}", headers=headers, method="HEAD")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.headers["Docker-Content-Digest"]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
