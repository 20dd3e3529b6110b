#!/usr/bin/env bash
# Runs in LocalStack's container before LocalStack (see compose.yaml): adds the extension to the image's Python.
set -euo pipefail
pip=/opt/code/localstack/.venv/bin/pip

# A copy, since the mounted sources are read-only and a build writes beside them.
cp -r /opt/infra-localstack /tmp/infra-localstack
# The extension reaches into moto's models; with a licence it does not use them, and the image keeps its own.
if [[ -z ${LOCALSTACK_AUTH_TOKEN:-} ]]; then
    $pip install --quiet --no-deps "$(grep '^moto-ext' /tmp/infra-localstack/requirements.txt)"
fi
$pip install --quiet --no-deps /tmp/infra-localstack
