"""App Runner, which neither LocalStack's open core nor moto has.

A service is `OPERATION_IN_PROGRESS` until its operation ends. `POST /_infra/outcome` with service `apprunner` and the service's
name says how the next operation ends: `SUCCEEDED`, `FAILED`, `ROLLBACK_SUCCEEDED`, `ROLLBACK_FAILED`, or `stuck`,
which lasts until another outcome is asked for. Unasked, a deployment fails only if its image is not in ECR.

Not here: code repositories and their connections, custom domains, private ingress.
"""

from dataclasses import dataclass, field

from .. import constraints, framework
from . import source
from .configurations import Configurations, page, tags_of
from .operation import Operation
from .revisions import Revisions
from .service import Service
from .source import invalid

# Service quotas, https://docs.aws.amazon.com/general/latest/gr/apprunner.html
MAX_SERVICES = 30


@dataclass
class State:
    services: dict[str, Service] = field(default_factory=dict)
    # Made at first use, since their ARNs need account and region.
    kinds: dict[str, Revisions] = field(default_factory=dict)
    default_scaling: str = ""

    def living(self, at: float) -> list[Service]:
        return [it for it in self.services.values() if it.status(at) != "DELETED"]

    def hurry(self, at: float) -> None:
        for service in self.services.values():
            service.operations[-1].hurry(at)


