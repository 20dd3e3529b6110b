import json

import pytest
from private_network import interfaces, subnets_and_group

LONG = 60.0
TAGS = [{"Key": "infra:project", "Value": "shop"}]


@pytest.fixture
def net(aws):
    made = subnets_and_group(aws, zones="abc")
    aws.rds.create_db_subnet_group(
        DBSubnetGroupName="main", DBSubnetGroupDescription="d", SubnetIds=made.subnets, Tags=TAGS
    )
    return made


@pytest.fixture
def create(aws, net):
    def create(name="main", **changes):
        settings = {
            "Engine": "postgres",
            "EngineVersion": "16",
            "DBInstanceClass": "db.t4g.micro",
            "AllocatedStorage": 20,
            "MasterUsername": "app",
            "ManageMasterUserPassword": True,
            "DBSubnetGroupName": "main",
            "VpcSecurityGroupIds": [net.group],
        } | changes
        settings = {key: value for key, value in settings.items() if value is not None}
        return aws.rds.create_db_instance(DBInstanceIdentifier=name, **settings)["DBInstance"]

    return create


@pytest.fixture
def refused(aws, create):
    """Creating with these changes is refused with that code."""
    return lambda code, **changes: aws.refuses(code, create, **changes)


def instance(aws, name="main") -> dict:
    return aws.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


def modify(aws, now=True, **changes) -> dict:
    return aws.rds.modify_db_instance(DBInstanceIdentifier="main", ApplyImmediately=now, **changes)["DBInstance"]


def cannot_modify(aws, code, **changes) -> str:
    return aws.refuses(code, aws.rds.modify_db_instance, DBInstanceIdentifier="main", ApplyImmediately=True, **changes)


def held(aws, net) -> list[dict]:
    """The interfaces in all subnets of the network."""
    return [interface for subnet in net.subnets for interface in interfaces(aws, subnet)]


# Life of an instance


def test_an_instance_is_created_backed_up_and_then_available(aws, create):
    aws.settle(LONG, "rds")
    made = create()
    assert made["DBInstanceStatus"] == "creating"
    assert "Endpoint" not in made and made["MasterUserSecret"]["SecretStatus"] == "creating"

    aws.settle(0, "rds")
    create("other")
    other = aws.eventually(lambda: (i := instance(aws, "other"))["DBInstanceStatus"] == "available" and i)
    assert other["Endpoint"]["Address"].startswith("other.") and other["Endpoint"]["Port"] == 5432
    assert other["MasterUserSecret"]["SecretStatus"] == "active"
    assert instance(aws)["DBInstanceStatus"] == "creating"


def test_every_instance_has_an_id_of_its_own(aws, create):
    ids = {create(name)["DbiResourceId"] for name in ("one", "two", "three")}
    assert len(ids) == 3
    for id_ in ids:
        found = aws.rds.describe_db_instances(Filters=[{"Name": "dbi-resource-id", "Values": [id_]}])["DBInstances"]
        assert [i["DbiResourceId"] for i in found] == [id_]


