"""SSM: LocalStack's own, plus the public parameters by which AWS names its newest Amazon Linux images."""

from localstack.services.ssm.provider import SsmProvider

from . import framework


class Provider(framework.Provider):
    service = "ssm"
    base = SsmProvider()