class Provider(Configurations, framework.Provider):
    service = "apprunner"
    base = None
    state_class = State

    def _before(self, context, request):
        if why := constraints.broken(context.operation.input_shape, request):
            raise invalid(why)

    # Services

    def create_service(self, context, request):
        now, name = self.now(context), request["ServiceName"]
        living = self._state_of(context).living(now)
        if any(it.name == name for it in living):
            raise invalid(f"Service with the provided name already exists: {name}.")
        if len(living) >= MAX_SERVICES:
            raise self.error("ServiceQuotaExceededException", f"The limit of {MAX_SERVICES} services is reached.")
        service = Service(
            name,
            self._prefix(context),
            context.region,
            self._settings(context, request, None),
            request.get("EncryptionConfiguration"),
            tags_of(request),
        )
        self._state_of(context).services[service.arn] = service
        return self._begin(context, service, "CREATE_SERVICE")

    def describe_service(self, context, request):
        return {"Service": self._describe(context, self._service(context, request))}

    def list_services(self, context, request):
        now = self.now(context)
        summaries = [it.summary(now) for it in self._state_of(context).living(now)]
        return page("ServiceSummaryList", summaries, request)

    def update_service(self, context, request):
        service = self._service(context, request, "RUNNING")
        return self._begin(context, service, "UPDATE_SERVICE", self._settings(context, request, service.settings))

    def pause_service(self, context, request):
        return self._begin(context, self._service(context, request, "RUNNING"), "PAUSE_SERVICE")

    def resume_service(self, context, request):
        return self._begin(context, self._service(context, request, "PAUSED"), "RESUME_SERVICE")

    def delete_service(self, context, request):
        states = ("RUNNING", "PAUSED", "CREATE_FAILED", "DELETE_FAILED")
        return self._begin(context, self._service(context, request, *states), "DELETE_SERVICE")

    def start_deployment(self, context, request):
        service = self._service(context, request)
        status = service.status(self.now(context))
        if status != "RUNNING":
            # The only operation whose model has no InvalidStateException.
            raise invalid(f"Service cannot be deployed in the current state: {status}.")
        return {"OperationId": self._begin(context, service, "START_DEPLOYMENT")["OperationId"]}

    def list_operations(self, context, request):
        service, now = self._service(context, request), self.now(context)
        summaries = [it.summary(now) for it in reversed(service.operations)]
        return page("OperationSummaryList", summaries, request)

    # Tags

    def tag_resource(self, context, request):
        self._tags_of(context, request).update(tags_of(request))
        return {}

    def untag_resource(self, context, request):
        tags = self._tags_of(context, request)
        for key in request["TagKeys"]:
            tags.pop(key, None)
        return {}

    def list_tags_for_resource(self, context, request):
        return {"Tags": [{"Key": key, "Value": value} for key, value in self._tags_of(context, request).items()]}

    def _tags_of(self, context, request: dict) -> dict[str, str]:
        arn, state = request["ResourceArn"], self._state_of(context)
        self._scaling(context)
        things = [state.services, *(kind.by_arn for kind in state.kinds.values())]
        found = next((thing[arn] for thing in things if arn in thing), None)
        if found is None or found.deleted:
            raise self.error("ResourceNotFoundException", f"The resource {arn} cannot be found.")
        return found.tags

    # Shared

    def _state_of(self, context) -> State:
        return self.state(context)

    def _prefix(self, context) -> str:
        return f"arn:aws:apprunner:{context.region}:{context.account_id}"

    def _service(self, context, request: dict, *states: str) -> Service:
        """The service a request names; with `states`, refused in any other."""
        service = self._state_of(context).services.get(request["ServiceArn"])
        if service is None:
            raise self.error("ResourceNotFoundException", f"Service cannot be found: {request['ServiceArn']}.")
        if states:
            service.require(self.now(context), *states)
        self._release(context, service)
        return service

    def _describe(self, context, service: Service) -> dict:
        scaling = self._scaling(context).resolve(service.settings["AutoScalingConfigurationArn"])
        return service.describe(self.now(context), self._scaling_summary(context, scaling))

    def _settings(self, context, request: dict, before: dict | None) -> dict:
        """The complete settings a request leads to; what an update leaves out stays."""
        before = before or {}

        def given(key, complete, *more):
            return complete(request.get(key), *more) if key in request or key not in before else before[key]

        instance = given("InstanceConfiguration", source.instance)
        if "SourceConfiguration" in request:
            origin = source.source(
                request["SourceConfiguration"], before.get("SourceConfiguration"), instance, context.account_id
            )
        else:
            origin = before["SourceConfiguration"]
        network = given("NetworkConfiguration", source.network, before.get("NetworkConfiguration"))
        observability = given("ObservabilityConfiguration", source.observability)
        if arn := network["EgressConfiguration"].get("VpcConnectorArn"):
            found = self._kind(context, "vpcconnector").in_service(arn)
            network = {**network, "EgressConfiguration": {"EgressType": "VPC", "VpcConnectorArn": found.arn}}
        if arn := observability.get("ObservabilityConfigurationArn"):
            found = self._observability(context).in_service(arn)
            observability = {"ObservabilityEnabled": True, "ObservabilityConfigurationArn": found.arn}
        scaling = self._scaling(context)
        wanted = request.get("AutoScalingConfigurationArn") or before.get("AutoScalingConfigurationArn")
        source.check_roles(context.account_id, origin, instance)
        return {
            "SourceConfiguration": origin,
            "InstanceConfiguration": instance,
            "HealthCheckConfiguration": given("HealthCheckConfiguration", source.health_check),
            "NetworkConfiguration": network,
            "ObservabilityConfiguration": observability,
            "AutoScalingConfigurationArn": scaling.in_service(wanted or self._state_of(context).default_scaling).arn,
        }

    def _begin(self, context, service: Service, type: str, settings: dict | None = None) -> dict:
        wanted = settings or service.settings
        outcome = self.outcome(context, service.name) or self._natural_outcome(type, wanted)
        if type == "CREATE_SERVICE" and outcome not in ("SUCCEEDED", "stuck"):
            outcome = "FAILED"  # there is nothing to go back to
        operation = Operation(
            type, service.arn, self.now(context), self.seconds(context), None if outcome == "stuck" else outcome
        )
        service.begin(operation, settings)
        return {"Service": self._describe(context, service), "OperationId": operation.id}

    def _natural_outcome(self, type: str, settings: dict) -> str:
        """A deployment whose image cannot be pulled is rolled back."""
        deploys = type in ("CREATE_SERVICE", "UPDATE_SERVICE", "START_DEPLOYMENT", "RESUME_SERVICE")
        if deploys and not source.image_exists(settings["SourceConfiguration"]["ImageRepository"]):
            return "ROLLBACK_SUCCEEDED"
        return "SUCCEEDED"

    def _release(self, context, service: Service) -> None:
        """A stuck operation goes on once another outcome is asked for."""
        last = service.operations[-1]
        if last.outcome is None and (outcome := self.outcome(context, service.name)) not in (None, "stuck"):
            last.outcome, last.started = outcome, self.now(context)

    def _image_pushed(self, context, repository: str, tag: str) -> None:
        """A tag that moved in ECR starts a deployment of the services that follow it."""
        uri = f"{context.account_id}.dkr.ecr.{context.region}.amazonaws.com/{repository}:{tag}"
        for service in self._state_of(context).living(self.now(context)):
            origin = service.settings["SourceConfiguration"]
            follows = origin["AutoDeploymentsEnabled"] and origin["ImageRepository"]["ImageIdentifier"] == uri
            if follows and service.status(self.now(context)) == "RUNNING":
                self._begin(context, service, "START_DEPLOYMENT")
