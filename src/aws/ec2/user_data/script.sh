#!/bin/bash
# Runs one container on Amazon Linux 2023. The JSON document says which one; the rest is the same on every instance.
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
"""Gets the image and the secrets, and stays for as long as the container does; systemd then starts both again.

Secrets are never written anywhere: docker takes them from this process's environment, by name.
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys

NAME = "container"
PIPE, NULL = subprocess.PIPE, subprocess.DEVNULL
ECR = re.compile(r"\d{12}\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")


def aws(region, *arguments):
    command = ["aws", *arguments, "--region", region]
    return subprocess.run(command, check=True, stdout=PIPE, encoding="utf-8").stdout


def docker(*arguments, **options):
    return subprocess.run(["docker", *arguments], check=True, encoding="utf-8", **options)


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


def options(document):
    yield from ["--detach", "--name", NAME, "--log-driver", "awslogs"]
    with open("/var/lib/cloud/data/instance-id", encoding="utf-8") as file:
        stream = file.read().strip()
    log = {"awslogs-region": document["region"], "awslogs-group": document["log_group"], "awslogs-stream": stream}
    # A container must not stand still because its log cannot be delivered.
    for key, value in (log | {"mode": "non-blocking", "max-buffer-size": "4m"}).items():
        yield from ["--log-opt", f"{key}={value}"]
    if document["port"]:
        yield from ["--publish", f"{document['port']}:{document['port']}"]
    for name, value in document["environment"].items():
        yield from ["--env", f"{name}={value}"]
    for name in document["secrets"]:
        yield from ["--env", name]


def main():
    with open("/etc/infra/container.json", encoding="utf-8") as file:
        document = json.load(file)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        values = pool.map(lambda reference: secret(document["region"], reference), document["secrets"].values())
        secrets = dict(zip(document["secrets"], values))
    pull(document["image"])
    subprocess.run(["docker", "rm", "--force", NAME], stdout=NULL, stderr=NULL)
    docker("run", *options(document), document["image"], *document["command"], env=os.environ | secrets, stdout=NULL)
    print(f"infra: {document['image']} runs", flush=True)
    code = docker("wait", NAME, stdout=PIPE).stdout.strip()
    raise ChildProcessError(f"the container ended with exit code {code}; its output is in log group {document['log_group']}")


try:
    main()
except subprocess.CalledProcessError as error:
    # What failed, without the values of the environment; the command itself has said why.
    sys.exit(f"infra: {' '.join(error.cmd[:6])} … failed with exit code {error.returncode}")
except Exception as error:
    sys.exit(f"infra: {type(error).__name__}: {error}")
INFRA_PROGRAM
chmod 700 /usr/local/sbin/infra-container

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
ExecStart=/usr/local/sbin/infra-container
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
        echo "infra: docker could not be installed; does this subnet reach the package repositories?" >&2
        exit 1
    fi
    sleep "$((attempt * 10))"
done
systemctl daemon-reload
systemctl enable --now docker.service infra-container.service
