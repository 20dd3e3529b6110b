"""Secrets Manager: LocalStack's own, which does not know that a secret of another service is not its user's to change."""

from localstack.services.secretsmanager.provider import SecretsmanagerProvider
from moto.secretsmanager import secretsmanager_backends

from . import framework


class Provider(framework.Provider):
    service = "secretsmanager"
    base = SecretsmanagerProvider()

    def delete_secret(self, context, request):
        return self._if_own(context, request)

    def put_secret_value(self, context, request):
        return self._if_own(context, request)

    def update_secret(self, context, request):
        return self._if_own(context, request)

    def _if_own(self, context, request):
        """Not for a secret such as `rds!db-…`: that goes through the service which manages it."""
        secrets = secretsmanager_backends[context.account_id][context.region].secrets
        if request["SecretId"] in secrets and (owner := getattr(secrets[request["SecretId"]], "owning_service", None)):
            raise self.error(
                "InvalidRequestException",
                f"You can't change or delete a secret that is managed by {owner}. Use {owner} instead.",
            )
        return self.base_call(context)
