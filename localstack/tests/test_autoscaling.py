"""Auto Scaling: groups over real EC2 instances, refreshes in all their endings, policies and tags."""

from collections import Counter

import pytest
from private_network import interfaces, subnets_and_group

GROUP = "shop-web"


images: list[str] = []


def an_image(ec2) -> str:
    """Asked for once: there are hundreds, the same in every account."""
    if not images:
        images.extend(it["ImageId"] for it in ec2.describe_images(Owners=["amazon"])["Images"])
    return images[0]


class Shop:
    """A network, a launch template with two versions, and shorthands for one group on them."""

    def __init__(self, aws):
        self.aws = aws
        self.network = subnets_and_group(aws)
        self.image = an_image(aws.ec2)
        created = aws.ec2.create_launch_template(LaunchTemplateName=GROUP, LaunchTemplateData=self.data("t3.small"))
        self.template = created["LaunchTemplate"]["LaunchTemplateId"]
        self.version("t3.medium")

    def data(self, instance_type: str, **more) -> dict:
        return {
            "ImageId": self.image,
            "InstanceType": instance_type,
            "SecurityGroupIds": [self.network.group],
            "TagSpecifications": [
                {"ResourceType": kind, "Tags": [{"Key": "from", "Value": "template"}]} for kind in ("instance", "volume")
            ],
            **more,
        }

    def version(self, instance_type: str, **more) -> str:
        made = self.aws.ec2.create_launch_template_version(
            LaunchTemplateId=self.template, LaunchTemplateData=self.data(instance_type, **more)
        )
        return str(made["LaunchTemplateVersion"]["VersionNumber"])

    def at(self, version: str) -> dict:
        return {"LaunchTemplateId": self.template, "Version": version}

    def request(self, **more) -> dict:
        return {
            "AutoScalingGroupName": GROUP,
            "MinSize": 1,
            "MaxSize": 4,
            "DesiredCapacity": 2,
            "LaunchTemplate": self.at("1"),
            "VPCZoneIdentifier": ",".join(self.network.subnets),
            **more,
        }

    def create(self, **more) -> dict:
        self.aws.autoscaling.create_auto_scaling_group(**self.request(**more))
        return self.group()

    def groups(self, **request) -> list[dict]:
        return self.aws.autoscaling.describe_auto_scaling_groups(**request)["AutoScalingGroups"]

    def group(self) -> dict:
        return self.groups(AutoScalingGroupNames=[GROUP])[0]

    def members(self, state: str = "InService") -> list[dict]:
        return [it for it in self.group()["Instances"] if it["LifecycleState"] == state]

    def versions(self) -> Counter:
        return Counter(it["LaunchTemplate"]["Version"] for it in self.members())

    def instances(self, ids: list[str]) -> list[dict]:
        reservations = self.aws.ec2.describe_instances(InstanceIds=ids)["Reservations"]
        return [instance for it in reservations for instance in it["Instances"]]

    def update(self, **more):
        self.aws.autoscaling.update_auto_scaling_group(AutoScalingGroupName=GROUP, **more)

    def start(self, version: str | None = "2", **preferences) -> str:
        request = {"AutoScalingGroupName": GROUP, "Preferences": preferences}
        if version:
            request["DesiredConfiguration"] = {"LaunchTemplate": self.at(version)}
        return self.aws.autoscaling.start_instance_refresh(**request)["InstanceRefreshId"]

    def refresh(self) -> dict:
        return self.aws.autoscaling.describe_instance_refreshes(AutoScalingGroupName=GROUP)["InstanceRefreshes"][0]

    def statuses(self, *wanted: str) -> list[str]:
        """The statuses a refresh goes through until it is at the wanted end."""
        seen: list[str] = []

        def look():
            status = self.refresh()["Status"]
            if status not in seen:
                seen.append(status)
            return status in wanted

        self.aws.hurried(look)
        return seen

    def steer(self, outcome: str | None):
        self.aws.infra("outcome", service="autoscaling", resource=GROUP, outcome=outcome)


@pytest.fixture
def shop(aws) -> Shop:
    return Shop(aws)


# Groups


def test_group_reads_back_what_was_asked_for(shop):
    shop.create(
        HealthCheckType="ELB",
        HealthCheckGracePeriod=120,
        DefaultCooldown=60,
        DefaultInstanceWarmup=30,
        MaxInstanceLifetime=604800,
        CapacityRebalance=True,
        TerminationPolicies=["OldestInstance"],
    )
    group = shop.group()
    assert group["LaunchTemplate"] == {**shop.at("1"), "LaunchTemplateName": GROUP}
    assert (group["MinSize"], group["MaxSize"], group["DesiredCapacity"]) == (1, 4, 2)
    assert (group["HealthCheckType"], group["HealthCheckGracePeriod"]) == ("ELB", 120)
    assert (group["DefaultCooldown"], group["DefaultInstanceWarmup"]) == (60, 30)
    assert group["VPCZoneIdentifier"] == ",".join(shop.network.subnets)
    assert group["AvailabilityZones"] == [f"{shop.aws.region}a", f"{shop.aws.region}b"]
    assert (group["CapacityRebalance"], group["MaxInstanceLifetime"]) == (True, 604800)
    assert group["TerminationPolicies"] == ["OldestInstance"]
    assert group["ServiceLinkedRoleARN"].endswith("/AWSServiceRoleForAutoScaling")
    assert group["AutoScalingGroupARN"].endswith(f"autoScalingGroupName/{GROUP}")


