"""KMS keys as other services name them: the account's own by id, ARN or alias, and AWS's by their reserved alias."""

import uuid

from localstack.aws.api.kms import NotFoundException
from localstack.services.kms.models import KmsKey, kms_stores
from localstack.services.kms.provider import KmsProvider


def _key_material_id(key: KmsKey, material: bytes) -> str:
    # LocalStack hands bytes to uuid5, which Python takes from 3.12 on; on 3.11 no key could be made at all.
    return uuid.uuid5(key._internal_key_id, material.hex()).hex * 2


KmsKey.generate_key_material_id = _key_material_id


def arn(context, key: str) -> str | None:
    """The ARN of a key, which for a reserved alias (`alias/aws/rds`) is made at its first use; None: no such key."""
    try:
        key_id = KmsProvider._get_key_id_from_any_id(context.account_id, context.region, key)
    except NotFoundException:
        return None
    return kms_stores[context.account_id][context.region].keys[key_id].metadata["Arn"]
