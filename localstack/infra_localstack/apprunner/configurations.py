"""What services share: VPC connectors, auto scaling and observability configurations, all in revisions."""

from . import connector
from .revisions import Revision, Revisions
from .source import invalid

# Service quotas, https://docs.aws.amazon.com/general/latest/gr/apprunner.html
MAX_CONNECTORS = 10
MAX_NAMES, MAX_REVISIONS = 10, 5
DEFAULT_SCALING = {"MaxConcurrency": 100, "MinSize": 1, "MaxSize": 25}


class Configurations:
    # VPC connectors

    def create_vpc_connector(self, context, request):
        settings = connector.settings(context, request)
        made = self._kind(context, "vpcconnector").create(
            request["VpcConnectorName"], settings, tags_of(request), self.now(context)
        )
        connector.attach(context, made)
        return {"VpcConnector": connector.describe(made)}

    def describe_vpc_connector(self, context, request):
        return {"VpcConnector": connector.describe(self._connector(context, request))}

    def list_vpc_connectors(self, context, request):
        # Deleted ones stay for some time, as INACTIVE.
        every = self._kind(context, "vpcconnector").by_arn.values()
        return page("VpcConnectors", [connector.describe(it) for it in every], request)

    def delete_vpc_connector(self, context, request):
        found = self._connector(context, request)
        users = [
            it.name
            for it in self._state_of(context).living(self.now(context))
            if found.arn in _connectors(it.settings) + _connectors(it.before or {})
        ]
        self._kind(context, "vpcconnector").delete(found, users, self.now(context))
        self.after(context, lambda: connector.detach(context, found))
        return {"VpcConnector": connector.describe(found)}

    def _connector(self, context, request: dict) -> Revision:
        return self._kind(context, "vpcconnector").resolve(request["VpcConnectorArn"])

    # Auto scaling configurations

    def create_auto_scaling_configuration(self, context, request):
        settings = {key: request.get(key, default) for key, default in DEFAULT_SCALING.items()}
        if not 1 <= settings["MaxConcurrency"] <= 200:
            raise invalid("MaxConcurrency must be between 1 and 200.")
        if not 1 <= settings["MinSize"] <= 25 or settings["MaxSize"] > 25:
            raise invalid("MinSize and MaxSize must be between 1 and 25.")
        if settings["MinSize"] > settings["MaxSize"]:
            raise invalid("MinSize must not be greater than MaxSize.")
        made = self._scaling(context).create(
            request["AutoScalingConfigurationName"], settings, tags_of(request), self.now(context)
        )
        return {"AutoScalingConfiguration": self._describe_scaling(context, made)}

    def describe_auto_scaling_configuration(self, context, request):
        found = self._scaling(context).resolve(request["AutoScalingConfigurationArn"])
        return {"AutoScalingConfiguration": self._describe_scaling(context, found)}

    def list_auto_scaling_configurations(self, context, request):
        kind = self._scaling(context)
        found = kind.active(request.get("AutoScalingConfigurationName"))
        if request.get("LatestOnly", True):
            found = [it for it in found if kind.is_latest(it)]
        summaries = [self._scaling_summary(context, it) for it in found]
        return page("AutoScalingConfigurationSummaryList", summaries, request)

    def delete_auto_scaling_configuration(self, context, request):
        kind = self._scaling(context)
        found = kind.resolve(request["AutoScalingConfigurationArn"])
        doomed = kind.active(found.name) if request.get("DeleteAllRevisions") else [found]
        for it in doomed:
            if it.arn == self._state_of(context).default_scaling:
                raise invalid(f"The default auto scaling configuration {it.arn} cannot be deleted.")
            if users := self._scaled_by(context, it):
                raise invalid(f"The autoscalingconfiguration {it.arn} is in use by the services {', '.join(users)}.")
        for it in doomed:
            kind.delete(it, [], self.now(context))
        return {"AutoScalingConfiguration": self._describe_scaling(context, found)}

    def update_default_auto_scaling_configuration(self, context, request):
        found = self._scaling(context).resolve(request["AutoScalingConfigurationArn"])
        self._state_of(context).default_scaling = found.arn
        return {"AutoScalingConfiguration": self._describe_scaling(context, found)}

    def list_services_for_auto_scaling_configuration(self, context, request):
        found = self._scaling(context).resolve(request["AutoScalingConfigurationArn"])
        users = [
            it.arn
            for it in self._state_of(context).living(self.now(context))
            if it.settings["AutoScalingConfigurationArn"] == found.arn
        ]
        return page("ServiceArnList", users, request)

    def _scaling(self, context) -> Revisions:
        kind = self._kind(context, "autoscalingconfiguration")
        if not kind.by_arn:
            self._state_of(context).default_scaling = kind.add_default(DEFAULT_SCALING, self.now(context)).arn
        return kind

    def _scaled_by(self, context, scaling: Revision) -> list[str]:
        return [
            it.name
            for it in self._state_of(context).living(self.now(context))
            if scaling.arn in [settings["AutoScalingConfigurationArn"] for settings in (it.settings, it.before) if settings]
        ]

    def _scaling_summary(self, context, scaling: Revision) -> dict:
        return {
            "AutoScalingConfigurationArn": scaling.arn,
            "AutoScalingConfigurationName": scaling.name,
            "AutoScalingConfigurationRevision": scaling.number,
            # AWS answers these two in lower case, unlike its model and its other kinds.
            "Status": scaling.status.lower(),
            "CreatedAt": scaling.created,
            "HasAssociatedService": bool(self._scaled_by(context, scaling)),
            "IsDefault": scaling.arn == self._state_of(context).default_scaling,
        }

    def _describe_scaling(self, context, scaling: Revision) -> dict:
        return {
            **self._scaling_summary(context, scaling),
            **scaling.settings,
            "Latest": self._scaling(context).is_latest(scaling),
            **({"DeletedAt": scaling.deleted} if scaling.deleted else {}),
        }

    # Observability configurations

    def create_observability_configuration(self, context, request):
        settings = {"TraceConfiguration": request["TraceConfiguration"]} if "TraceConfiguration" in request else {}
        made = self._observability(context).create(
            request["ObservabilityConfigurationName"], settings, tags_of(request), self.now(context)
        )
        return {"ObservabilityConfiguration": self._describe_observability(context, made)}

    def describe_observability_configuration(self, context, request):
        found = self._observability(context).resolve(request["ObservabilityConfigurationArn"])
        return {"ObservabilityConfiguration": self._describe_observability(context, found)}

    def list_observability_configurations(self, context, request):
        kind = self._observability(context)
        found = kind.active(request.get("ObservabilityConfigurationName"))
        if request.get("LatestOnly", True):
            found = [it for it in found if kind.is_latest(it)]
        keys = ("ObservabilityConfigurationArn", "ObservabilityConfigurationName", "ObservabilityConfigurationRevision")
        described = [self._describe_observability(context, it) for it in found]
        summaries = [{key: it[key] for key in keys} for it in described]
        return page("ObservabilityConfigurationSummaryList", summaries, request)

    def delete_observability_configuration(self, context, request):
        kind = self._observability(context)
        found = kind.resolve(request["ObservabilityConfigurationArn"])
        users = [
            it.name
            for it in self._state_of(context).living(self.now(context))
            if it.settings["ObservabilityConfiguration"].get("ObservabilityConfigurationArn") == found.arn
        ]
        kind.delete(found, users, self.now(context))
        return {"ObservabilityConfiguration": self._describe_observability(context, found)}

    def _observability(self, context) -> Revisions:
        return self._kind(context, "observabilityconfiguration")

    def _describe_observability(self, context, it: Revision) -> dict:
        return {
            "ObservabilityConfigurationArn": it.arn,
            "ObservabilityConfigurationName": it.name,
            "ObservabilityConfigurationRevision": it.number,
            "Latest": self._observability(context).is_latest(it),
            "Status": it.status,
            "CreatedAt": it.created,
            **it.settings,
            **({"DeletedAt": it.deleted} if it.deleted else {}),
        }

    # Shared

    def _kind(self, context, name: str) -> Revisions:
        kinds = self._state_of(context).kinds
        if name not in kinds:
            quota = (MAX_CONNECTORS, 1) if name == "vpcconnector" else (MAX_NAMES, MAX_REVISIONS)
            kinds[name] = Revisions(name, self._prefix(context), *quota)
        return kinds[name]


def tags_of(request: dict) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in request.get("Tags") or []}


def _connectors(settings: dict) -> list[str | None]:
    return [settings.get("NetworkConfiguration", {}).get("EgressConfiguration", {}).get("VpcConnectorArn")]


def page(key: str, items: list, request: dict) -> dict:
    """Everything, or `MaxResults` of it from `NextToken`, which is where the page starts."""
    start = int(request.get("NextToken") or 0)
    end = start + (request.get("MaxResults") or len(items))
    return {key: items[start:end], **({"NextToken": str(end)} if end < len(items) else {})}