def test_defaults_are_those_of_aws(shop):
    group = shop.create()
    assert (group["HealthCheckType"], group["HealthCheckGracePeriod"], group["DefaultCooldown"]) == ("EC2", 0, 300)
    assert (group["TerminationPolicies"], group["NewInstancesProtectedFromScaleIn"]) == (["Default"], False)
    assert "Status" not in group and "DefaultInstanceWarmup" not in group


def test_a_name_is_taken_once(shop):
    shop.create()
    shop.aws.refuses("AlreadyExists", shop.create)


@pytest.mark.parametrize(
    "wrong",
    [
        {"MinSize": 3, "MaxSize": 2},
        {"DesiredCapacity": 5},
        {"DesiredCapacity": 0},
        {"VPCZoneIdentifier": "subnet-00000000000000000"},
        {"VPCZoneIdentifier": ""},
        {"LaunchTemplate": {"LaunchTemplateId": "lt-00000000000000000", "Version": "1"}},
        {"LaunchTemplate": {"LaunchTemplateName": GROUP, "Version": "9"}},
        {"LaunchTemplate": None},
        {"Tags": [{"Key": "aws:mine", "Value": "1"}]},
    ],
)
def test_a_wrong_group_is_refused(shop, wrong):
    request = {key: value for key, value in shop.request(**wrong).items() if value is not None}
    shop.aws.refuses("ValidationError", shop.aws.autoscaling.create_auto_scaling_group, **request)
    assert shop.groups() == []


def test_a_template_that_cannot_launch_is_refused(shop):
    version = shop.version("t3.small", IamInstanceProfile={"Name": "none"})
    message = shop.aws.refuses("ValidationError", shop.create, LaunchTemplate=shop.at(version))
    assert "iamInstanceProfile.name" in message


def test_what_is_not_there_is_refused(shop):
    client, name = shop.aws.autoscaling, {"AutoScalingGroupName": "none"}
    for operation, more in (
        (client.update_auto_scaling_group, {"MinSize": 1}),
        (client.delete_auto_scaling_group, {}),
        (client.start_instance_refresh, {}),
        (client.describe_instance_refreshes, {}),
        (client.put_scaling_policy, {"PolicyName": "cpu"}),
        (client.set_desired_capacity, {"DesiredCapacity": 1}),
    ):
        shop.aws.refuses("ValidationError", operation, **name, **more)
    assert shop.groups(AutoScalingGroupNames=["none"]) == []


# Instances


def test_members_are_instances_of_ec2(shop):
    shop.create(
        Tags=[
            {"Key": "infra:project", "Value": "shop", "PropagateAtLaunch": True},
            {"Key": "from", "Value": "group", "PropagateAtLaunch": True},
            {"Key": "hidden", "Value": "yes", "PropagateAtLaunch": False},
        ]
    )
    members = shop.members()
    assert len(members) == 2
    assert {it["LaunchTemplate"]["Version"] for it in members} == {"1"}
    assert {it["AvailabilityZone"] for it in members} == {f"{shop.aws.region}a", f"{shop.aws.region}b"}
    for instance in shop.instances([it["InstanceId"] for it in members]):
        tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
        assert (tags["infra:project"], tags["from"]) == ("shop", "group") and "hidden" not in tags
        assert tags["aws:autoscaling:groupName"] == GROUP
        assert (tags["aws:ec2launchtemplate:id"], tags["aws:ec2launchtemplate:version"]) == (shop.template, "1")
        assert instance["State"]["Name"] == "running"
        assert instance["SubnetId"] in shop.network.subnets
        assert [it["GroupId"] for it in instance["SecurityGroups"]] == [shop.network.group]
        volume = instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
        assert shop.aws.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Tags"] == [
            {"Key": "from", "Value": "template"}
        ]
    for subnet in shop.network.subnets:
        assert len(interfaces(shop.aws, subnet)) == 1
    shown = shop.aws.autoscaling.describe_auto_scaling_instances()["AutoScalingInstances"]
    assert {it["AutoScalingGroupName"] for it in shown} == {GROUP} and len(shown) == 2


