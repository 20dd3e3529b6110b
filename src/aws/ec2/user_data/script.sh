#!/bin/bash
# Runs one container on Amazon Linux 2023: a service for as long as the instance lives, or a release command once, with which the
# instance ends. The JSON document says which; the rest is the same on every instance.
# cloud-init copies what this prints to the console, and the service prints there too: `aws ec2 get-console-output` shows both.
set -euo pipefail
trap 'echo "infra: line $LINENO failed: $BASH_COMMAND" >&2' ERR
umask 077

mkdir -p /etc/infra
cat > /etc/infra/container.json <<'INFRA_DOCUMENT'
@DOCUMENT@
INFRA_DOCUMENT

cat > /usr/local/sbin/infra-container <<'INFRA_PROGRAM'
#!/usr/bin/python3
"""Gets the image and the secrets, and stays for as long as the container does. A service's is then started again by systemd,
both anew; how a release command's ended is told in a log stream beside that of its output.

Secrets are never written anywhere: docker takes them from this process's environment, by name.
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time

NAME = "container"
PIPE, NULL = subprocess.PIPE, subprocess.DEVNULL
ECR = re.compile(r"\d{12}\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")


def call(*command, **options):
    done = subprocess.run(command, encoding="utf-8", stderr=PIPE, **options)
    sys.stderr.write(done.stderr)
    done.check_returncode()
    return done


def aws(region, *arguments):
    return call("aws", *arguments, "--region", region, stdout=PIPE).stdout


def docker(*arguments, **options):
    return call("docker", *arguments, **options)


def pull(image):
    if subprocess.run(["docker", "image", "inspect", image], stdout=NULL, stderr=NULL).returncode == 0:
        return
    registry = image.split("/")[0]
    ecr = ECR.fullmatch(registry)
    if ecr:
        password = aws(ecr[1], "ecr", "get-login-password")
        docker("login", "--username", "AWS", "--password-stdin", registry, input=password)
    docker("pull", "--quiet", image)


def secret(region, reference):
    store, _, name = reference.partition(":")
    if store == "ssm":
        answer = aws(region, "ssm", "get-parameter", "--with-decryption", "--name", name, "--output", "json")
        return json.loads(answer)["Parameter"]["Value"]
    if store != "secretsmanager":
        raise ValueError(f"{reference} is neither ssm: nor secretsmanager:")
    name, _, key = name.partition("#")
    text = json.loads(aws(region, "secretsmanager", "get-secret-value", "--secret-id", name, "--output", "json"))["SecretString"]
    if not key:
        return text
    fields = json.loads(text)
    if key not in fields:
        raise ValueError(f"{name} has no key {key}")
    return fields[key] if isinstance(fields[key], str) else json.dumps(fields[key])


def own():
    with open("/var/lib/cloud/data/instance-id", encoding="utf-8") as file:
        return file.read().strip()


def stream(document):
    release = document.get("release")
    return f"{release['stream']}/{own()}" if release else own()


def options(document):
    yield from ["--detach", "--name", NAME, "--log-driver", "awslogs"]
    log = {"awslogs-region": document["region"], "awslogs-group": document["log_group"], "awslogs-stream": stream(document)}
    # A service must not stand still because its log cannot be delivered; of a release command the log is all that stays.
    if not document.get("release"):
        log |= {"mode": "non-blocking", "max-buffer-size": "4m"}
    for key, value in log.items():
        yield from ["--log-opt", f"{key}={value}"]
    if document["port"]:
        yield from ["--publish", f"{document['port']}:{document['port']}"]
    for name, value in document["environment"].items():
        yield from ["--env", f"{name}={value}"]
    for name in document["secrets"]:
        yield from ["--env", name]


def fetch(document):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        values = pool.map(lambda reference: secret(document["region"], reference), document["secrets"].values())
        secrets = dict(zip(document["secrets"], values))
    pull(document["image"])
    return secrets


def alone(document):
    """Waits for older instances of the service to be gone: Auto Scaling starts the next one as soon as it ends the one before, which
    still runs while it shuts down. Of two that start at once the older one waits for nobody."""
    name = document.get("alone_as")
    while name:
        filters = [f"Name=tag:Name,Values={name}", "Name=instance-state-name,Values=pending,running,shutting-down,stopping"]
        query = ["--query", "Reservations[].Instances[].[LaunchTime,InstanceId]", "--output", "json"]
        told = aws(document["region"], "ec2", "describe-instances", "--filters", *filters, *query)
        there = [instance for _, instance in sorted(json.loads(told))]
        if there[:1] == [own()]:
            return
        # EC2 may not list this one yet.
        print(f"infra: waits for instances to be gone: {', '.join(there)}", flush=True)
        subprocess.run(["sleep", "5"])


def run(document, secrets):
    """Gives the exit code of the container."""
    subprocess.run(["docker", "rm", "--force", NAME], stdout=NULL, stderr=NULL)
    docker("run", *options(document), document["image"], *document["command"], env=os.environ | secrets, stdout=NULL)
    print(f"infra: {document['image']} runs", flush=True)
    return int(docker("wait", NAME, stdout=PIPE).stdout)


def serve(document):
    secrets = fetch(document)
    alone(document)
    code = run(document, secrets)
    raise ChildProcessError(f"the container ended with exit code {code}; its output is in log group {document['log_group']}")


def patiently(work, *arguments):
    """Nothing starts a release again: the network and the rights of this instance may be newer than AWS knows everywhere."""
    for pause in ("5", "10", "20", "40"):
        try:
            return work(*arguments)
        except subprocess.CalledProcessError:
            subprocess.run(["sleep", pause])
    return work(*arguments)


def release(document):
    secrets = {}
    try:
        secrets = patiently(fetch, document)
        end = {"exit_code": run(document, secrets)}
        end["said"] = said(secrets.values())
    except Exception as error:
        end = {"failed": in_words(error)}
    report(document, end)


def said(secrets):
    """The last that the container said: what is told of it elsewhere than in its log group. Nobody but this instance knows the secrets,
    so it is here that they are struck out; shorter ones than of four characters are left, for what they would strike out besides."""
    text = subprocess.run(["docker", "logs", "--tail", "20", NAME], stdout=PIPE, stderr=subprocess.STDOUT).stdout.decode(errors="replace")
    lines = {line for secret in secrets for line in [secret, *secret.splitlines()]}
    for line in sorted((line for line in lines if len(line.strip()) >= 4), key=len, reverse=True):
        text = text.replace(line, "(concealed)")
    return text[-16384:]


def report(document, end):
    where = ["--log-group-name", document["log_group"], "--log-stream-name", f"{stream(document)}/end"]
    events = json.dumps([{"timestamp": int(time.time() * 1000), "message": json.dumps(end)}])
    aws(document["region"], "logs", "create-log-stream", *where)
    aws(document["region"], "logs", "put-log-events", *where, "--log-events", events)


def in_words(error):
    if isinstance(error, subprocess.CalledProcessError):
        # What failed, without the values of the environment, and the last that the command itself said.
        said = (error.stderr or "").strip().splitlines()[-1:]
        return ": ".join([f"{' '.join(error.cmd[:6])} … failed with exit code {error.returncode}", *said])
    return f"{type(error).__name__}: {error}"


def main(task, *arguments):
    with open("/etc/infra/container.json", encoding="utf-8") as file:
        document = json.load(file)
    if task == "minutes":
        # As shutdown counts them; nothing for a service, which has no end.
        print(-(-document["release"]["timeout_seconds"] // 60) if document.get("release") else "")
    elif task == "report":
        report(document, {"failed": " ".join(arguments)})
    else:
        {"serve": serve, "release": release}[task](document)


try:
    main(*sys.argv[1:])
except Exception as error:
    sys.exit(f"infra: {in_words(error)}")
INFRA_PROGRAM
chmod 700 /usr/local/sbin/infra-container

# The instance of a release ends with it, at the latest when its time is up, and also where it could not even be tried.
minutes=$(/usr/local/sbin/infra-container minutes)
if [ -n "$minutes" ]; then
    trap 'shutdown --poweroff now' EXIT
    shutdown --poweroff "+$minutes"
fi

cat > /etc/systemd/system/infra-container.service <<'INFRA_UNIT'
[Unit]
Description=The container of this service
Requires=docker.service
Wants=network-online.target
After=docker.service network-online.target
StartLimitIntervalSec=0

[Service]
# Where docker keeps its login to the registry: in memory, and for root alone.
Environment=DOCKER_CONFIG=/run/infra
RuntimeDirectory=infra
RuntimeDirectoryMode=0700
ExecStart=/usr/local/sbin/infra-container serve
ExecStop=/usr/bin/docker stop --time 30 container
Restart=always
RestartSec=5
StandardOutput=journal+console
StandardError=journal+console

[Install]
WantedBy=multi-user.target
INFRA_UNIT

for attempt in 1 2 3 4 5; do
    if dnf install --assumeyes docker; then
        break
    elif [ "$attempt" = 5 ]; then
        why="docker could not be installed; does this subnet reach the package repositories?"
        echo "infra: $why" >&2
        [ -z "$minutes" ] || /usr/local/sbin/infra-container report "$why"
        exit 1
    fi
    sleep "$((attempt * 10))"
done
systemctl daemon-reload
if [ -n "$minutes" ]; then
    systemctl start docker.service
    DOCKER_CONFIG=/run/infra /usr/local/sbin/infra-container release
else
    systemctl enable --now docker.service infra-container.service
fi
