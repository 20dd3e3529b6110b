"""Instance refreshes: batch after batch, and back again when it fails.

Each step lasts as long as one instance needs to start: warm-up and bake time are not waited for besides, the delay at
checkpoints is. An alarm of the refresh that is in ALARM ends it: CloudWatch's `SetAlarmState` puts it there. `POST /_infra/outcome` with service `autoscaling` and the group's name says how the next refresh ends:
`Successful`, `Failed` (which with AutoRollback becomes a rollback), `RollbackSuccessful`, `RollbackFailed`, `Cancelled`,
`unhealthy`, in which the targets of the new instances are that for ever, or `stuck`, which lasts until another outcome is
asked for, or it is cancelled or rolled back. Unasked, a refresh fails when the new instances do not start or their
targets are unhealthy.
"""

from . import template
from .group import Group, describe_member, invalid, utc
from .refresh import Refresh, preferences

OUTCOMES = ("Successful", "Failed", "RollbackSuccessful", "RollbackFailed", "Cancelled", "unhealthy", "stuck")
# Steps a batch has to become healthy.
MAX_ATTEMPTS = 3
# Seconds between two looks at instances that are not healthy yet.
WAIT_SECONDS = 0.1


class Refreshes:
    def start_instance_refresh(self, context, request):
        group = self._group(context, request)
        if request.get("Strategy", "Rolling") != "Rolling":
            raise invalid("The only strategy here is Rolling")
        if self._active_refresh(group):
            raise self.error(
                "InstanceRefreshInProgressFault",
                "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.",
            )
        chosen = preferences(request.get("Preferences") or {}, group.settings)
        desired = request.get("DesiredConfiguration")
        if desired:
            desired = self._resolved(context, desired)
        if chosen["AutoRollback"]:
            self._check_rollback(context, group, desired)
        self._check_alarms(context, chosen)
        refresh = Refresh(group, chosen, desired, self._asked(context, group))
        group.refreshes.insert(0, refresh)
        self.after(context, lambda: self._begin_refresh(context, refresh))
        return {"InstanceRefreshId": refresh.id}

    def describe_instance_refreshes(self, context, request):
        group, wanted = self._group(context, request), request.get("InstanceRefreshIds") or []
        if (active := self._active_refresh(group)) and active.outcome == "stuck":
            if active.status == "InProgress" and (why := self._alarmed(context, active)):
                self._fail(context, active, why)
            self._unstick(context, active)
        shown = [it.describe() for it in group.refreshes if not wanted or it.id in wanted]
        return self._page(request, "InstanceRefreshes", shown, 50)

    def cancel_instance_refresh(self, context, request):
        refresh = self._required(self._group(context, request))
        self._cancel(context, refresh)
        return {"InstanceRefreshId": refresh.id}

    def rollback_instance_refresh(self, context, request):
        group = self._group(context, request)
        refresh = self._required(group)
        if not refresh.desired or refresh.status in ("Cancelling", "RollbackInProgress"):
            raise self.error(
                "IrreversibleInstanceRefreshFault", "The instance refresh has no desired configuration to go back from."
            )
        self._check_rollback(context, group, refresh.desired)
        refresh.outcome = refresh.outcome if refresh.outcome == "RollbackFailed" else None
        self._begin_rollback(context, refresh, "Rollback was initiated by a user request.")
        return {"InstanceRefreshId": refresh.id}

    # Requests

    def _active_refresh(self, group: Group) -> Refresh | None:
        return next((it for it in group.refreshes if it.is_active), None)

    def _required(self, group: Group) -> Refresh:
        refresh = self._active_refresh(group)
        if refresh is None:
            raise self.error(
                "ActiveInstanceRefreshNotFoundFault", f"No in progress or pending Instance Refresh found for {group.name}"
            )
        return refresh

    def _asked(self, context, group: Group) -> str | None:
        outcome = self.outcome(context, group.name)
        if outcome not in (None, *OUTCOMES):
            raise invalid(f"{outcome} is not an outcome of an instance refresh: {', '.join(OUTCOMES)}")
        return outcome

    def _resolved(self, context, desired: dict) -> dict:
        settings = {key: value for key, value in desired.items() if key in ("LaunchTemplate", "MixedInstancesPolicy")}
        self._check_template(context, settings)
        return settings

    def _check_rollback(self, context, group: Group, desired: dict | None) -> None:
        """https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html"""
        if not desired:
            raise invalid("A desired configuration must be specified when AutoRollback is enabled.")
        wanted = Refresh(group, {}, desired, None).template()
        for specification in (wanted, group.template()):
            if specification["Version"].startswith("$"):
                raise invalid(
                    "AutoRollback cannot be used with the launch template versions $Latest and $Default. "
                    "Specify a numeric version."
                )
            _, version = template.resolve(self, context, specification)
            if version["LaunchTemplateData"].get("ImageId", "").startswith("resolve:ssm:"):
                raise invalid("AutoRollback cannot be used with a launch template whose ImageId is an SSM parameter.")

    # Alarms of CloudWatch

    def _alarm_states(self, context, preferences: dict) -> dict[str, str | None]:
        """The states of the alarms of a refresh by name; none for one that is not there."""
        there = self.peer(context, "cloudwatch").alarms
        names = (preferences.get("AlarmSpecification") or {}).get("Alarms") or []
        return {name: there[name]["StateValue"] if name in there else None for name in names}

    def _check_alarms(self, context, preferences: dict) -> None:
        """What AWS makes of an alarm that is not there is not written anywhere; nobody shall rely on it."""
        if missing := [name for name, state in self._alarm_states(context, preferences).items() if state is None]:
            raise invalid(f"The CloudWatch alarms do not exist: {', '.join(missing)}.")

    def _alarmed(self, context, refresh: Refresh) -> str | None:
        """https://docs.aws.amazon.com/autoscaling/ec2/userguide/instance-refresh-rollback.html"""
        loud = [name for name, state in self._alarm_states(context, refresh.preferences).items() if state == "ALARM"]
        return f"CloudWatch alarm {loud[0]} is in the ALARM state." if loud else None

    def _launching(self, group: Group) -> dict:
        """What the group launches from right now."""
        active = self._active_refresh(group)
        return (active.template() if active else None) or group.template()

    # Progress: each step is work on the agenda, and does nothing once the refresh has gone another way

    def _later(self, context, refresh: Refresh, status: str, step, at_least: float = 0.0) -> None:
        def work():
            if refresh.status != status or refresh.group.is_going:
                return
            if status in ("InProgress", "Baking") and (why := self._alarmed(context, refresh)):
                self._fail(context, refresh, why)
            else:
                step(context, refresh)

        self.after(context, work, max(self.seconds(context), at_least))

    def _begin_refresh(self, context, refresh: Refresh) -> None:
        if refresh.status != "Pending" or refresh.group.is_going:
            return
        refresh.status, refresh.started = "InProgress", self.now(context)
        refresh.old = [it["InstanceId"] for it in refresh.group.living() if not self._is_skipped(context, refresh, it)]
        refresh.total = len(refresh.old)
        self._next_batch(context, refresh)

    def _is_skipped(self, context, refresh: Refresh, member: dict) -> bool:
        if member["ProtectedFromScaleIn"] and refresh.preferences["ScaleInProtectedInstances"] == "Ignore":
            return True
        if not refresh.preferences["SkipMatching"]:
            return False
        _, version = template.resolve(self, context, self._launching(refresh.group))
        return describe_member(member)["LaunchTemplate"] == template.pinned(version)

    def _next_batch(self, context, refresh: Refresh) -> None:
        if refresh.outcome == "stuck":
            return
        living = {it["InstanceId"] for it in refresh.group.living()}
        refresh.old = [it for it in refresh.old if it in living]
        if not refresh.old:
            self._complete(context, refresh)
            return
        if refresh.checkpoint is not None and refresh.percentage >= refresh.checkpoint:
            self._pause(context, refresh)
            return
        batch = refresh.old[: refresh.batch]
        self._replace(context, refresh, batch)
        self._later(context, refresh, "InProgress", lambda *_: self._after_batch(context, refresh, batch))

    def _pause(self, context, refresh: Refresh) -> None:
        """A refresh waits at each of its checkpoints, and ends at the last of them, even if that is not 100 percent."""
        at, until = refresh.checkpoint, self.now(context) + refresh.preferences["CheckpointDelay"]
        refresh.passed += 1
        if refresh.checkpoint is None:
            self._complete(context, refresh)
            return
        refresh.reason = f"Checkpoint of {at} percent reached."

        def look(*_):
            if self.now(context) < until:
                self._later(context, refresh, "InProgress", look, at_least=WAIT_SECONDS)
            else:
                refresh.reason = None
                self._next_batch(context, refresh)

        look()

    def _replace(self, context, refresh: Refresh, batch: list[str]) -> None:
        """Either the replacements come up first and the old ones go after them, or the other way round."""
        group = refresh.group
        leaving = [group.members[it] for it in batch if it in group.members]
        if refresh.launches_first:
            group.surge = len(leaving)
            self._reconcile(context, group, "an instance was launched in response to an instance refresh.")
        else:
            self._retire(context, group, leaving)

    def _retire(self, context, group: Group, members: list[dict]) -> None:
        for member in members:
            if member["LifecycleState"] in ("Pending", "InService"):
                cause = "an instance was taken out of service in response to an instance refresh."
                self._terminate(context, group, member, cause)
        group.surge = 0
        self._reconcile(context, group, "an instance was launched in response to an instance refresh.")

    def _after_batch(self, context, refresh: Refresh, batch: list[str]) -> None:
        group = refresh.group
        # An asked-for failure is one of the new instances, so the first of them must have come up.
        if refresh.outcome in ("Failed", "RollbackSuccessful", "RollbackFailed"):
            self._fail(context, refresh, "The new instances did not become healthy, as was asked for.")
            return
        health = self._health(context, group)
        if health != "healthy":
            refresh.attempts += health == "ill"
            if refresh.attempts >= MAX_ATTEMPTS:
                self._fail(context, refresh, _why_unhealthy(group))
                return

            def again(*_):
                self._after_batch(context, refresh, batch)

            self._later(context, refresh, "InProgress", again, at_least=WAIT_SECONDS)
            return
        refresh.attempts = 0
        if refresh.launches_first:
            self._retire(context, group, [group.members[it] for it in batch if it in group.members])
        refresh.old = [it for it in refresh.old if it not in batch]
        if refresh.outcome == "Cancelled":
            self._cancel(context, refresh)
            return
        # The percentage of this batch is to be seen before the next one begins.
        self._later(context, refresh, "InProgress", self._next_batch)

    def _health(self, context, group: Group) -> str:
        """`healthy`, `starting` as long as that may still change by itself, or `ill`."""
        living, targets = group.living(), self._target_states(context, group)
        states = {targets.get(it["InstanceId"]) for it in living}
        if len(living) < group.settings["DesiredCapacity"] or "unhealthy" in states:
            return "ill"
        if "initial" in states or any(it["LifecycleState"] != "InService" for it in living):
            return "starting"
        return "healthy"

    def _complete(self, context, refresh: Refresh) -> None:
        if refresh.preferences.get("BakeTime") and refresh.status == "InProgress":
            refresh.status = "Baking"
            self._later(context, refresh, "Baking", self._complete)
            return
        if refresh.desired:
            # Only now does the group itself change.
            for key in ("LaunchTemplate", "MixedInstancesPolicy"):
                refresh.group.settings.pop(key, None)
            refresh.group.settings.update(refresh.desired)
        refresh.end("Successful", self.now(context))

    def _fail(self, context, refresh: Refresh, why: str) -> None:
        refresh.group.surge = 0
        if refresh.preferences["AutoRollback"]:
            self._begin_rollback(context, refresh, why)
        else:
            refresh.end("Failed", self.now(context), why)
            self._reconcile(context, refresh.group, "an instance refresh failed.")

    def _cancel(self, context, refresh: Refresh) -> None:
        refresh.status, refresh.group.surge = "Cancelling", 0
        cancelled = "Cancelled due to user request."
        self._later(context, refresh, "Cancelling", lambda *_: refresh.end("Cancelled", self.now(context), cancelled))

    def _unstick(self, context, refresh: Refresh) -> None:
        outcome = self._asked(context, refresh.group)
        if outcome not in (None, "stuck"):
            refresh.outcome = outcome
            if refresh.status == "InProgress":
                self._next_batch(context, refresh)

    # The way back

    def _begin_rollback(self, context, refresh: Refresh, why: str) -> None:
        refresh.rollback = {
            "RollbackReason": why,
            "RollbackStartTime": utc(self.now(context)),
            "PercentageCompleteOnRollback": refresh.percentage,
            "InstancesToUpdateOnRollback": len(refresh.old),
        }
        refresh.status, refresh.reason, refresh.group.surge = "RollbackInProgress", why, 0
        refresh.attempts = 0
        self._later(context, refresh, "RollbackInProgress", self._roll_back)

    def _roll_back(self, context, refresh: Refresh) -> None:
        group = refresh.group
        going = refresh.replacements()
        if refresh.outcome == "RollbackFailed":
            refresh.end("RollbackFailed", self.now(context), "The rollback failed, as was asked for.")
            return
        if going:
            self._retire(context, group, going[: refresh.batch])
            self._later(context, refresh, "RollbackInProgress", self._roll_back)
            return
        self._reconcile(context, group, "an instance was launched in response to an instance refresh.")
        health = self._health(context, group)
        refresh.attempts += health == "ill"
        if health == "healthy":
            refresh.end("RollbackSuccessful", self.now(context))
        elif refresh.attempts >= MAX_ATTEMPTS:
            refresh.end("RollbackFailed", self.now(context), _why_unhealthy(group))
        else:
            self._later(context, refresh, "RollbackInProgress", self._roll_back, at_least=WAIT_SECONDS)


def _why_unhealthy(group: Group) -> str:
    failed = next((it for it in group.activities if it["StatusCode"] == "Failed"), None)
    return failed["StatusMessage"] if failed else "The new instances did not become healthy."