def test_capacity_changes_over_time(shop):
    shop.aws.settle(600)
    shop.create()
    assert len(shop.members("Pending")) == 2
    shop.aws.hurried(lambda: len(shop.members()) == 2)
    shop.update(DesiredCapacity=3)
    assert (len(shop.members()), len(shop.members("Pending"))) == (2, 1)
    shop.aws.hurried(lambda: len(shop.members()) == 3)
    shop.update(DesiredCapacity=1)
    leaving = [it["InstanceId"] for it in shop.members("Terminating")]
    assert len(leaving) == 2 and len(shop.members()) == 1
    assert {it["State"]["Name"] for it in shop.instances(leaving)} == {"shutting-down"}
    shop.aws.hurried(lambda: len(shop.group()["Instances"]) == 1)
    assert {it["State"]["Name"] for it in shop.instances(leaving)} == {"terminated"}
    activities = shop.aws.autoscaling.describe_scaling_activities(AutoScalingGroupName=GROUP)["Activities"]
    assert Counter(it["Description"].split(":")[0] for it in activities) == {
        "Launching a new EC2 instance": 3,
        "Terminating EC2 instance": 2,
    }
    assert {it["StatusCode"] for it in activities} == {"Successful"}


def test_bounds_take_the_desired_capacity_along(shop):
    shop.create()
    shop.update(MinSize=3)
    assert shop.group()["DesiredCapacity"] == 3
    shop.update(MinSize=0, MaxSize=1)
    assert shop.group()["DesiredCapacity"] == 1
    shop.aws.refuses("ValidationError", shop.update, DesiredCapacity=2)
    shop.aws.refuses("ValidationError", shop.update, MinSize=2)
    set_desired = shop.aws.autoscaling.set_desired_capacity
    shop.aws.refuses("ValidationError", set_desired, AutoScalingGroupName=GROUP, DesiredCapacity=2)


def test_settings_change_in_place(shop):
    shop.create()
    shop.update(DefaultCooldown=30, HealthCheckType="ELB", HealthCheckGracePeriod=90, LaunchTemplate=shop.at("2"))
    group = shop.group()
    assert (group["DefaultCooldown"], group["HealthCheckType"], group["HealthCheckGracePeriod"]) == (30, "ELB", 90)
    assert group["LaunchTemplate"]["Version"] == "2"
    assert shop.versions() == {"1": 2}, "those that run keep what they were launched from"


def test_a_left_subnet_is_vacated_once_there_are_others(shop):
    shop.create(DesiredCapacity=1)
    (there,) = shop.instances([it["InstanceId"] for it in shop.members()])
    shop.aws.settle(0.2)
    shop.update(VPCZoneIdentifier=next(it for it in shop.network.subnets if it != there["SubnetId"]))

    def vacated():
        in_service = shop.members()
        assert in_service, "nobody was in service"
        return there["InstanceId"] not in [it["InstanceId"] for it in shop.group()["Instances"]]

    shop.aws.eventually(vacated)
    assert interfaces(shop.aws, there["SubnetId"]) == []
    assert len(shop.members()) == 1


def test_terminated_and_unhealthy_instances_are_replaced(shop):
    shop.create()
    first, second = [it["InstanceId"] for it in shop.members()]
    shop.aws.ec2.terminate_instances(InstanceIds=[first])
    shop.group()
    now = [it["InstanceId"] for it in shop.members()]
    assert len(now) == 2 and first not in now and second in now
    shop.aws.autoscaling.set_instance_health(InstanceId=second, HealthStatus="Unhealthy")
    now = [it["InstanceId"] for it in shop.members()]
    assert len(now) == 2 and second not in now


def test_a_launch_that_fails_is_told_and_tried_again(shop):
    shop.create(DesiredCapacity=1)
    shop.aws.infra("fail", service="ec2", operation="RunInstances", code="InsufficientInstanceCapacity", times=1)
    other = shop.aws.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    stray = shop.aws.ec2.create_security_group(GroupName="stray", Description="s", VpcId=other)["GroupId"]
    shop.update(LaunchTemplate=shop.at(shop.version("t3.small", SecurityGroupIds=[stray])))
    shop.update(DesiredCapacity=2)
    activity = shop.aws.autoscaling.describe_scaling_activities(AutoScalingGroupName=GROUP)["Activities"][0]
    assert activity["StatusCode"] == "Failed" and "different networks" in activity["StatusMessage"]
    shop.update(LaunchTemplate=shop.at("1"))
    shop.aws.eventually(lambda: len(shop.members()) == 2)


# Deleting


def test_a_group_with_instances_is_deleted_by_force_only(shop):
    shop.create()
    delete = shop.aws.autoscaling.delete_auto_scaling_group
    shop.aws.refuses("ResourceInUse", delete, AutoScalingGroupName=GROUP)
    shop.aws.settle(600)
    delete(AutoScalingGroupName=GROUP, ForceDelete=True)
    assert shop.group()["Status"] == "Delete in progress"
    shop.aws.refuses("AlreadyExists", shop.create)
    shop.aws.refuses("ValidationError", shop.update, MinSize=1)
    shop.aws.refuses("ScalingActivityInProgress", delete, AutoScalingGroupName=GROUP, ForceDelete=True)
    shop.aws.hurried(lambda: shop.groups() == [])
    for subnet in shop.network.subnets:
        assert interfaces(shop.aws, subnet) == []
        shop.aws.ec2.delete_subnet(SubnetId=subnet)


