"""The master user's password that RDS keeps in Secrets Manager (ManageMasterUserPassword).

The secret is a real one, named `rds!db-<uuid>` and owned by RDS: made with the instance and deleted with it.
"""

import json
import secrets
import string
import uuid

from moto.secretsmanager import secretsmanager_backends

from .. import keys

#: What RDS does not use in a password: / @ " and space.
_ALPHABET = string.ascii_letters + string.digits + "!#$%&()*+,-.:;<=>?[]^_{|}~"


def create(context, instance_arn: str, username: str, kms_key: str | None) -> dict:
    """Makes the secret; returns RDS's MasterUserSecret, whose status is still `creating`."""
    made = _backend(context).create_managed_secret(
        service_name="rds",
        secret_id=f"rds!db-{uuid.uuid4()}",
        secret_string=json.dumps({"username": username, "password": _password()}),
        description=f"Secret associated with primary RDS DB instance: {instance_arn}",
        tags=[{"Key": "aws:rds:primaryDBInstanceArn", "Value": instance_arn}],
        kms_key_id=kms_key,
    )
    key = kms_key or keys.arn(context, "alias/aws/secretsmanager")
    return {"SecretArn": made.arn, "SecretStatus": "creating", "KmsKeyId": key}


def rotate(context, secret: dict, username: str) -> None:
    value = json.dumps({"username": username, "password": _password()})
    _backend(context).put_secret_value(secret["SecretArn"], value, "", str(uuid.uuid4()), ["AWSCURRENT"])


def delete(context, secret: dict) -> None:
    """At once: a secret managed by RDS has no recovery window."""
    _backend(context).secrets.pop(secret["SecretArn"])


def _password() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(28))


def _backend(context):
    return secretsmanager_backends[context.account_id][context.region]