def test_what_was_asked_for_is_read_back(aws, create, net):
    create(
        StorageEncrypted=True,
        MultiAZ=True,
        MaxAllocatedStorage=100,
        BackupRetentionPeriod=14,
        PreferredBackupWindow="01:00-01:30",
        PreferredMaintenanceWindow="Mon:03:00-Mon:04:00",
        CopyTagsToSnapshot=True,
        DeletionProtection=True,
        EnablePerformanceInsights=True,
        EnableCloudwatchLogsExports=["upgrade", "postgresql"],
        DBName="shop",
        Tags=TAGS,
    )
    read = instance(aws)
    assert read["EngineVersion"].startswith("16.")
    assert (read["StorageEncrypted"], read["MultiAZ"], read["MaxAllocatedStorage"]) == (True, True, 100)
    assert ":key/" in read["KmsKeyId"]
    assert read["AvailabilityZone"] != read["SecondaryAvailabilityZone"]
    assert (read["BackupRetentionPeriod"], read["PreferredBackupWindow"]) == (14, "01:00-01:30")
    assert read["PreferredMaintenanceWindow"] == "mon:03:00-mon:04:00"
    assert (read["CopyTagsToSnapshot"], read["DeletionProtection"], read["DBName"]) == (True, True, "shop")
    assert (read["PerformanceInsightsEnabled"], read["PerformanceInsightsRetentionPeriod"]) == (True, 7)
    assert read["EnabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    assert (read["StorageType"], read["Iops"], read["StorageThroughput"]) == ("gp3", 3000, 125)
    assert read["TagList"] == TAGS
    assert read["DBSubnetGroup"]["DBSubnetGroupName"] == "main"
    assert {s["SubnetIdentifier"] for s in read["DBSubnetGroup"]["Subnets"]} == set(net.subnets)
    assert read["VpcSecurityGroups"] == [{"VpcSecurityGroupId": net.group, "Status": "active"}]
    assert read["DBParameterGroups"] == [
        {"DBParameterGroupName": "default.postgres16", "ParameterApplyStatus": "in-sync"}
    ]


def test_a_deleted_instance_is_deleting_and_then_gone(aws, create):
    create()
    aws.eventually(lambda: instance(aws)["DBInstanceStatus"] == "available")
    aws.settle(LONG, "rds")
    aws.rds.delete_db_instance(DBInstanceIdentifier="main", SkipFinalSnapshot=True)
    assert instance(aws)["DBInstanceStatus"] == "deleting"
    aws.refuses(
        "InvalidDBInstanceState", aws.rds.delete_db_instance, DBInstanceIdentifier="main", SkipFinalSnapshot=True
    )

    aws.settle(0, "rds")
    create("other")
    aws.rds.delete_db_instance(DBInstanceIdentifier="other", SkipFinalSnapshot=True)
    aws.refuses("DBInstanceNotFound", aws.rds.describe_db_instances, DBInstanceIdentifier="other")


def test_a_stopped_instance_can_be_started_and_nothing_else(aws, create):
    create()
    aws.eventually(lambda: instance(aws)["DBInstanceStatus"] == "available")
    aws.rds.stop_db_instance(DBInstanceIdentifier="main")
    assert instance(aws)["DBInstanceStatus"] == "stopped"
    cannot_modify(aws, "InvalidDBInstanceState", DBInstanceClass="db.t4g.small")
    aws.rds.start_db_instance(DBInstanceIdentifier="main")
    assert instance(aws)["DBInstanceStatus"] == "available"


# What is refused when it is created


def test_a_taken_name_is_refused(create, refused):
    create()
    refused("DBInstanceAlreadyExists")
    refused("DBInstanceAlreadyExists", name="MAIN")


@pytest.mark.parametrize("name", ["1main", "main-", "ma--in", "ma_in", "m" * 64])
def test_an_invalid_name_is_refused(refused, name):
    refused("InvalidParameterValue", name=name)


@pytest.mark.parametrize(
    "code, changes",
    [
        ("InvalidParameterValue", {"Engine": "db9"}),
        ("InvalidParameterValue", {"DBInstanceClass": "db.t9.micro"}),
        ("InvalidParameterCombination", {"EngineVersion": "16.99"}),
        ("InvalidParameterCombination", {"EngineVersion": "99"}),
        ("InvalidParameterCombination", {"AllocatedStorage": 5}),
        ("InvalidParameterCombination", {"AllocatedStorage": None}),
        ("InvalidParameterCombination", {"MaxAllocatedStorage": 20}),
        ("InvalidParameterCombination", {"MaxAllocatedStorage": 21}),
        ("InvalidParameterCombination", {"Iops": 4000}),
        ("InvalidParameterCombination", {"StorageType": "io1", "AllocatedStorage": 100}),
        ("InvalidParameterCombination", {"StorageType": "gp2", "Iops": 4000}),
        ("InvalidParameterCombination", {"MultiAZ": True, "AvailabilityZone": "eu-central-1a"}),
        ("InvalidParameterCombination", {"MasterUserPassword": "long enough?no spaces".replace(" ", "")}),
        ("InvalidParameterValue", {"ManageMasterUserPassword": None}),
        ("InvalidParameterValue", {"ManageMasterUserPassword": None, "MasterUserPassword": "short"}),
        ("InvalidParameterValue", {"MasterUsername": "admin"}),
        ("InvalidParameterValue", {"MasterUsername": None}),
        ("InvalidParameterValue", {"BackupRetentionPeriod": 36}),
        ("InvalidParameterValue", {"PreferredBackupWindow": "03:00-03:10"}),
        (
            "InvalidParameterValue",
            {"PreferredBackupWindow": "03:00-04:00", "PreferredMaintenanceWindow": "tue:03:30-tue:04:30"},
        ),
        (
            "InvalidParameterValue",
            {"PreferredBackupWindow": "23:45-00:15", "PreferredMaintenanceWindow": "sun:23:30-mon:00:00"},
        ),
        ("InvalidParameterCombination", {"EnableCloudwatchLogsExports": ["slowquery"]}),
        ("InvalidParameterCombination", {"MonitoringInterval": 60}),
        ("InvalidParameterCombination", {"PerformanceInsightsRetentionPeriod": 7}),
        ("InvalidParameterValue", {"EnablePerformanceInsights": True, "PerformanceInsightsRetentionPeriod": 8}),
        ("InvalidParameterValue", {"VpcSecurityGroupIds": ["sg-00000000000000000"]}),
        ("DBSubnetGroupNotFoundFault", {"DBSubnetGroupName": "other"}),
        ("DBParameterGroupNotFound", {"DBParameterGroupName": "other"}),
        ("KMSKeyNotAccessibleFault", {"StorageEncrypted": True, "KmsKeyId": "alias/nobody"}),
        ("KMSKeyNotAccessibleFault", {"MasterUserSecretKmsKeyId": "alias/nobody"}),
        ("InvalidParameterValue", {"Tags": [{"Key": "aws:mine", "Value": ""}]}),
    ],
)
def test_settings_that_aws_refuses(aws, refused, net, code, changes):
    refused(code, **changes)
    assert aws.rds.describe_db_instances()["DBInstances"] == []
    assert held(aws, net) == []
    assert aws.secretsmanager.list_secrets()["SecretList"] == []


def test_performance_insights_depends_on_engine_and_class(create, refused):
    create("a", EnablePerformanceInsights=True)
    create("b", EnablePerformanceInsights=True, Engine="mysql", EngineVersion="8.0", DBInstanceClass="db.t4g.medium")
    for small in ("db.t3.micro", "db.t4g.small"):
        refused(
            "InvalidParameterCombination",
            Engine="mysql",
            EngineVersion="8.0",
            DBInstanceClass=small,
            EnablePerformanceInsights=True,
        )


def test_a_security_group_of_another_vpc_is_refused(aws, refused):
    vpc = aws.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group = aws.ec2.create_security_group(GroupName="far", Description="far", VpcId=vpc)["GroupId"]
    refused("InvalidParameterCombination", VpcSecurityGroupIds=[group])


@pytest.mark.parametrize(
    "engine, major", [("postgres", "16"), ("postgres", "17"), ("mysql", "8.0"), ("mariadb", "10.11")]
)
def test_a_major_version_gets_the_newest_minor_one(aws, create, engine, major):
    got = create(Engine=engine, EngineVersion=major)["EngineVersion"]
    offered = aws.rds.describe_db_engine_versions(Engine=engine, EngineVersion=major)["DBEngineVersions"]
    numbers = [[int(part) for part in version["EngineVersion"].split(".")] for version in offered]
    assert [int(part) for part in got.split(".")] == max(numbers)


# Changes


@pytest.fixture
def main(aws, create):
    create(DeletionProtection=False)
    return aws.eventually(lambda: (i := instance(aws))["DBInstanceStatus"] == "available" and i)


def test_a_change_that_is_not_immediate_waits(aws, main):
    answer = modify(aws, now=False, DBInstanceClass="db.t4g.small", AllocatedStorage=40)
    assert answer["PendingModifiedValues"] == {"DBInstanceClass": "db.t4g.small", "AllocatedStorage": 40}
    read = instance(aws)
    assert (read["DBInstanceStatus"], read["DBInstanceClass"]) == ("available", "db.t4g.micro")
    assert read["PendingModifiedValues"] == {"DBInstanceClass": "db.t4g.small", "AllocatedStorage": 40}

    # Taken back, it no longer waits; another immediate change carries out what is left.
    modify(aws, now=False, AllocatedStorage=20)
    assert instance(aws)["PendingModifiedValues"] == {"DBInstanceClass": "db.t4g.small"}
    modify(aws, MultiAZ=True)
    read = instance(aws)
    assert (read["DBInstanceClass"], read["MultiAZ"], read["PendingModifiedValues"]) == ("db.t4g.small", True, {})


def test_an_immediate_change_is_pending_while_it_is_carried_out(aws, main):
    aws.settle(LONG, "rds")
    answer = modify(aws, DBInstanceClass="db.t4g.small")
    assert (answer["DBInstanceStatus"], answer["PendingModifiedValues"]) == (
        "available",
        {"DBInstanceClass": "db.t4g.small"},
    )
    read = instance(aws)
    assert (read["DBInstanceStatus"], read["DBInstanceClass"]) == ("modifying", "db.t4g.micro")
    assert read["PendingModifiedValues"] == {"DBInstanceClass": "db.t4g.small"}
    cannot_modify(aws, "InvalidDBInstanceState", DBInstanceClass="db.t4g.medium")


def test_settings_without_a_window_change_at_once(aws, main):
    modify(
        aws,
        now=False,
        DeletionProtection=True,
        BackupRetentionPeriod=9,
        MaxAllocatedStorage=200,
        CopyTagsToSnapshot=True,
        PreferredBackupWindow="02:00-03:00",
        EnablePerformanceInsights=True,
        CloudwatchLogsExportConfiguration={"EnableLogTypes": ["postgresql"]},
    )
    read = instance(aws)
    assert (read["DeletionProtection"], read["BackupRetentionPeriod"], read["MaxAllocatedStorage"]) == (True, 9, 200)
    assert (read["CopyTagsToSnapshot"], read["PreferredBackupWindow"]) == (True, "02:00-03:00")
    assert (read["PerformanceInsightsEnabled"], read["PerformanceInsightsRetentionPeriod"]) == (True, 7)
    assert read["EnabledCloudwatchLogsExports"] == ["postgresql"]
    assert read["PendingModifiedValues"] == {}


def test_storage_only_grows_and_by_a_tenth_at_least(aws, main):
    modify(aws, AllocatedStorage=100)
    cannot_modify(aws, "InvalidParameterCombination", AllocatedStorage=99)
    modify(aws, AllocatedStorage=101)
    assert instance(aws)["AllocatedStorage"] == 110


def test_storage_autoscaling_ends_where_the_limit_is_the_size(aws, main):
    modify(aws, MaxAllocatedStorage=100)
    modify(aws, MaxAllocatedStorage=20)
    assert "MaxAllocatedStorage" not in instance(aws)


def test_versions_only_go_up(aws, create):
    create(EngineVersion="16.4")
    modify(aws, EngineVersion="16.8")
    assert instance(aws)["EngineVersion"] == "16.8"
    assert "Cannot upgrade postgres from 16.8 to 16.6" in cannot_modify(
        aws, "InvalidParameterCombination", EngineVersion="16.6"
    )
    cannot_modify(aws, "InvalidParameterCombination", EngineVersion="16.98")
    modify(aws, EngineVersion="16")
    assert instance(aws)["EngineVersion"] == "16.8"


def test_a_major_upgrade_must_be_allowed_and_takes_the_new_default_parameters(aws, main):
    message = cannot_modify(aws, "InvalidParameterCombination", EngineVersion="17")
    assert "AllowMajorVersionUpgrade" in message
    aws.settle(LONG, "rds")
    modify(aws, EngineVersion="17", AllowMajorVersionUpgrade=True)
    assert instance(aws)["DBInstanceStatus"] == "upgrading"


def test_a_major_upgrade_arrives(aws, main):
    modify(aws, EngineVersion="17", AllowMajorVersionUpgrade=True)
    read = instance(aws)
    assert read["EngineVersion"].startswith("17.")
    assert read["DBParameterGroups"][0]["DBParameterGroupName"] == "default.postgres17"
    assert read["OptionGroupMemberships"][0]["OptionGroupName"] == "default:postgres-17"


@pytest.mark.parametrize(
    "code, changes",
    [
        ("InvalidParameterValue", {"DBInstanceClass": "db.t9.micro"}),
        ("InvalidParameterValue", {"VpcSecurityGroupIds": ["sg-00000000000000000"]}),
        ("InvalidParameterValue", {"BackupRetentionPeriod": 40}),
        ("InvalidParameterCombination", {"MaxAllocatedStorage": 21}),
        ("InvalidParameterCombination", {"MasterUserPassword": "a-long-password"}),
        ("DBParameterGroupNotFound", {"DBParameterGroupName": "other"}),
        ("InvalidParameterCombination", {"DBParameterGroupName": "default.mysql8.0"}),
        ("DBSubnetGroupNotFoundFault", {"DBSubnetGroupName": "other"}),
    ],
)
def test_changes_that_aws_refuses(aws, main, code, changes):
    cannot_modify(aws, code, **changes)
    assert instance(aws) == main


def test_an_instance_cannot_move_within_its_vpc(aws, main, net):
    aws.rds.create_db_subnet_group(DBSubnetGroupName="other", DBSubnetGroupDescription="d", SubnetIds=net.subnets[:2])
    cannot_modify(aws, "InvalidVPCNetworkStateFault", DBSubnetGroupName="other")


def test_an_instance_can_be_renamed(aws, main):
    modify(aws, NewDBInstanceIdentifier="renamed")
    aws.refuses("DBInstanceNotFound", aws.rds.describe_db_instances, DBInstanceIdentifier="main")
    read = instance(aws, "renamed")
    assert read["DBInstanceArn"].endswith(":db:renamed") and read["Endpoint"]["Address"].startswith("renamed.")
    assert read["DbiResourceId"] == main["DbiResourceId"]


# Deletion


def test_a_protected_instance_is_not_deleted(aws, create):
    create(DeletionProtection=True)
    message = aws.refuses(
        "InvalidParameterCombination", aws.rds.delete_db_instance, DBInstanceIdentifier="main", SkipFinalSnapshot=True
    )
    assert "Cannot delete protected DB Instance" in message
    assert instance(aws)["DBInstanceStatus"] != "deleting"


def test_deletion_says_what_becomes_of_the_data(aws, main):
    delete = aws.rds.delete_db_instance
    aws.refuses("InvalidParameterCombination", delete, DBInstanceIdentifier="main")
    aws.refuses(
        "InvalidParameterCombination",
        delete,
        DBInstanceIdentifier="main",
        SkipFinalSnapshot=True,
        FinalDBSnapshotIdentifier="last",
    )


def test_a_final_snapshot_stays_with_the_tags(aws, create):
    create(CopyTagsToSnapshot=True, Tags=TAGS)
    aws.eventually(lambda: instance(aws)["DBInstanceStatus"] == "available")
    aws.rds.create_db_snapshot(DBInstanceIdentifier="main", DBSnapshotIdentifier="first")
    aws.refuses(
        "DBSnapshotAlreadyExists",
        aws.rds.delete_db_instance,
        DBInstanceIdentifier="main",
        FinalDBSnapshotIdentifier="first",
    )
    aws.rds.delete_db_instance(DBInstanceIdentifier="main", FinalDBSnapshotIdentifier="last")
    aws.refuses("DBInstanceNotFound", aws.rds.describe_db_instances, DBInstanceIdentifier="main")

    snapshots = aws.rds.describe_db_snapshots(DBInstanceIdentifier="main")["DBSnapshots"]
    assert {s["DBSnapshotIdentifier"] for s in snapshots} == {"first", "last"}
    last = aws.rds.describe_db_snapshots(DBSnapshotIdentifier="last")["DBSnapshots"][0]
    assert (last["Status"], last["SnapshotType"], last["TagList"]) == ("available", "manual", TAGS)
    assert aws.rds.list_tags_for_resource(ResourceName=last["DBSnapshotArn"])["TagList"] == TAGS
    aws.rds.delete_db_snapshot(DBSnapshotIdentifier="last")
    aws.refuses("DBSnapshotNotFound", aws.rds.describe_db_snapshots, DBSnapshotIdentifier="last")


def test_a_snapshot_needs_an_available_instance(aws, create):
    aws.settle(LONG, "rds")
    create()
    aws.refuses(
        "InvalidDBInstanceState", aws.rds.create_db_snapshot, DBInstanceIdentifier="main", DBSnapshotIdentifier="s"
    )
    aws.refuses(
        "InvalidDBInstanceState", aws.rds.delete_db_instance, DBInstanceIdentifier="main", FinalDBSnapshotIdentifier="s"
    )


# The password that RDS keeps


def test_the_managed_password_is_a_secret_that_lives_with_the_instance(aws, main):
    arn = main["MasterUserSecret"]["SecretArn"]
    assert ":secret:rds!db-" in arn and ":key/" in main["MasterUserSecret"]["KmsKeyId"]
    assert aws.secretsmanager.describe_secret(SecretId=arn)["OwningService"] == "rds"
    value = json.loads(aws.secretsmanager.get_secret_value(SecretId=arn)["SecretString"])
    assert value["username"] == "app" and len(value["password"]) >= 20

    aws.refuses(
        "InvalidRequestException", aws.secretsmanager.delete_secret, SecretId=arn, ForceDeleteWithoutRecovery=True
    )
    modify(aws, RotateMasterUserPassword=True)
    assert (
        json.loads(aws.secretsmanager.get_secret_value(SecretId=arn)["SecretString"])["password"] != value["password"]
    )

    aws.rds.delete_db_instance(DBInstanceIdentifier="main", SkipFinalSnapshot=True)
    aws.refuses("ResourceNotFoundException", aws.secretsmanager.describe_secret, SecretId=arn)


def test_the_managed_password_can_be_given_up(aws, main):
    modify(aws, ManageMasterUserPassword=False, MasterUserPassword="a-long-password")
    assert "MasterUserSecret" not in instance(aws)
    assert aws.secretsmanager.list_secrets()["SecretList"] == []


# Network


def test_an_instance_holds_its_subnets_and_security_groups(aws, create, net):
    create(MultiAZ=True)
    found = held(aws, net)
    assert len(found) == 2 and len({eni["AvailabilityZone"] for eni in found}) == 2
    assert {eni["Description"] for eni in found} == {"RDSNetworkInterface"}
    aws.refuses("DependencyViolation", aws.ec2.delete_security_group, GroupId=net.group)
    aws.refuses("DependencyViolation", aws.ec2.delete_subnet, SubnetId=found[0]["SubnetId"])

    aws.rds.delete_db_instance(DBInstanceIdentifier="main", SkipFinalSnapshot=True)
    assert held(aws, net) == []
    aws.ec2.delete_security_group(GroupId=net.group)


def test_other_security_groups_let_go_of_the_old_ones(aws, main, net):
    group = aws.ec2.create_security_group(GroupName="new", Description="new", VpcId=net.vpc)["GroupId"]
    modify(aws, VpcSecurityGroupIds=[group])
    aws.ec2.delete_security_group(GroupId=net.group)
    aws.refuses("DependencyViolation", aws.ec2.delete_security_group, GroupId=group)


# Subnet groups


def test_a_subnet_group_covers_two_zones(aws, net):
    create = aws.rds.create_db_subnet_group
    message = aws.refuses(
        "DBSubnetGroupDoesNotCoverEnoughAZs",
        create,
        DBSubnetGroupName="one",
        DBSubnetGroupDescription="d",
        SubnetIds=net.subnets[:1],
    )
    assert "at least 2 AZs" in message
    aws.refuses(
        "InvalidSubnet",
        create,
        DBSubnetGroupName="one",
        DBSubnetGroupDescription="d",
        SubnetIds=["subnet-00000000000000000"],
    )
    aws.refuses(
        "DBSubnetGroupAlreadyExists",
        create,
        DBSubnetGroupName="Main",
        DBSubnetGroupDescription="d",
        SubnetIds=net.subnets,
    )


def test_a_subnet_group_in_use_stays(aws, create, net):
    create()
    delete = aws.rds.delete_db_subnet_group
    aws.refuses("InvalidDBSubnetGroupStateFault", delete, DBSubnetGroupName="main")
    used = held(aws, net)[0]["SubnetId"]
    others = [subnet for subnet in net.subnets if subnet != used]
    aws.refuses("SubnetAlreadyInUse", aws.rds.modify_db_subnet_group, DBSubnetGroupName="main", SubnetIds=others)
    aws.rds.modify_db_subnet_group(DBSubnetGroupName="main", SubnetIds=[used, others[0]])
    assert len(instance(aws)["DBSubnetGroup"]["Subnets"]) == 2

    aws.rds.delete_db_instance(DBInstanceIdentifier="main", SkipFinalSnapshot=True)
    delete(DBSubnetGroupName="main")
    aws.refuses("DBSubnetGroupNotFoundFault", aws.rds.describe_db_subnet_groups, DBSubnetGroupName="main")


# Parameter groups


@pytest.fixture
def parameters(aws):
    return aws.rds.create_db_parameter_group(
        DBParameterGroupName="tuned", DBParameterGroupFamily="postgres16", Description="d", Tags=TAGS
    )["DBParameterGroup"]


def user_parameters(aws) -> dict:
    listed = aws.rds.describe_db_parameters(DBParameterGroupName="tuned", Source="user")["Parameters"]
    return {p["ParameterName"]: (p["ParameterValue"], p["ApplyMethod"]) for p in listed}


def test_parameters_that_a_user_set_are_told_apart(aws, parameters):
    assert user_parameters(aws) == {}
    change = [
        {"ParameterName": "work_mem", "ParameterValue": "8192", "ApplyMethod": "immediate"},
        {"ParameterName": "max_connections", "ParameterValue": "200", "ApplyMethod": "pending-reboot"},
    ]
    aws.rds.modify_db_parameter_group(DBParameterGroupName="tuned", Parameters=change)
    assert user_parameters(aws) == {"work_mem": ("8192", "immediate"), "max_connections": ("200", "pending-reboot")}
    aws.rds.reset_db_parameter_group(
        DBParameterGroupName="tuned", Parameters=[{"ParameterName": "work_mem", "ApplyMethod": "immediate"}]
    )
    assert user_parameters(aws) == {"max_connections": ("200", "pending-reboot")}


def test_parameter_changes_that_aws_refuses(aws, parameters):
    change = aws.rds.modify_db_parameter_group
    unknown = [{"ParameterName": "no_such", "ParameterValue": "1", "ApplyMethod": "immediate"}]
    aws.refuses("InvalidParameterValue", change, DBParameterGroupName="tuned", Parameters=unknown)
    static = [{"ParameterName": "max_connections", "ParameterValue": "1", "ApplyMethod": "immediate"}]
    aws.refuses("InvalidParameterCombination", change, DBParameterGroupName="tuned", Parameters=static)
    aws.refuses("DBParameterGroupNotFound", change, DBParameterGroupName="other", Parameters=static)
    aws.refuses("InvalidDBParameterGroupState", change, DBParameterGroupName="default.postgres16", Parameters=static)


def test_parameter_groups_that_aws_refuses(aws, parameters):
    create = aws.rds.create_db_parameter_group
    aws.refuses(
        "DBParameterGroupAlreadyExists",
        create,
        DBParameterGroupName="tuned",
        DBParameterGroupFamily="postgres16",
        Description="d",
    )
    aws.refuses(
        "InvalidParameterValue",
        create,
        DBParameterGroupName="new",
        DBParameterGroupFamily="postgres99",
        Description="d",
    )


def test_a_parameter_group_fits_the_engine_and_stays_while_in_use(aws, create, refused, parameters):
    refused("InvalidParameterCombination", EngineVersion="17", DBParameterGroupName="tuned")
    create(DBParameterGroupName="tuned")
    aws.refuses("InvalidDBParameterGroupState", aws.rds.delete_db_parameter_group, DBParameterGroupName="tuned")
    aws.eventually(lambda: instance(aws)["DBInstanceStatus"] == "available")
    cannot_modify(aws, "InvalidParameterCombination", EngineVersion="17", AllowMajorVersionUpgrade=True)
    aws.rds.delete_db_instance(DBInstanceIdentifier="main", SkipFinalSnapshot=True)
    aws.rds.delete_db_parameter_group(DBParameterGroupName="tuned")


def test_another_parameter_group_is_in_force_after_a_reboot(aws, main, parameters):
    modify(aws, DBParameterGroupName="tuned")
    assert instance(aws)["DBParameterGroups"] == [
        {"DBParameterGroupName": "tuned", "ParameterApplyStatus": "pending-reboot"}
    ]
    aws.rds.reboot_db_instance(DBInstanceIdentifier="main")
    assert instance(aws)["DBParameterGroups"][0]["ParameterApplyStatus"] == "in-sync"


# Tags


def test_tags_of_every_kind(aws, main, parameters):
    groups = aws.rds.describe_db_subnet_groups(DBSubnetGroupName="main")["DBSubnetGroups"]
    for arn in (main["DBInstanceArn"], groups[0]["DBSubnetGroupArn"], parameters["DBParameterGroupArn"]):
        aws.rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
        aws.rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "a", "Value": "3"}])
        aws.rds.remove_tags_from_resource(ResourceName=arn, TagKeys=["b"])
        tags = aws.rds.list_tags_for_resource(ResourceName=arn)["TagList"]
        assert {"Key": "a", "Value": "3"} in tags and not [tag for tag in tags if tag["Key"] == "b"]
    assert {"Key": "a", "Value": "3"} in instance(aws)["TagList"]
    gone = main["DBInstanceArn"].replace(":db:main", ":db:gone")
    aws.refuses("DBInstanceNotFound", aws.rds.list_tags_for_resource, ResourceName=gone)