def test_a_group_whose_instances_are_leaving_is_not_deleted(shop):
    shop.create()
    shop.aws.settle(600)
    shop.update(MinSize=0, DesiredCapacity=0)
    delete = shop.aws.autoscaling.delete_auto_scaling_group
    shop.aws.refuses("ScalingActivityInProgress", delete, AutoScalingGroupName=GROUP)
    shop.aws.hurried(lambda: shop.group()["Instances"] == [])
    delete(AutoScalingGroupName=GROUP)
    shop.aws.hurried(lambda: shop.groups() == [])


# Instance refresh


def test_refresh_moves_the_group_to_the_desired_version(shop):
    shop.create()
    shop.aws.settle(600)
    shop.start(AutoRollback=True, MinHealthyPercentage=50, InstanceWarmup=10)
    assert shop.refresh()["Status"] == "Pending"
    assert shop.group()["LaunchTemplate"]["Version"] == "1"
    percentages = set()
    shop.aws.hurried(lambda: percentages.add(shop.refresh()["PercentageComplete"]) or 100 in percentages)
    assert percentages >= {0, 50, 100}
    done = shop.aws.hurried(lambda: (it := shop.refresh())["Status"] == "Successful" and it)
    assert done["Preferences"] == {
        "MinHealthyPercentage": 50,
        "MaxHealthyPercentage": 100,
        "InstanceWarmup": 10,
        "SkipMatching": False,
        "AutoRollback": True,
        "ScaleInProtectedInstances": "Wait",
        "StandbyInstances": "Wait",
    }
    assert done["DesiredConfiguration"]["LaunchTemplate"]["Version"] == "2"
    assert done["InstancesToUpdate"] == 0 and done["EndTime"] > done["StartTime"]
    assert shop.group()["LaunchTemplate"]["Version"] == "2"
    assert shop.versions() == {"2": 2}
    assert {it["InstanceType"] for it in shop.members()} == {"t3.medium"}


def test_refresh_with_bake_time_bakes(shop):
    shop.create()
    shop.aws.settle(600)
    shop.start(BakeTime=60)
    assert shop.statuses("Successful")[-2:] == ["Baking", "Successful"]


def test_refresh_keeps_the_group_in_service_where_it_must(shop):
    shop.create()
    shop.aws.settle(600)
    shop.start(MinHealthyPercentage=100, MaxHealthyPercentage=150)
    fewest = []
    shop.aws.hurried(lambda: fewest.append(len(shop.members())) or shop.refresh()["Status"] == "Successful")
    assert min(fewest) == 2
    shop.aws.hurried(lambda: shop.versions() == {"2": 2} and len(shop.group()["Instances"]) == 2)


def test_a_refresh_follows_the_maintenance_policy_of_its_group(shop):
    policy = {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 200}
    assert shop.create(InstanceMaintenancePolicy=policy)["InstanceMaintenancePolicy"] == policy
    shop.aws.settle(600)
    shop.start()
    chosen = shop.refresh()["Preferences"]
    assert (chosen["MinHealthyPercentage"], chosen["MaxHealthyPercentage"]) == (100, 200)
    most = []
    shop.aws.hurried(lambda: most.append(len(shop.group()["Instances"])) or shop.refresh()["Status"] == "Successful")
    assert max(most) == 4, "both instances change at once, and their successors come first"
    narrower = {"MinHealthyPercentage": 50, "MaxHealthyPercentage": 110}
    shop.update(InstanceMaintenancePolicy=narrower)
    assert shop.group()["InstanceMaintenancePolicy"] == narrower
    shop.update(InstanceMaintenancePolicy={"MinHealthyPercentage": -1, "MaxHealthyPercentage": -1})
    assert "InstanceMaintenancePolicy" not in shop.group()


@pytest.mark.parametrize(
    "policy",
    [
        {"MinHealthyPercentage": 90},
        {"MaxHealthyPercentage": 110},
        {"MinHealthyPercentage": -1, "MaxHealthyPercentage": 110},
        {"MinHealthyPercentage": 101, "MaxHealthyPercentage": 110},
        {"MinHealthyPercentage": 90, "MaxHealthyPercentage": 99},
        {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 201},
        {"MinHealthyPercentage": 49, "MaxHealthyPercentage": 150},
    ],
)
def test_a_wrong_maintenance_policy_is_refused(shop, policy):
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_InstanceMaintenancePolicy.html"""
    create = shop.aws.autoscaling.create_auto_scaling_group
    shop.aws.refuses("ValidationError", create, **shop.request(InstanceMaintenancePolicy=policy))
    shop.create()
    shop.aws.refuses("ValidationError", shop.update, InstanceMaintenancePolicy=policy)


def test_a_refresh_pauses_at_its_checkpoints(shop):
    shop.create()
    shop.aws.settle(600)
    shop.start(CheckpointPercentages=[50, 100], CheckpointDelay=1, MinHealthyPercentage=0)
    paused = shop.aws.hurried(lambda: "StatusReason" in (it := shop.refresh()) and it)
    assert "Checkpoint" in paused["StatusReason"]
    assert (paused["PercentageComplete"], paused["InstancesToUpdate"]) == (50, 1)
    assert shop.versions() == {"1": 1, "2": 1}
    shop.statuses("Successful")
    assert shop.versions() == {"2": 2}
    assert "StatusReason" not in shop.refresh()


def test_a_refresh_ends_at_its_last_checkpoint(shop):
    """"To replace all instances in the Auto Scaling group, the last number in the array must be 100.\""""
    shop.create()
    shop.start(CheckpointPercentages=[50], CheckpointDelay=1)
    shop.statuses("Successful")
    assert shop.versions() == {"1": 1, "2": 1}


