"""CloudWatch Logs: LocalStack's own, which loses tags that a log group without any is given, and keeps those of deleted ones."""

from localstack.services.logs.models import logs_stores
from localstack.services.logs.provider import LogsProvider
from localstack.utils.aws import arns

from . import framework


class Provider(framework.Provider):
    service = "logs"
    base = LogsProvider()

    def tag_resource(self, context, request):
        self._tags(context).setdefault(request["resourceArn"], {})
        return self.base_call(context)

    def delete_log_group(self, context, request):
        answer = self.base_call(context)
        arn = arns.log_group_arn(
            group_name=request["logGroupName"], account_id=context.account_id, region_name=context.region
        )
        self._tags(context).pop(arn, None)
        return answer

    def _tags(self, context) -> dict:
        return logs_stores[context.account_id][context.region].TAGS
