"""Release commands at work: an instance whose user data tells it to run a container once does so, as `script.sh` of `infra` would.

It writes into the log group what the command said, then, in a stream beside that, how it ended and the last that was said, without the
secrets; and then it shuts itself down. How that
goes can be steered: `POST /_infra/outcome` with service `ec2` and the instance's `infra:address` as the resource. The outcome is an exit
code; `stuck`, where nothing more comes until the time is up; `vanishes`, where the instance goes without a word; or any other text, which
is why the command could not be run.
"""

import base64
import json
import re

from moto.secretsmanager.exceptions import SecretNotFoundException
from moto.secretsmanager.models import secretsmanager_backends
from moto.ssm.models import ssm_backends

from .. import interfaces
from ..framework import ServiceException

_DOCUMENT = re.compile(r"<<'INFRA_DOCUMENT'\n(.*?)\nINFRA_DOCUMENT\n", re.DOTALL)

#: Lines that the command writes, before it says how it sees its environment, as careless programs do.
LINES = 30


def document(user_data: str | None) -> dict | None:
    """What user data says that is to run once."""
    found = _DOCUMENT.search(base64.b64decode(user_data or "").decode(errors="replace"))
    try:
        said = json.loads(found[1]) if found else {}
    except ValueError:
        return None
    return said if said.get("release") else None


class Releases:
    def _release(self, context, instance, document: dict) -> None:
        """Plays it once the instance has been running for a while."""
        tags = {tag["key"]: tag["value"] for tag in instance.get_tags()}
        outcome = self.outcome(context, tags.get("infra:address", instance.id)) or "0"
        # As `shutdown` counts: whole minutes.
        minutes = -(-document["release"]["timeout_seconds"] // 60)

        def running():
            self.after(context, lambda: self._run_command(context, instance, document, outcome))
            self.after(context, lambda: self._shut_down(context, instance), 60.0 * minutes)

        # Not before: whoever hurries it is to see it running, and then its command end before its time is up.
        self.after(context, running)

    def _run_command(self, context, instance, document: dict, outcome: str) -> None:
        if instance._state.name != "running":
            return
        stream = f"{document['release']['stream']}/{instance.id}"
        secrets = {name: self._secret(context, reference) for name, reference in document["secrets"].items()}
        said = _said(document, secrets, outcome)
        try:
            if outcome in ("stuck", "vanishes") or outcome.isdigit():
                self._write(context, document["log_group"], stream, said)
            if outcome == "stuck":
                return
            if outcome != "vanishes":
                struck = _struck("\n".join(said[-20:]) + "\n", secrets)
                end = {"exit_code": int(outcome), "said": struck} if outcome.isdigit() else {"failed": outcome}
                self._write(context, document["log_group"], f"{stream}/end", [json.dumps(end)])
        except ServiceException:
            pass  # the instance could not say it either, and goes
        self._shut_down(context, instance)

    def _secret(self, context, reference: str) -> str:
        """What the instance would fetch; nothing where it is not there, since most tests have no use for it."""
        store, _, name = reference.partition(":")
        if store == "ssm":
            parameter = ssm_backends[context.account_id][context.region].get_parameter(name)
            return parameter.response_object(decrypt=True)["Value"] if parameter else ""
        name, _, key = name.partition("#")
        try:
            text = secretsmanager_backends[context.account_id][context.region].get_secret_value(name, "", "")["SecretString"]
        except SecretNotFoundException:
            return ""
        return json.loads(text)[key] if key else text

    def _write(self, context, group: str, stream: str, lines: list[str]) -> None:
        where = {"logGroupName": group, "logStreamName": stream}
        self.call(context, "logs", "CreateLogStream", where)
        events = [{"timestamp": int(self.now(context) * 1000), "message": line} for line in lines]
        self.call(context, "logs", "PutLogEvents", where | {"logEvents": events})

    def _shut_down(self, context, instance) -> None:
        """What an instance does that shuts itself down, its `InstanceInitiatedShutdownBehavior` says."""
        if instance._state.name != "running":
            return
        moto = interfaces.backend(context)
        if instance.instance_initiated_shutdown_behavior == "terminate":
            self._terminate(context, moto, instance)
        else:
            moto.stop_instances([instance.id])


def _struck(text: str, secrets: dict[str, str]) -> str:
    for value in sorted(filter(None, secrets.values()), key=len, reverse=True):
        text = text.replace(value, "(concealed)")
    return text


def _said(document: dict, secrets: dict[str, str], outcome: str) -> list[str]:
    lines = [" ".join(document["command"]), *(f"step {number} of {LINES}" for number in range(1, LINES + 1))]
    lines += [f"{name}={value}" for name, value in (document["environment"] | secrets).items()]
    return lines + ([] if outcome == "0" else [f"told to end like this: {outcome}"])