def put_alarm(shop, state: str):
    cloudwatch = shop.aws.cloudwatch
    cloudwatch.put_metric_alarm(
        AlarmName="errors",
        Namespace="shop",
        MetricName="errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue=state, StateReason="as the test wants")


@pytest.mark.parametrize(("back", "end"), [(True, "RollbackSuccessful"), (False, "Failed")])
def test_an_alarm_ends_a_refresh(shop, back, end):
    shop.create()
    put_alarm(shop, "OK")
    watching = {"AlarmSpecification": {"Alarms": ["errors"]}, "AutoRollback": back}
    shop.start(CheckpointPercentages=[50, 100], CheckpointDelay=60, MinHealthyPercentage=0, **watching)
    shop.aws.eventually(lambda: shop.refresh()["PercentageComplete"] == 50)
    put_alarm(shop, "ALARM")
    shop.statuses(end)
    assert "errors" in shop.refresh()["StatusReason"]
    assert shop.group()["LaunchTemplate"]["Version"] == "1"
    if back:
        shop.aws.eventually(lambda: shop.versions() == {"1": 2})


def test_an_alarm_reaches_a_refresh_that_is_stuck(shop):
    shop.create()
    put_alarm(shop, "OK")
    shop.steer("stuck")
    shop.start(AutoRollback=True, AlarmSpecification={"Alarms": ["errors"]})
    assert shop.refresh()["Status"] == "InProgress"
    put_alarm(shop, "ALARM")
    shop.statuses("RollbackSuccessful")


def test_skip_matching_replaces_only_what_differs(shop):
    shop.create()
    before = {it["InstanceId"] for it in shop.members()}
    shop.start("1", SkipMatching=True)
    assert shop.refresh()["Status"] == "Successful"
    assert {it["InstanceId"] for it in shop.members()} == before
    shop.start("1")
    assert shop.refresh()["Status"] == "Successful"
    assert not before & {it["InstanceId"] for it in shop.members()}


def test_a_second_refresh_is_refused_while_one_runs(shop):
    shop.create()
    shop.steer("stuck")
    shop.start()
    shop.aws.refuses("InstanceRefreshInProgress", shop.start)
    shop.aws.refuses("ValidationError", shop.update, LaunchTemplate=shop.at("2"))
    shop.update(MaxSize=5)


def test_a_failed_refresh_leaves_the_group_at_its_version(shop):
    shop.create()
    shop.steer("Failed")
    shop.start()
    failed = shop.aws.eventually(lambda: (it := shop.refresh())["Status"] == "Failed" and it)
    assert failed["StatusReason"] and failed["PercentageComplete"] < 100
    assert shop.group()["LaunchTemplate"]["Version"] == "1"


@pytest.mark.parametrize("outcome", ["Failed", "RollbackSuccessful"])
def test_a_failed_refresh_with_auto_rollback_goes_back(shop, outcome):
    shop.create()
    shop.aws.settle(600)
    shop.steer(outcome)
    shop.start(AutoRollback=True)
    assert shop.statuses("RollbackSuccessful")[-2:] == ["RollbackInProgress", "RollbackSuccessful"]
    refresh = shop.refresh()
    assert refresh["RollbackDetails"]["RollbackReason"] and refresh["PercentageComplete"] == 0
    assert shop.group()["LaunchTemplate"]["Version"] == "1"
    shop.aws.hurried(lambda: shop.versions() == {"1": 2})


def test_a_rollback_can_fail(shop):
    shop.create()
    shop.steer("RollbackFailed")
    shop.start(AutoRollback=True)
    assert shop.statuses("RollbackFailed")[-1] == "RollbackFailed"
    assert shop.group()["LaunchTemplate"]["Version"] == "1"


def test_a_stuck_refresh_is_cancelled(shop):
    shop.create()
    shop.steer("stuck")
    shop.start()
    assert shop.refresh()["Status"] == "InProgress"
    shop.aws.settle(600)
    shop.aws.autoscaling.cancel_instance_refresh(AutoScalingGroupName=GROUP)
    assert shop.statuses("Cancelled") == ["Cancelling", "Cancelled"]
    assert shop.group()["LaunchTemplate"]["Version"] == "1"
    cancel = shop.aws.autoscaling.cancel_instance_refresh
    shop.aws.refuses("ActiveInstanceRefreshNotFound", cancel, AutoScalingGroupName=GROUP)


def test_a_stuck_refresh_goes_on_when_told(shop):
    shop.create()
    shop.steer("stuck")
    shop.start()
    assert shop.refresh()["Status"] == "InProgress"
    shop.steer("Successful")
    shop.statuses("Successful")
    assert shop.versions() == {"2": 2}


def test_a_refresh_is_rolled_back_by_hand(shop):
    shop.create()
    rollback = shop.aws.autoscaling.rollback_instance_refresh
    shop.aws.refuses("ActiveInstanceRefreshNotFound", rollback, AutoScalingGroupName=GROUP)
    shop.aws.settle(600)
    shop.start(MinHealthyPercentage=50)
    shop.aws.hurried(lambda: shop.refresh()["PercentageComplete"] == 50)
    rollback(AutoScalingGroupName=GROUP)
    assert shop.refresh()["Status"] == "RollbackInProgress"
    assert shop.refresh()["RollbackDetails"]["PercentageCompleteOnRollback"] == 50
    shop.statuses("RollbackSuccessful")
    shop.aws.hurried(lambda: shop.versions() == {"1": 2})


def test_only_a_refresh_with_a_desired_configuration_can_go_back(shop):
    shop.create()
    shop.steer("stuck")
    shop.start(version=None)
    rollback = shop.aws.autoscaling.rollback_instance_refresh
    shop.aws.refuses("IrreversibleInstanceRefresh", rollback, AutoScalingGroupName=GROUP)


def test_a_refresh_fails_by_itself_when_nothing_starts(shop):
    shop.create()
    other = shop.aws.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    stray = shop.aws.ec2.create_security_group(GroupName="stray", Description="s", VpcId=other)["GroupId"]
    shop.start(shop.version("t3.small", SecurityGroupIds=[stray]), AutoRollback=True)
    reason = shop.aws.eventually(lambda: shop.refresh().get("StatusReason"))
    assert "different networks" in reason
    shop.statuses("RollbackSuccessful")
    assert shop.group()["LaunchTemplate"]["Version"] == "1"
    shop.aws.eventually(lambda: shop.versions() == {"1": 2})


@pytest.mark.parametrize(
    ("version", "preferences"),
    [
        (None, {"AutoRollback": True}),
        ("$Latest", {"AutoRollback": True}),
        ("$Default", {"AutoRollback": True}),
        ("9", {}),
        ("2", {"MaxHealthyPercentage": 120}),
        ("2", {"MinHealthyPercentage": 50, "MaxHealthyPercentage": 160}),
        ("2", {"MinHealthyPercentage": 101}),
        ("2", {"CheckpointPercentages": [50, 20]}),
        ("2", {"CheckpointDelay": 60}),
        ("2", {"AlarmSpecification": {"Alarms": ["there is none of this name"]}}),
        ("2", {"AlarmSpecification": {"Alarms": [f"alarm {number}" for number in range(11)]}}),
    ],
)
def test_a_wrong_refresh_is_refused(shop, version, preferences):
    shop.create()
    shop.aws.refuses("ValidationError", shop.start, version=version, **preferences)
    refreshes = shop.aws.autoscaling.describe_instance_refreshes(AutoScalingGroupName=GROUP)
    assert refreshes["InstanceRefreshes"] == []


def test_auto_rollback_wants_a_number_on_the_group_as_well(shop):
    shop.create(LaunchTemplate=shop.at("$Latest"))
    assert shop.group()["LaunchTemplate"]["Version"] == "$Latest"
    assert shop.versions() == {"2": 2}
    shop.aws.refuses("ValidationError", shop.start, AutoRollback=True)


# Policies

TRACKING = {
    "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
    "TargetValue": 60.0,
}


def put_policy(shop, **more):
    return shop.aws.autoscaling.put_scaling_policy(
        **{
            "AutoScalingGroupName": GROUP,
            "PolicyName": "cpu",
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingConfiguration": TRACKING,
            **more,
        }
    )


def policies(shop) -> list[dict]:
    return shop.aws.autoscaling.describe_policies(AutoScalingGroupName=GROUP)["ScalingPolicies"]


def test_target_tracking_reads_back(shop):
    shop.create()
    made = put_policy(shop)
    (policy,) = policies(shop)
    assert policy["TargetTrackingConfiguration"] == {**TRACKING, "DisableScaleIn": False}
    assert policy["Enabled"] is True and "PredictiveScalingConfiguration" not in policy
    assert policy["PolicyARN"] == made["PolicyARN"]
    assert len(policy["Alarms"]) == 2 and all(GROUP in it["AlarmName"] for it in policy["Alarms"])
    put_policy(shop, TargetTrackingConfiguration={**TRACKING, "TargetValue": 70.0}, Enabled=False)
    (policy,) = policies(shop)
    assert (policy["TargetTrackingConfiguration"]["TargetValue"], policy["Enabled"]) == (70.0, False)
    assert policy["PolicyARN"] == made["PolicyARN"]
    shop.aws.autoscaling.delete_policy(AutoScalingGroupName=GROUP, PolicyName="cpu")
    assert policies(shop) == []
    delete = shop.aws.autoscaling.delete_policy
    shop.aws.refuses("ValidationError", delete, AutoScalingGroupName=GROUP, PolicyName="cpu")


@pytest.mark.parametrize(
    "wrong",
    [
        {"TargetTrackingConfiguration": {"TargetValue": 60.0}},
        {"TargetTrackingConfiguration": {**TRACKING, "TargetValue": 0.0}},
        {"TargetTrackingConfiguration": {**TRACKING, "PredefinedMetricSpecification": {"PredefinedMetricType": "Heat"}}},
        {"PolicyType": "Guess"},
        {"PolicyType": "SimpleScaling"},
        {"AdjustmentType": "ExactCapacity"},
    ],
)
def test_a_wrong_policy_is_refused(shop, wrong):
    shop.create()
    shop.aws.refuses("ValidationError", put_policy, shop=shop, **wrong)
    assert policies(shop) == []


def test_one_tracking_policy_per_metric(shop):
    shop.create()
    put_policy(shop)
    shop.aws.refuses("ValidationError", put_policy, shop=shop, PolicyName="cpu-too")


# Tags


def tag(key, value, propagate=True):
    return {
        "ResourceId": GROUP,
        "ResourceType": "auto-scaling-group",
        "Key": key,
        "Value": value,
        "PropagateAtLaunch": propagate,
    }


def test_tags_change_and_go(shop):
    shop.create(Tags=[tag("a", "1"), tag("b", "2", propagate=False)])
    assert shop.group()["Tags"] == [tag("a", "1"), tag("b", "2", propagate=False)]
    shop.aws.autoscaling.create_or_update_tags(Tags=[tag("a", "3", propagate=False), tag("c", "4")])
    shop.aws.autoscaling.delete_tags(Tags=[{"ResourceId": GROUP, "ResourceType": "auto-scaling-group", "Key": "b"}])
    assert shop.group()["Tags"] == [tag("a", "3", propagate=False), tag("c", "4")]
    shop.aws.refuses(
        "ValidationError", shop.aws.autoscaling.create_or_update_tags, Tags=[{**tag("a", "1"), "ResourceId": "none"}]
    )


@pytest.mark.parametrize(
    ("filters", "keys"),
    [
        ({}, ["a", "b"]),
        ({"auto-scaling-group": [GROUP]}, ["a", "b"]),
        ({"auto-scaling-group": ["none"]}, []),
        ({"key": ["a", "z"]}, ["a"]),
        ({"value": ["2"]}, ["b"]),
        ({"key": ["a"], "value": ["2"]}, []),
        ({"propagate-at-launch": ["false"]}, ["b"]),
    ],
)
def test_tags_are_filtered(shop, filters, keys):
    shop.create(Tags=[tag("a", "1"), tag("b", "2", propagate=False)])
    wanted = [{"Name": name, "Values": values} for name, values in filters.items()]
    shown = shop.aws.autoscaling.describe_tags(Filters=wanted)["Tags"]
    assert [it["Key"] for it in shown] == keys


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"tag:a": ["1"]}, True),
        ({"tag:a": ["1", "9"], "tag:b": ["2"]}, True),
        ({"tag:a": ["1"], "tag:b": ["9"]}, False),
        ({"tag:none": ["1"]}, False),
        ({"tag-key": ["a"], "tag-value": ["2"]}, True),
        ({"tag-key": ["none"]}, False),
    ],
)
def test_groups_are_filtered_by_tags(shop, filters, found):
    shop.create(Tags=[tag("a", "1"), tag("b", "2")])
    wanted = [{"Name": name, "Values": values} for name, values in filters.items()]
    assert bool(shop.groups(Filters=wanted)) == found


