"""An example as somebody's repository: its files, an application beside them, people who work on it, and what they have called."""

import base64
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

from cloud import REGION, Cloud
from pretended import git
from written import commands, is_covered

EXAMPLES = Path(__file__).parents[1]
BIN = Path(__file__).parent / "bin"
# Programs of the application's own: they note how they were called, and are content.
NOTED = ("npm", "pip", "pytest", "ruff")
# So that no test waits for what it does not test.
QUICK = {"AWS_EC2_METADATA_DISABLED": "true", "INFRA_LAG_SECONDS": "0"}


class Example:
    """A repository made from an example, in an account of its own.

    Nothing in its files is replaced but the account and what `replaced` says.
    """

    def __init__(self, name: str, folder: Path, replaced: dict[str, str], parts: tuple[str, ...] = (".",)) -> None:
        self.name, self.folder, self.cloud = name, folder, Cloud()
        self.work, self.origin, self.notes = folder / "work", folder / "origin.git", folder / "notes"
        self.notes.touch()
        source = EXAMPLES / name
        shutil.copytree(source, self.work)
        self.written = commands(source)
        wanted = replaced | {"111122223333": self.cloud.account}
        for path in [path for path in self.work.rglob("*") if path.is_file()]:
            text = path.read_text()
            for old, new in wanted.items():
                text = text.replace(old, new)
            path.write_text(text)
        files = "".join(path.read_text() for path in source.rglob("*") if path.is_file())
        assert all(old in files for old in wanted), f"{wanted} is not all there"
        self.application(parts)
        self.tools = self.make_tools()
        git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(self.origin))
        git(self.origin, "config", "uploadpack.allowAnySHA1InWant", "true")
        git(self.work, "init", "--quiet", "--initial-branch=main")
        git(self.work, "remote", "add", "origin", str(self.origin))
        self.commit("begin")
        self.push()

    def application(self, parts: tuple[str, ...]) -> None:
        """What a team has beside the files of the example, of which an image is made in each of these folders."""
        (self.work / "requirements.txt").write_text("django\n")
        for part in parts:
            app = self.work / part / "app"
            app.mkdir(parents=True)
            (app / "main.py").write_text(f'print("hello")  # {part}\n')
            (app.parent / "Dockerfile").write_text("FROM scratch\nCOPY app /app\n")

    def make_tools(self) -> Path:
        tools = self.folder / "tools"
        tools.mkdir()
        here = {"infra": BIN / "infra", "docker": BIN / "docker", "gh": BIN.parents[2] / "ci/tests/bin/gh"}
        here |= {name: BIN / "noted" for name in NOTED} | {"aws": Path(sys.executable).parent / "aws"}
        for name, target in here.items():
            (tools / name).symlink_to(target)
        return tools

    @property
    def variables(self) -> dict[str, str]:
        """What every process gets, whoever starts it."""
        real = {"REAL_INFRA": str(Path(os.environ["INFRA"]).resolve()), "NOTES": str(self.notes)}
        git_config = {name: value for name, value in os.environ.items() if name.startswith("GIT_CONFIG")}
        return QUICK | real | git_config | {"AWS_ENDPOINT_URL": self.cloud.endpoint, "PATH": self.path, "PYTHONDONTWRITEBYTECODE": "1"}

    @property
    def path(self) -> str:
        return f"{self.tools}:/usr/local/bin:/usr/bin:/bin"

    # People, and git.

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.work / path).read_text()
        assert old in text, f"there is no {old} in {path}"
        (self.work / path).write_text(text.replace(old, new))

    def commit(self, message: str) -> str:
        """Commits all there is; a hook of the repository finds its programs."""
        git(self.work, "add", "--all")
        command = ["git", "commit", "--quiet", "--message", message]
        subprocess.run(command, cwd=self.work, env=os.environ | self.variables, check=True, capture_output=True)
        return git(self.work, "rev-parse", "HEAD").strip()

    def push(self) -> None:
        git(self.work, "push", "--quiet", "origin", "HEAD:main")

    def pull(self) -> None:
        git(self.work, "fetch", "--quiet", "origin")
        git(self.work, "checkout", "--quiet", "-B", "main", "origin/main")

    def by_hand(self, script: str, *answers: str, code: int = 0) -> str:
        """Runs a script at a terminal, as somebody who may do everything, and types these answers; gives what the terminal shows."""
        who = {name: value for name, value in os.environ.items() if name.startswith("GIT_")}
        keys = {"AWS_ACCESS_KEY_ID": self.cloud.account, "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION}
        ours = {"GITHUB_REPOSITORY": f"example/{self.name}", "FAKE_GITHUB": str(self.folder / "github.json"), "HOME": str(self.folder)}
        outside, inside = pty.openpty()
        process = subprocess.Popen(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=self.work,
            env=self.variables | who | keys | ours | {"TERM": "dumb"},
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)
        # Whoever asks more than is answered would wait for ever.
        limit = threading.Timer(300, os.killpg, (process.pid, signal.SIGKILL))
        limit.start()
        os.write(outside, "".join(f"{answer}\n" for answer in answers).encode())
        shown = b""
        try:
            while read := os.read(outside, 1 << 16):
                shown += read
        except OSError:  # Linux: the other end is closed
            pass
        os.close(outside)
        ended = process.wait(timeout=60)
        limit.cancel()
        text = shown.decode()
        assert ended == code, f"{script}\nended with {ended}:\n{text}"
        return text

    def as_the_readme_says(self, heading: str, *answers: str) -> str:
        """Runs the shell blocks under a heading of the README, as they stand there."""
        readme = (self.work / "README.md").read_text()
        (section,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", readme, re.MULTILINE | re.DOTALL)
        blocks = re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
        assert blocks, f"there is nothing to run under {heading}"
        return self.by_hand("\n".join(blocks), *answers)

    def refuses(self, program: str, refuses: bool = True) -> None:
        """Has a program of the application's own be content, or not."""
        file = Path(f"{self.notes}-{program}-refuses")
        file.touch() if refuses else file.unlink()

    def unprotects(self, environment: str) -> None:
        """Somebody gives up the protection of the database, on the main branch, and applies that by hand."""
        self.pull()
        self.edit(f"environments/{environment}.toml", "deletion_protection = true", "deletion_protection = false")
        self.commit("unprotected")
        self.push()
        self.by_hand(f"infra apply --env {environment} --no-promotion && scripts/keep-records", environment)

    # What was done.

    def called(self, program: str) -> list[list[str]]:
        """How a program was called so far; of `infra`, first how it ended."""
        calls = [json.loads(line) for line in self.notes.read_text().splitlines()]
        return [call[1:] for call in calls if call[0] == program]

    def last_code(self, verb: str) -> int:
        return int([call[0] for call in self.called("infra") if call[1] == verb][-1])

    def everything_written_was_run(self) -> None:
        """Every command line of `infra` in the pipelines, scripts and the README was executed."""
        run = [call[1:] for call in self.called("infra")]
        missing = [text for text in self.written if not is_covered(text, run)]
        assert not missing, f"these stand in the example, and nothing ran them: {missing}"

    def records(self) -> list[dict]:
        """The records on the main branch, the oldest first."""
        names = git(self.origin, "ls-tree", "-r", "--name-only", "main", "plans").split()
        return [json.loads(git(self.origin, "show", f"main:{name}")) for name in sorted(names, key=lambda name: name.rsplit("/", 1)[1])]

    def outcomes(self, environment: str) -> list[str]:
        return [f"{record['verb']} {record['outcome']}" for record in self.records() if record["environment"] == environment]

    def last_record(self, environment: str) -> dict:
        return [record for record in self.records() if record["environment"] == environment][-1]

    def history_of_git(self) -> list[str]:
        """The commits of records on the main branch, the oldest first."""
        return git(self.origin, "log", "--reverse", "--format=%s", "main", "--", "plans").splitlines()

    def images(self, environment: str) -> dict[str, set[str]]:
        """The digests that each service runs, as `infra status` says."""
        status = json.loads(self.quietly("status", "--env", environment, "--json"))
        return {service["name"]: {part["image"].rsplit("@", 1)[1] for part in service["parts"]} for service in status["services"]}

    def runs(self, environment: str) -> str:
        """The digest that all services of an environment run."""
        (digest,) = set().union(*self.images(environment).values())
        return digest

    def started_with(self, environment: str, service: str) -> str:
        """What the instances of a service are started with: the user data of the template that its group launches from."""
        name = f"{self.name}-{environment}-{service}"
        (group,) = self.cloud.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        template = group["LaunchTemplate"]
        found = self.cloud.client("ec2").describe_launch_template_versions(
            LaunchTemplateId=template["LaunchTemplateId"], Versions=[template["Version"]]
        )
        return base64.b64decode(found["LaunchTemplateVersions"][0]["LaunchTemplateData"]["UserData"]).decode()

    def quietly(self, *arguments: str) -> str:
        """Looks at something, without a note of it."""
        keys = {"AWS_ACCESS_KEY_ID": self.cloud.account, "AWS_SECRET_ACCESS_KEY": "x", "HOME": str(self.folder)}
        command = [self.variables["REAL_INFRA"], *arguments]
        done = subprocess.run(command, cwd=self.work, env=self.variables | keys, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout
