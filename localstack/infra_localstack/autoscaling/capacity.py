"""Capacity: instances are launched and terminated until there are as many as desired, each in its own time."""

from collections.abc import Callable

from .. import interfaces
from ..framework import ServiceException
from . import template
from .group import Group, end_activity

# Seconds until a failed launch is tried again.
RETRY_SECONDS = 1.0
# Settings of a template that moto does not take over by itself.
TAKEN_OVER = ("IamInstanceProfile", "MetadataOptions", "Monitoring", "BlockDeviceMappings")


class Capacity:
    def _reconcile(self, context, group: Group, cause: str) -> None:
        if group.is_going:
            return
        # Those in a subnet that the group has left go by themselves, once there are enough others.
        staying = [it for it in group.living() if it["SubnetId"] in group.subnets]
        missing = group.settings["DesiredCapacity"] + group.surge - len(staying)
        if missing > 0 and "Launch" not in group.suspended:
            for _ in range(missing):
                if not self._launch(context, group, cause):
                    break
        if missing < 0 and "Terminate" not in group.suspended:
            for member in [it for it in group.scale_in_order() if it in staying][:-missing]:
                self._terminate(context, group, member, cause)

    def _launch(self, context, group: Group, cause: str) -> bool:
        now = self.now(context)
        activity = group.begin_activity("Launching a new EC2 instance", cause, now)
        try:
            member = self._run(context, group)
        except ServiceException as error:
            end_activity(activity, now, f"{error.message} Launching EC2 instance failed.")
            self._retry(context, group)
            return False
        group.members[member["InstanceId"]] = member
        if member["RefreshId"] and self._active_refresh(group).outcome == "unhealthy":
            self.steer(context, "elbv2", member["InstanceId"], "unhealthy")
        activity["Description"] += f": {member['InstanceId']}"

        def in_service():
            end_activity(activity, self.now(context))
            self._balance(context, group, "RegisterTargets", group.settings["TargetGroupARNs"], [member])

        self.settle(context, member, "LifecycleState", "Pending", "InService", then=in_service)
        return True

    def _retry(self, context, group: Group) -> None:
        if group.retries:
            return
        group.retries = True

        def again():
            group.retries = False
            if not group.is_gone:
                self._reconcile(context, group, "an instance was launched in response to an unmet desired capacity.")

        self.after(context, again, RETRY_SECONDS)

    def _run(self, context, group: Group) -> dict:
        """Launches one instance in EC2; what describes it as a member."""
        _, version = template.resolve(self, context, self._launching(group))
        data, subnet = version["LaunchTemplateData"], interfaces.subnet(context, group.emptiest_subnet())
        for found in (interfaces.group(context, it) for it in template.security_groups(data)):
            if found.vpc_id != subnet.vpc_id:
                raise self.error(
                    "ValidationError", f"Security group {found.id} and subnet {subnet.id} belong to different networks."
                )
        request = {
            "MinCount": 1,
            "MaxCount": 1,
            "SubnetId": subnet.id,
            "ImageId": data["ImageId"],
            "LaunchTemplate": {
                "LaunchTemplateId": version["LaunchTemplateId"],
                "Version": str(version["VersionNumber"]),
            },
            **{key: data[key] for key in TAKEN_OVER if key in data},
        }
        if override := self._instance_type(group):
            request["InstanceType"] = override
        made = self.call(context, "ec2", "RunInstances", request)["Instances"][0]
        self._tag(context, group, made["InstanceId"], data)
        return {
            "InstanceId": made["InstanceId"],
            "InstanceType": made["InstanceType"],
            "AvailabilityZone": subnet.availability_zone,
            "HealthStatus": "Healthy",
            "ProtectedFromScaleIn": group.settings["NewInstancesProtectedFromScaleIn"],
            "LaunchTemplate": template.pinned(version),
            "ImageId": data["ImageId"],
            # Not shown: where it is, and the refresh that brought it.
            "SubnetId": subnet.id,
            "RefreshId": active.id if (active := self._active_refresh(group)) and active.is_moving else None,
        }

    def _instance_type(self, group: Group) -> str | None:
        policy = group.settings.get("MixedInstancesPolicy", {})
        overrides = policy.get("LaunchTemplate", {}).get("Overrides") or [{}]
        return overrides[0].get("InstanceType")

    def _tag(self, context, group: Group, instance_id: str, data: dict) -> None:
        """The group's tags win over the template's; those of volumes and interfaces come from the template alone."""
        moto = interfaces.backend(context)
        instance = moto.get_instance(instance_id)
        instance.add_tags({key: value for key, (value, propagate) in group.tags.items() if propagate})
        instance.add_tags({"aws:autoscaling:groupName": group.name})
        for spec in data.get("TagSpecifications") or []:
            tags = {tag["Key"]: tag["Value"] for tag in spec.get("Tags") or []}
            if spec["ResourceType"] == "volume":
                for _, device in instance.get_block_device_mapping:
                    moto.volumes[device.volume_id].add_tags(tags)
            elif spec["ResourceType"] == "network-interface":
                for interface in instance.nics.values():
                    interface.add_tags(tags)

    def _terminate(self, context, group: Group, member: dict, cause: str, then: Callable | None = None) -> None:
        instance_id = member["InstanceId"]
        description = f"Terminating EC2 instance: {instance_id}"
        activity = group.begin_activity(description, cause, self.now(context))
        self._balance(context, group, "DeregisterTargets", group.settings["TargetGroupARNs"], [member])
        try:
            self.call(context, "ec2", "TerminateInstances", {"InstanceIds": [instance_id]})
        except ServiceException:
            pass  # it is gone already, which is why it is being replaced

        def gone():
            group.members.pop(instance_id, None)
            end_activity(activity, self.now(context))
            if then:
                then()

        # EC2 may have been told another time; a member goes after its instance, never before.
        from ..services import provider

        seconds = max(self.seconds(context), provider("ec2").seconds(context))
        self.settle(context, member, "LifecycleState", "Terminating", "Terminated", then=gone, seconds=seconds)

    def _balance(self, context, group: Group, operation: str, arns: list[str], members: list[dict]) -> None:
        """Registers members as targets, or takes them out; a target group that is gone is nobody's concern."""
        targets = [{"Id": it["InstanceId"]} for it in members]
        for arn in arns if targets else []:
            try:
                self.call(context, "elbv2", operation, {"TargetGroupArn": arn, "Targets": targets})
            except ServiceException:
                pass

    def _observe(self, context, group: Group) -> None:
        """Notices what happened to the members outside the group, and replaces those that are ill."""
        if group.is_going or "HealthCheck" in group.suspended:
            return
        moto = interfaces.backend(context)
        running = {it.id for it in moto.all_instances() if it._state.name in ("pending", "running")}
        targets = self._target_states(context, group)
        for member in group.living():
            if member["InstanceId"] not in running or targets.get(member["InstanceId"]) == "unhealthy":
                member["HealthStatus"] = "Unhealthy"
        self._replace_unhealthy(context, group)

    def _replace_unhealthy(self, context, group: Group) -> None:
        if "ReplaceUnhealthy" in group.suspended:
            return
        unhealthy = [it for it in group.living() if it["HealthStatus"] == "Unhealthy"]
        for member in unhealthy:
            self._terminate(context, group, member, "an instance was taken out of service in response to a health check.")
        if unhealthy:
            self._reconcile(context, group, "an instance was launched in response to an unhealthy instance.")

    def _target_states(self, context, group: Group) -> dict[str, str]:
        """The worst health of each member as a target; asked only where the group's health check says so."""
        states: dict[str, str] = {}
        if "ELB" not in group.settings["HealthCheckType"]:
            return states
        for arn in group.settings["TargetGroupARNs"]:
            try:
                health = self.call(context, "elbv2", "DescribeTargetHealth", {"TargetGroupArn": arn})
            except ServiceException:
                continue
            for it in health["TargetHealthDescriptions"]:
                target, state = it["Target"]["Id"], it["TargetHealth"]["State"]
                states[target] = "unhealthy" if "unhealthy" in (state, states.get(target)) else state
        return states