# Other settings


def test_metrics_and_processes_switch_on_and_off(shop):
    shop.create()
    client, name = shop.aws.autoscaling, {"AutoScalingGroupName": GROUP}
    client.enable_metrics_collection(Granularity="1Minute", Metrics=["GroupMinSize", "GroupMaxSize"], **name)
    assert shop.group()["EnabledMetrics"] == [
        {"Metric": it, "Granularity": "1Minute"} for it in ("GroupMaxSize", "GroupMinSize")
    ]
    client.disable_metrics_collection(Metrics=["GroupMaxSize"], **name)
    assert [it["Metric"] for it in shop.group()["EnabledMetrics"]] == ["GroupMinSize"]
    enable = client.enable_metrics_collection
    shop.aws.refuses("ValidationError", enable, Granularity="1Minute", Metrics=["Heat"], **name)
    client.suspend_processes(ScalingProcesses=["Launch"], **name)
    shop.update(DesiredCapacity=3)
    assert len(shop.members()) == 2
    client.resume_processes(ScalingProcesses=["Launch"], **name)
    assert len(shop.members()) == 3 and shop.group()["SuspendedProcesses"] == []


def test_protected_instances_stay_when_scaling_in(shop):
    shop.create(NewInstancesProtectedFromScaleIn=True)
    shop.update(DesiredCapacity=1)
    assert len(shop.members()) == 2
    one = shop.members()[1]["InstanceId"]
    shop.aws.autoscaling.set_instance_protection(
        AutoScalingGroupName=GROUP, InstanceIds=[one], ProtectedFromScaleIn=False
    )
    shop.aws.autoscaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=1)
    assert one not in [it["InstanceId"] for it in shop.members()]


