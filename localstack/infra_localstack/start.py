"""What happens when LocalStack starts: providers are chosen and loaded, and the gateway gets the control API."""

import logging
import os

from localstack import config
from localstack.aws import handlers
from localstack.runtime import hooks
from localstack.services.edge import ROUTER

from . import control, services
from .recorder import Recorder

LOG = logging.getLogger(__name__)


@hooks.on_infra_start()
def start():
    # Counting calls and injecting failures happen at the gateway, so that they work for every service, ours or not.
    handlers.serve_custom_service_request_handlers.append(control.before)
    handlers.run_custom_response_handlers.append(control.after)
    ROUTER.add(control.Control())
    if file := os.environ.get("INFRA_LOCALSTACK_REQUESTS"):
        handlers.preprocess_request.append(Recorder(file))
    if services.licensed():
        LOG.info("infra_localstack: LOCALSTACK_AUTH_TOKEN is set, LocalStack's own providers are used")
        return
    for name in services.NAMES:
        # Loaded now rather than at the first call: a broken service then shows in the first lines of the log.
        try:
            services.provider(name).routes(ROUTER)
        except Exception as error:
            if isinstance(error, ModuleNotFoundError) and error.name == f"infra_localstack.{name}":
                LOG.error("infra_localstack: there is no module for service %s, LocalStack's own answers if it has one", name)
                continue
            LOG.error("infra_localstack: SERVICE %s IS BROKEN", name.upper(), exc_info=True)
        config.SERVICE_PROVIDER_CONFIG.set_provider_if_not_exists(name, services.CHOICE)
