"""Targets and their health: unused, initial, healthy, unhealthy, draining (API reference, TargetHealth).

A registered target becomes healthy when the service has had its time, unless the control API says otherwise for the
target group (by name) or for one target (by id): `unhealthy`, `timeout`, or the HTTP code its checks answer.
"""

from .. import interfaces
from ..framework import aws_error
from . import actions

NOT_IN_USE = ("unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer")
OTHER_ZONE = ("unused", "Target.NotInUse", "Target is in an Availability Zone that is not enabled for the load balancer")
STOPPED = ("unused", "Target.InvalidState", "Target is in the stopped or terminated state")
NOT_REGISTERED = ("unused", "Target.NotRegistered", "Target is not registered to the target group")
INITIAL = ("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
DRAINING = ("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress")
UNHEALTHY = ("unhealthy", "Target.FailedHealthChecks", "Health checks failed")
TIMEOUT = ("unhealthy", "Target.Timeout", "Request timed out")
HEALTHY = ("healthy", None, None)


class Targets:
    def register_targets(self, context, request):
        group = self._known(context, request["TargetGroupArn"])
        wanted = [self._target(context, group, target) for target in request.get("Targets") or []]
        for target in wanted:
            held = group["targets"].get((target["Id"], target["Port"]))
            if not held or held["draining"]:
                group["targets"][target["Id"], target["Port"]] = target | {"since": self.now(context), "draining": False}
        return {}

    def deregister_targets(self, context, request):
        group = self._known(context, request["TargetGroupArn"])
        for target in request.get("Targets") or []:
            for key, held in list(group["targets"].items()):
                if key[0] == target["Id"] and target.get("Port") in (None, key[1]) and not held["draining"]:
                    self._drain(context, group, key, held)
        return {}

    def _drain(self, context, group: dict, key: tuple, held: dict) -> None:
        if not actions.used_by(self.state(context), group["TargetGroupArn"]):
            del group["targets"][key]  # nobody sent it requests, so there is nothing to wait for
            return
        held["draining"] = True

        def gone():
            if group["targets"].get(key) is held:
                del group["targets"][key]

        delay = int(group["attributes"]["deregistration_delay.timeout_seconds"])
        self.after(context, gone, seconds=min(delay, self.seconds(context)))

    def describe_target_health(self, context, request):
        group = self._known(context, request["TargetGroupArn"])
        asked = request.get("Targets")
        if asked:
            keys = [(t["Id"], t.get("Port") or group.get("Port")) for t in asked]
        else:
            keys = list(group["targets"])
        check = group.get("HealthCheckPort", "traffic-port")
        found = []
        for target_id, port in keys:
            state, reason, about = self._health(context, group, group["targets"].get((target_id, port)))
            target = {"Id": target_id} | ({"Port": port} if port else {})
            if zone := (group["targets"].get((target_id, port)) or {}).get("AvailabilityZone"):
                target["AvailabilityZone"] = zone
            health = {"State": state} | ({"Reason": reason, "Description": about} if reason else {})
            entry = {"Target": target, "TargetHealth": health, "AdministrativeOverride": NO_OVERRIDE}
            if port:
                entry["HealthCheckPort"] = str(port) if check == "traffic-port" else check
            found.append(entry)
        return {"TargetHealthDescriptions": found}

    def _health(self, context, group: dict, held: dict | None) -> tuple:
        state = self.state(context)
        if not held:
            return NOT_REGISTERED
        if held["draining"]:
            return DRAINING
        balancers = [state.load_balancers[arn] for arn in actions.used_by(state, group["TargetGroupArn"])]
        if not balancers:
            return NOT_IN_USE
        if group["TargetType"] == "instance":
            instance = _instance(context, held["Id"])
            if not instance or instance._state.name in ("stopping", "stopped", "shutting-down", "terminated"):
                return STOPPED
            zones = {zone["ZoneName"] for balancer in balancers for zone in balancer["AvailabilityZones"]}
            if interfaces.subnet(context, instance.subnet_id).availability_zone not in zones:
                return OTHER_ZONE
        began = max(held["since"], group["used_since"] or 0)
        if began >= state.hurried and self.now(context) < began + self.seconds(context):
            return INITIAL
        outcome = self.outcome(context, held["Id"], keep=True) or self.outcome(context, group["TargetGroupName"], keep=True)
        if outcome in (None, "healthy"):
            return HEALTHY
        if outcome.isdigit():
            return "unhealthy", "Target.ResponseCodeMismatch", f"Health checks failed with these codes: [{outcome}]"
        return TIMEOUT if outcome == "timeout" else INITIAL if outcome in ("initial", "stuck") else UNHEALTHY

    def _target(self, context, group: dict, target: dict) -> dict:
        if group["TargetType"] == "instance":
            instance = _instance(context, target["Id"])
            if not instance:
                raise self.error("InvalidTargetException", f"The following targets are invalid: '{target['Id']}'")
            if instance._state.name not in ("pending", "running"):
                raise self.error(
                    "InvalidTargetException",
                    f"The following targets are not in a running state and cannot be registered: '{target['Id']}'",
                )
            if interfaces.subnet(context, instance.subnet_id).vpc_id != group["VpcId"]:
                raise self.error(
                    "InvalidTargetException",
                    f"The following targets are not in the target group VPC '{group['VpcId']}': '{target['Id']}'",
                )
        if group["TargetType"] != "lambda" and not 1 <= target.get("Port", group["Port"]) <= 65535:
            raise aws_error("ValidationError", f"Port '{target['Port']}' must be between 1 and 65535")
        return {"Id": target["Id"], "Port": target.get("Port") or group.get("Port"), "AvailabilityZone": target.get("AvailabilityZone")}


#: What AWS says of a target that no zonal shift concerns.
NO_OVERRIDE = {
    "State": "no_override",
    "Reason": "AdministrativeOverride.NoOverride",
    "Description": "No override is currently active on target",
}


def _instance(context, instance_id: str):
    for reservation in interfaces.backend(context).reservations.values():
        for instance in reservation.instances:
            if instance.id == instance_id:
                return instance
    return None