def test_one_instance_is_terminated_with_its_place(shop):
    shop.create()
    gone = shop.members()[0]["InstanceId"]
    shop.aws.autoscaling.terminate_instance_in_auto_scaling_group(
        InstanceId=gone, ShouldDecrementDesiredCapacity=True
    )
    assert shop.group()["DesiredCapacity"] == 1
    assert gone not in [it["InstanceId"] for it in shop.group()["Instances"]]


# Target groups


def make_target_group(shop, name="web") -> str:
    return shop.aws.elbv2.create_target_group(
        Name=name, Protocol="HTTP", Port=80, VpcId=shop.network.vpc, TargetType="instance"
    )["TargetGroups"][0]["TargetGroupArn"]


def listen(shop, arn):
    """Targets are checked only while a load balancer sends to their group."""
    gateway = shop.aws.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    shop.aws.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=shop.network.vpc)
    balancer = shop.aws.elbv2.create_load_balancer(
        Name="web", Subnets=shop.network.subnets, SecurityGroups=[shop.network.group]
    )["LoadBalancers"][0]["LoadBalancerArn"]
    forward = [{"Type": "forward", "TargetGroupArn": arn}]
    shop.aws.elbv2.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=forward)


def targets(shop, arn) -> set[str]:
    health = shop.aws.elbv2.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    return {it["Target"]["Id"] for it in health if it["TargetHealth"]["State"] != "draining"}


