"""Groups: made, changed, deleted, and what they are attached to."""

from uuid import uuid4

from .. import interfaces
from ..framework import ServiceException
from . import template
from .group import (
    DEFAULTS,
    SETTINGS,
    Group,
    check_desired,
    check_maintenance,
    check_sizes,
    describe_member,
    end_activity,
    invalid,
)

PROCESSES = {
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
}
METRICS = {
    "GroupMinSize",
    "GroupMaxSize",
    "GroupDesiredCapacity",
    "GroupInServiceInstances",
    "GroupPendingInstances",
    "GroupStandbyInstances",
    "GroupTerminatingInstances",
    "GroupTotalInstances",
    "GroupInServiceCapacity",
    "GroupPendingCapacity",
    "GroupStandbyCapacity",
    "GroupTerminatingCapacity",
    "GroupTotalCapacity",
    "WarmPoolDesiredCapacity",
    "WarmPoolWarmedCapacity",
    "WarmPoolPendingCapacity",
    "WarmPoolTerminatingCapacity",
    "WarmPoolTotalCapacity",
    "GroupAndWarmPoolDesiredCapacity",
    "GroupAndWarmPoolTotalCapacity",
}


class Groups:
    def create_auto_scaling_group(self, context, request):
        name, groups = request["AutoScalingGroupName"], self.state(context).groups
        if name in groups:
            pending = ", which is pending delete" if groups[name].is_going else ""
            raise self.error(
                "AlreadyExistsFault",
                f"AutoScalingGroup by this name already exists - A group with the name {name} already exists{pending}",
            )
        settings = {**DEFAULTS, "DesiredCapacity": request["MinSize"], **_given(request)}
        role = f"arn:aws:iam::{context.account_id}:role/aws-service-role/autoscaling.amazonaws.com"
        settings.setdefault("ServiceLinkedRoleARN", f"{role}/AWSServiceRoleForAutoScaling")
        settings["TargetGroupARNs"] = [
            *settings["TargetGroupARNs"],
            *(it["Identifier"] for it in request.get("TrafficSources") or []),
        ]
        check_sizes(settings)
        check_maintenance(settings)
        self._check_place(context, settings)
        self._check_template(context, settings)
        self._check_target_groups(context, settings["TargetGroupARNs"])
        arn = f"arn:aws:autoscaling:{context.region}:{context.account_id}:autoScalingGroup:{uuid4()}"
        group = Group(name, f"{arn}:autoScalingGroupName/{name}", self.now(context), settings)
        for tag in request.get("Tags") or []:
            self._put_tag(group, tag)
        groups[name] = group
        self._reconcile(context, group, "a user request created an AutoScalingGroup changing the desired capacity.")
        return {}

    def update_auto_scaling_group(self, context, request):
        group = self._group(context, request)
        settings = {**group.settings, **_given(request)}
        if "DesiredCapacity" not in request:
            # A bound that passes the desired capacity takes it along.
            settings["DesiredCapacity"] = min(max(settings["DesiredCapacity"], settings["MinSize"]), settings["MaxSize"])
        check_sizes(settings)
        check_maintenance(settings)
        if "VPCZoneIdentifier" in request or "AvailabilityZones" in request:
            if "VPCZoneIdentifier" in request:
                settings.pop("AvailabilityZones", None) if "AvailabilityZones" not in request else None
            self._check_place(context, settings)
        kinds = {"LaunchTemplate", "MixedInstancesPolicy"}
        if kinds & request.keys():
            if (refresh := self._active_refresh(group)) and refresh.desired:
                raise invalid(
                    "An active instance refresh with a desired configuration exists. All configuration options derived "
                    "from the desired configuration are not available for update while the instance refresh is active."
                )
            for other in kinds - request.keys():
                settings.pop(other, None)
            self._check_template(context, settings)
        if settings.get("DefaultInstanceWarmup") == -1:
            del settings["DefaultInstanceWarmup"]
        group.settings = settings
        self._reconcile(context, group, "a user request updated the AutoScalingGroup constraints.")
        self._leave_subnets(context, group)
        return {}

    def delete_auto_scaling_group(self, context, request):
        name = request["AutoScalingGroupName"]
        group = self.state(context).groups.get(name)
        if group is None:
            raise invalid(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
        if group.is_going:
            raise self.error("ScalingActivityInProgressFault", f"AutoScalingGroup {name} is pending delete already.")
        if not request.get("ForceDelete") and group.members:
            if group.living():
                raise self.error(
                    "ResourceInUseFault",
                    "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) "
                    "still in the group.",
                )
            raise self.error(
                "ScalingActivityInProgressFault",
                "You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group.",
            )
        group.is_going, group.surge = True, 0
        for member in group.living():
            self._terminate(context, group, member, "a user request deleted the AutoScalingGroup.")
        self._let_go(context, group)
        return {}

    def _let_go(self, context, group: Group) -> None:
        """The group goes once its last member has."""

        def look():
            if group.members:
                self.after(context, look, 0.05)
                return
            group.is_gone = True
            self.state(context).groups.pop(group.name)
            self.state(context).gone.append(group)

        self.after(context, look)

    def describe_auto_scaling_groups(self, context, request):
        names, shown = request.get("AutoScalingGroupNames") or [], []
        for group in list(self.state(context).groups.values()):
            if names and group.name not in names or not _has_tags(group, request.get("Filters") or []):
                continue
            self._observe(context, group)
            shown.append(group.describe(request.get("IncludeInstances", True)))
        return self._page(request, "AutoScalingGroups", shown, 50)

    def describe_auto_scaling_instances(self, context, request):
        wanted, shown = request.get("InstanceIds") or [], []
        for group in self.state(context).groups.values():
            self._observe(context, group)
            for member in group.members.values():
                if not wanted or member["InstanceId"] in wanted:
                    health = member["HealthStatus"].upper()
                    shown.append({**describe_member(member), "AutoScalingGroupName": group.name, "HealthStatus": health})
        return self._page(request, "AutoScalingInstances", shown, 50)

    def describe_scaling_activities(self, context, request):
        groups = list(self.state(context).groups.values())
        if request.get("IncludeDeletedGroups"):
            groups += self.state(context).gone
        if name := request.get("AutoScalingGroupName"):
            groups = [it for it in groups if it.name == name]
            if not groups:
                raise invalid(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
        wanted = request.get("ActivityIds") or []
        found = [it for group in groups for it in group.activities if not wanted or it["ActivityId"] in wanted]
        found.sort(key=lambda it: (it["StatusCode"] != "InProgress", -it["StartTime"].timestamp()))
        return self._page(request, "Activities", found, 100)

    # Single settings and members

    def set_desired_capacity(self, context, request):
        group, desired = self._group(context, request), request["DesiredCapacity"]
        check_desired(desired, group.settings)
        group.settings["DesiredCapacity"] = desired
        self._reconcile(context, group, f"a user request explicitly set group desired capacity to {desired}.")
        return {}

    def set_instance_protection(self, context, request):
        group = self._group(context, request)
        for instance_id in request["InstanceIds"]:
            self._member(group, instance_id)["ProtectedFromScaleIn"] = request["ProtectedFromScaleIn"]
        return {}

    def set_instance_health(self, context, request):
        if request["HealthStatus"] not in ("Healthy", "Unhealthy"):
            raise invalid("Valid instance health states are: [Healthy, Unhealthy].")
        group, member = self._holder(context, request["InstanceId"])
        member["HealthStatus"] = request["HealthStatus"]
        self._replace_unhealthy(context, group)
        return {}

    def terminate_instance_in_auto_scaling_group(self, context, request):
        group, member = self._holder(context, request["InstanceId"])
        if request["ShouldDecrementDesiredCapacity"]:
            check_desired(group.settings["DesiredCapacity"] - 1, group.settings)
            group.settings["DesiredCapacity"] -= 1
        self._terminate(context, group, member, "an instance was taken out of service in response to a user request.")
        activity = group.activities[0]
        self._reconcile(context, group, "an instance was launched in response to a difference to the desired capacity.")
        return {"Activity": activity}

    def suspend_processes(self, context, request):
        self._group(context, request).suspended |= self._processes(request)
        return {}

    def resume_processes(self, context, request):
        group = self._group(context, request)
        group.suspended -= self._processes(request)
        self._reconcile(context, group, "a user request resumed processes.")
        return {}

    def _processes(self, request: dict) -> set[str]:
        wanted = set(request.get("ScalingProcesses") or PROCESSES)
        if unknown := wanted - PROCESSES:
            raise invalid(f"Invalid process name: {', '.join(sorted(unknown))}")
        return wanted

    def enable_metrics_collection(self, context, request):
        if request["Granularity"] != "1Minute":
            raise invalid("The only valid granularity is 1Minute")
        wanted = set(request.get("Metrics") or METRICS)
        if unknown := wanted - METRICS:
            raise invalid(f"Invalid metric: {', '.join(sorted(unknown))}")
        self._group(context, request).metrics |= wanted
        return {}

    def disable_metrics_collection(self, context, request):
        self._group(context, request).metrics -= set(request.get("Metrics") or METRICS)
        return {}

    # Target groups, also under their newer name of traffic sources

    def attach_load_balancer_target_groups(self, context, request):
        self._attach(context, self._group(context, request), request["TargetGroupARNs"])
        return {}

    def detach_load_balancer_target_groups(self, context, request):
        self._detach(context, self._group(context, request), request["TargetGroupARNs"])
        return {}

    def describe_load_balancer_target_groups(self, context, request):
        arns = self._group(context, request).settings["TargetGroupARNs"]
        shown = [{"LoadBalancerTargetGroupARN": it, "State": "InService"} for it in arns]
        return self._page(request, "LoadBalancerTargetGroups", shown, 100)

    def attach_traffic_sources(self, context, request):
        self._attach(context, self._group(context, request), [it["Identifier"] for it in request["TrafficSources"]])
        return {}

    def detach_traffic_sources(self, context, request):
        self._detach(context, self._group(context, request), [it["Identifier"] for it in request["TrafficSources"]])
        return {}

    def describe_traffic_sources(self, context, request):
        arns = self._group(context, request).settings["TargetGroupARNs"]
        shown = [{"TrafficSource": it, "Identifier": it, "Type": "elbv2", "State": "InService"} for it in arns]
        return self._page(request, "TrafficSources", shown, 50)

    def _attach(self, context, group: Group, arns: list[str]) -> None:
        self._check_target_groups(context, arns)
        there = group.settings["TargetGroupARNs"]
        group.settings["TargetGroupARNs"] = there + [it for it in arns if it not in there]
        members = [it for it in group.living() if it["LifecycleState"] == "InService"]
        self._balance(context, group, "RegisterTargets", arns, members)

    def _detach(self, context, group: Group, arns: list[str]) -> None:
        there = group.settings["TargetGroupARNs"]
        group.settings["TargetGroupARNs"] = [it for it in there if it not in arns]
        self._balance(context, group, "DeregisterTargets", [it for it in arns if it in there], group.living())

    # Checks

    def _check_place(self, context, settings: dict) -> None:
        """Subnets that exist; the zones follow from them, or the default subnets from the zones."""
        if not settings.get("VPCZoneIdentifier"):
            if not settings.get("AvailabilityZones"):
                raise invalid("At least one Availability Zone or VPC Subnet is required.")
            settings["VPCZoneIdentifier"] = ",".join(self._default_subnets(context, settings["AvailabilityZones"]))
        ids = [it.strip() for it in settings["VPCZoneIdentifier"].split(",")]
        try:
            subnets = [interfaces.subnet(context, it) for it in ids]
        except ServiceException as error:
            raise invalid(error.message) from None
        if len({it.vpc_id for it in subnets}) > 1:
            raise invalid("All subnets of an AutoScalingGroup must be in the same VPC.")
        zones = sorted({it.availability_zone for it in subnets})
        if set(settings.get("AvailabilityZones") or zones) - set(zones):
            raise invalid("The availability zones of the specified subnets and the AutoScalingGroup do not match")
        settings["AvailabilityZones"] = zones

    def _default_subnets(self, context, zones: list[str]) -> list[str]:
        found = interfaces.backend(context).get_default_subnets()
        if missing := [zone for zone in zones if zone not in found]:
            raise invalid(f"No default subnet for availability zone: {', '.join(missing)}")
        return [found[zone].id for zone in zones]

    def _check_template(self, context, settings: dict) -> None:
        kinds = {"LaunchTemplate", "MixedInstancesPolicy"} & settings.keys()
        if len(kinds) != 1:
            raise invalid(
                "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or "
                "MixedInstancesPolicy parameter."
            )
        if "LaunchTemplate" in kinds:
            settings["LaunchTemplate"], version = template.resolve(self, context, settings["LaunchTemplate"])
        else:
            inner = settings["MixedInstancesPolicy"]["LaunchTemplate"]
            specification, version = template.resolve(self, context, inner["LaunchTemplateSpecification"])
            inner["LaunchTemplateSpecification"] = specification
        template.check(context, version)

    def _check_target_groups(self, context, arns: list[str]) -> None:
        if not arns:
            return
        try:
            self.call(context, "elbv2", "DescribeTargetGroups", {"TargetGroupArns": arns})
        except ServiceException as error:
            raise invalid(f"Provided Target Groups may not be valid. {error.message}") from None

    def _leave_subnets(self, context, group: Group) -> None:
        """Members in a subnet the group no longer has are replaced, and go once their successors are in service.
        https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html#AutoScalingBehavior.Rebalancing
        """
        if group.is_going or not (stray := [it for it in group.living() if it["SubnetId"] not in group.subnets]):
            return
        staying = [it for it in group.living() if it not in stray]
        states = self._target_states(context, group)
        healthy = [it for it in staying if states.get(it["InstanceId"]) in (None, "healthy", "unused")]
        ready = [it for it in healthy if it["LifecycleState"] == "InService"]
        if len(ready) >= group.settings["DesiredCapacity"]:
            for member in stray:
                self._terminate(context, group, member, "an instance was taken out of service to rebalance the zones.")
        else:
            self.after(context, lambda: self._leave_subnets(context, group), 0.1)

    def _group(self, context, request: dict) -> Group:
        name = request["AutoScalingGroupName"]
        group = self.state(context).groups.get(name)
        if group is None:
            raise invalid(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
        if group.is_going:
            raise invalid(f"AutoScalingGroup '{name}' is pending delete")
        return group

    def _member(self, group: Group, instance_id: str) -> dict:
        if instance_id not in group.members:
            raise invalid(f"The instance {instance_id} is not part of Auto Scaling group {group.name}.")
        return group.members[instance_id]

    def _holder(self, context, instance_id: str) -> tuple[Group, dict]:
        for group in self.state(context).groups.values():
            if instance_id in group.members:
                return group, group.members[instance_id]
        raise invalid(f"Instance Id not found - No managed instance found for instance ID: {instance_id}")


def _given(request: dict) -> dict:
    return {key: request[key] for key in SETTINGS if request.get(key) is not None}


def _has_tags(group: Group, filters: list[dict]) -> bool:
    """Different filters are joined by AND, the values of one by OR."""
    values = [value for value, _ in group.tags.values()]
    for wanted in filters:
        name, accepted = wanted["Name"], wanted.get("Values") or []
        if name == "tag-key":
            found = any(key in accepted for key in group.tags)
        elif name == "tag-value":
            found = any(value in accepted for value in values)
        elif name.startswith("tag:"):
            key = name.removeprefix("tag:")
            found = key in group.tags and group.tags[key][0] in accepted
        else:
            raise invalid(f"{name} is not a valid filter name")
        if not found:
            return False
    return True
