"""The services this extension serves: one line each, here and in pyproject.toml.

A service `name` lives in the module (or package) `infra_localstack.name`, which has a class `Provider`. A service whose
module is missing or fails to import is reported in the log, and takes no other service with it.
"""

import importlib
import logging
import os

from localstack.services.plugins import Service, aws_provider

LOG = logging.getLogger(__name__)

#: The provider's name in LocalStack's choice of providers (PROVIDER_OVERRIDE_<SERVICE>=infra).
CHOICE = "infra"

#: service -> its provider, filled as they load.
PROVIDERS: dict[str, object] = {}


def licensed() -> bool:
    """With a LocalStack licence its own providers stay in charge: the extension then only serves the control API."""
    return bool(os.environ.get("LOCALSTACK_AUTH_TOKEN"))


def provider(name: str):
    """The one provider of a service, made at the first call."""
    if name not in PROVIDERS:
        module = importlib.import_module(f"infra_localstack.{name}")
        PROVIDERS[name] = module.Provider()
    return PROVIDERS[name]


def _plugin(name: str):
    def create() -> Service:
        try:
            return provider(name).localstack_service()
        except Exception:
            LOG.error("infra_localstack: service %s cannot be served", name, exc_info=True)
            raise

    create.__name__ = name
    return aws_provider(api=name, name=CHOICE)(create)


apprunner = _plugin("apprunner")
autoscaling = _plugin("autoscaling")
cloudwatch = _plugin("cloudwatch")
ec2 = _plugin("ec2")
ecr = _plugin("ecr")
elasticache = _plugin("elasticache")
elbv2 = _plugin("elbv2")
iam = _plugin("iam")
logs = _plugin("logs")
rds = _plugin("rds")
secretsmanager = _plugin("secretsmanager")

NAMES = sorted(spec.name.split(":")[0] for spec in list(globals().values()) if hasattr(spec, "factory"))