def test_members_are_targets(shop):
    arn = make_target_group(shop)
    shop.create(TargetGroupARNs=[arn], HealthCheckType="ELB")
    first = {it["InstanceId"] for it in shop.members()}
    assert len(first) == 2 and targets(shop, arn) == first
    shop.update(DesiredCapacity=3)
    assert targets(shop, arn) == {it["InstanceId"] for it in shop.members()}
    shop.start()
    shop.statuses("Successful")
    now = {it["InstanceId"] for it in shop.members()}
    assert targets(shop, arn) == now and not now & first
    shop.aws.autoscaling.delete_auto_scaling_group(AutoScalingGroupName=GROUP, ForceDelete=True)
    shop.aws.eventually(lambda: shop.groups() == [])
    assert targets(shop, arn) == set()


def test_targets_that_stay_unhealthy_fail_a_refresh(shop):
    arn = make_target_group(shop)
    listen(shop, arn)
    shop.create(TargetGroupARNs=[arn], HealthCheckType="ELB")
    shop.aws.settle(600)
    shop.aws.infra("outcome", service="elbv2", resource="web", outcome="unhealthy")
    shop.start(AutoRollback=True)
    shop.statuses("RollbackInProgress")
    shop.aws.infra("outcome", service="elbv2", resource="web", outcome=None)
    shop.statuses("RollbackSuccessful")
    shop.aws.hurried(lambda: shop.versions() == {"1": 2})
    assert shop.group()["LaunchTemplate"]["Version"] == "1"


def test_new_instances_can_be_unhealthy_while_the_old_ones_are_not(shop):
    arn = make_target_group(shop)
    listen(shop, arn)
    shop.create(TargetGroupARNs=[arn], HealthCheckType="ELB")
    old = {it["InstanceId"] for it in shop.members()}
    shop.aws.settle(0.3)
    shop.steer("unhealthy")
    shop.start(AutoRollback=True, MinHealthyPercentage=100, MaxHealthyPercentage=150)
    shop.statuses("RollbackSuccessful")
    shop.aws.eventually(lambda: shop.versions() == {"1": 2})
    assert old == {it["InstanceId"] for it in shop.members()}


def test_a_refresh_waits_for_targets_that_are_starting(shop):
    arn = make_target_group(shop)
    listen(shop, arn)
    shop.create(TargetGroupARNs=[arn], HealthCheckType="ELB")
    shop.aws.infra("outcome", service="elbv2", resource="web", outcome="initial")
    shop.start(MinHealthyPercentage=0)
    for _ in range(10):
        assert (shop.refresh()["Status"], shop.refresh()["PercentageComplete"]) == ("InProgress", 0)
    shop.aws.infra("outcome", service="elbv2", resource="web", outcome=None)
    shop.statuses("Successful")


def test_target_groups_are_attached_and_detached(shop):
    first, second = make_target_group(shop), make_target_group(shop, "other")
    shop.create(TargetGroupARNs=[first])
    client, name = shop.aws.autoscaling, {"AutoScalingGroupName": GROUP}
    client.attach_load_balancer_target_groups(TargetGroupARNs=[second], **name)
    client.detach_traffic_sources(TrafficSources=[{"Identifier": first}], **name)
    assert shop.group()["TargetGroupARNs"] == [second]
    shown = client.describe_load_balancer_target_groups(**name)["LoadBalancerTargetGroups"]
    assert [it["LoadBalancerTargetGroupARN"] for it in shown] == [second]
    assert (len(targets(shop, first)), len(targets(shop, second))) == (0, 2)
    missing = first[:-1] + ("0" if first[-1] != "0" else "1")
    shop.aws.refuses("ValidationError", client.attach_load_balancer_target_groups, TargetGroupARNs=[missing], **name)
