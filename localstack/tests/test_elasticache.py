import pytest
from private_network import interfaces, subnets_and_group

LONG = 60.0
TAGS = [{"Key": "infra:project", "Value": "shop"}]


@pytest.fixture
def net(aws):
    made = subnets_and_group(aws, zones="abc")
    aws.elasticache.create_cache_subnet_group(
        CacheSubnetGroupName="main", CacheSubnetGroupDescription="d", SubnetIds=made.subnets, Tags=TAGS
    )
    return made


@pytest.fixture
def create(aws, net):
    def create(name="main", **changes):
        settings = {
            "ReplicationGroupDescription": "sessions",
            "Engine": "redis",
            "EngineVersion": "7.1",
            "CacheNodeType": "cache.t4g.micro",
            "NumCacheClusters": 1,
            "CacheSubnetGroupName": "main",
            "SecurityGroupIds": [net.group],
        } | changes
        settings = {key: value for key, value in settings.items() if value is not None}
        return aws.elasticache.create_replication_group(ReplicationGroupId=name, **settings)["ReplicationGroup"]

    return create


@pytest.fixture
def replicated(create):
    create(NumCacheClusters=3, AutomaticFailoverEnabled=True, MultiAZEnabled=True)


def group(aws, name="main") -> dict:
    return aws.elasticache.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]


def members(aws, name="main") -> list[dict]:
    found = aws.elasticache.describe_cache_clusters(ShowCacheNodeInfo=True)["CacheClusters"]
    return [cluster for cluster in found if cluster["ReplicationGroupId"] == name]


def modify(aws, now=True, **changes) -> dict:
    return aws.elasticache.modify_replication_group(ReplicationGroupId="main", ApplyImmediately=now, **changes)[
        "ReplicationGroup"
    ]


def cannot_modify(aws, code, **changes) -> str:
    return aws.refuses(
        code, aws.elasticache.modify_replication_group, ReplicationGroupId="main", ApplyImmediately=True, **changes
    )


def held(aws, net) -> list[dict]:
    """The interfaces in all subnets of the network."""
    return [interface for subnet in net.subnets for interface in interfaces(aws, subnet)]


# Life of a replication group


def test_a_group_is_created_with_its_members_and_then_available(aws, create):
    aws.settle(LONG, "elasticache")
    made = create(NumCacheClusters=2)
    assert (made["Status"], made["MemberClusters"]) == ("creating", ["main-001", "main-002"])
    assert "PrimaryEndpoint" not in made["NodeGroups"][0]
    assert {m["CacheClusterStatus"] for m in members(aws)} == {"creating"}

    aws.settle(0, "elasticache")
    create("other")
    read = group(aws, "other")
    assert read["Status"] == read["NodeGroups"][0]["Status"] == "available"
    assert read["NodeGroups"][0]["PrimaryEndpoint"]["Port"] == 6379
    assert [m["CacheClusterStatus"] for m in members(aws, "other")] == ["available"]


def test_what_was_asked_for_is_read_back(aws, create, net):
    create(
        NumCacheClusters=3,
        AutomaticFailoverEnabled=True,
        MultiAZEnabled=True,
        TransitEncryptionEnabled=True,
        AtRestEncryptionEnabled=True,
        SnapshotRetentionLimit=5,
        SnapshotWindow="01:00-02:00",
        PreferredMaintenanceWindow="Mon:03:00-Mon:04:00",
        AutoMinorVersionUpgrade=False,
        Port=6380,
        Tags=TAGS,
    )
    read = group(aws)
    assert (read["AutomaticFailover"], read["MultiAZ"], read["ClusterEnabled"]) == ("enabled", "enabled", False)
    assert (read["TransitEncryptionEnabled"], read["TransitEncryptionMode"]) == (True, "required")
    assert (read["AtRestEncryptionEnabled"], read["AuthTokenEnabled"]) == (True, False)
    assert (read["SnapshotRetentionLimit"], read["SnapshotWindow"]) == (5, "01:00-02:00")
    assert (read["CacheNodeType"], read["Description"], read["Engine"]) == ("cache.t4g.micro", "sessions", "redis")
    node_group = read["NodeGroups"][0]
    assert node_group["PrimaryEndpoint"]["Address"].startswith("master.main.")
    assert node_group["ReaderEndpoint"]["Address"].startswith("replica.main.")
    assert [m["CurrentRole"] for m in node_group["NodeGroupMembers"]] == ["primary", "replica", "replica"]
    assert len({m["PreferredAvailabilityZone"] for m in node_group["NodeGroupMembers"]}) == 3

    for member in members(aws):
        assert (member["EngineVersion"], member["CacheNodeType"]) == ("7.1.0", "cache.t4g.micro")
        assert (member["CacheSubnetGroupName"], member["ReplicationGroupId"]) == ("main", "main")
        assert member["SecurityGroups"] == [{"SecurityGroupId": net.group, "Status": "active"}]
        assert (member["TransitEncryptionEnabled"], member["AtRestEncryptionEnabled"]) == (True, True)
        assert (member["PreferredMaintenanceWindow"], member["AutoMinorVersionUpgrade"]) == (
            "mon:03:00-mon:04:00",
            False,
        )
        assert member["CacheParameterGroup"]["CacheParameterGroupName"] == "default.redis7"
        assert member["CacheNodes"][0]["Endpoint"]["Port"] == 6380
    assert aws.elasticache.list_tags_for_resource(ResourceName=read["ARN"])["TagList"] == TAGS
    assert aws.elasticache.list_tags_for_resource(ResourceName=members(aws)[1]["ARN"])["TagList"] == TAGS


def test_a_deleted_group_is_deleting_and_then_gone(aws, create):
    create()
    aws.settle(LONG, "elasticache")
    aws.elasticache.delete_replication_group(ReplicationGroupId="main")
    assert group(aws)["Status"] == "deleting"
    aws.refuses("InvalidReplicationGroupState", aws.elasticache.delete_replication_group, ReplicationGroupId="main")

    aws.settle(0, "elasticache")
    create("other")
    aws.elasticache.delete_replication_group(ReplicationGroupId="other")
    aws.refuses(
        "ReplicationGroupNotFoundFault", aws.elasticache.describe_replication_groups, ReplicationGroupId="other"
    )
    aws.refuses("CacheClusterNotFound", aws.elasticache.describe_cache_clusters, CacheClusterId="other-001")


def test_a_group_that_is_not_available_is_left_alone(aws, create):
    aws.settle(LONG, "elasticache")
    arn = create()["ARN"]
    cannot_modify(aws, "InvalidReplicationGroupState", CacheNodeType="cache.t4g.small")
    aws.refuses("InvalidReplicationGroupState", aws.elasticache.delete_replication_group, ReplicationGroupId="main")
    aws.refuses("InvalidReplicationGroupState", aws.elasticache.list_tags_for_resource, ResourceName=arn)
    increase = aws.elasticache.increase_replica_count
    aws.refuses(
        "InvalidReplicationGroupState", increase, ReplicationGroupId="main", NewReplicaCount=1, ApplyImmediately=True
    )


def test_a_final_snapshot_stays(aws, create):
    create()
    aws.elasticache.create_snapshot(ReplicationGroupId="main", SnapshotName="first", Tags=TAGS)
    assert group(aws)["Status"] == "available"
    delete = aws.elasticache.delete_replication_group
    aws.refuses("SnapshotAlreadyExistsFault", delete, ReplicationGroupId="main", FinalSnapshotIdentifier="first")
    delete(ReplicationGroupId="main", FinalSnapshotIdentifier="last")
    snapshots = aws.elasticache.describe_snapshots(ReplicationGroupId="main")["Snapshots"]
    assert {s["SnapshotName"]: s["SnapshotStatus"] for s in snapshots} == {"first": "available", "last": "available"}
    assert aws.elasticache.list_tags_for_resource(ResourceName=snapshots[0]["ARN"])["TagList"] == TAGS
    aws.elasticache.delete_snapshot(SnapshotName="last")
    aws.refuses("SnapshotNotFoundFault", aws.elasticache.describe_snapshots, SnapshotName="last")


# What is refused when it is created


def test_a_taken_name_is_refused(aws, create):
    create()
    aws.refuses("ReplicationGroupAlreadyExists", create)
    aws.refuses("ReplicationGroupAlreadyExists", create, name="MAIN")


@pytest.mark.parametrize(
    "code, changes",
    [
        ("InvalidParameterValue", {"name": "m" * 41}),
        ("InvalidParameterValue", {"name": "ma--in"}),
        ("InvalidParameterValue", {"Engine": "memcached"}),
        ("InvalidParameterCombination", {"EngineVersion": "9.9"}),
        ("InvalidParameterValue", {"CacheNodeType": "cache.t9.micro"}),
        ("InvalidParameterValue", {"CacheNodeType": None}),
        ("InvalidParameterValue", {"NumCacheClusters": 7}),
        ("InvalidParameterCombination", {"AutomaticFailoverEnabled": True}),
        ("InvalidParameterCombination", {"NumCacheClusters": 2, "MultiAZEnabled": True}),
        ("InvalidParameterCombination", {"NumCacheClusters": 2, "ReplicasPerNodeGroup": 1}),
        ("InvalidParameterCombination", {"AuthToken": "a-token-of-sixteen"}),
        ("InvalidParameterCombination", {"PreferredCacheClusterAZs": ["eu-central-1a", "eu-central-1b"]}),
        ("InvalidParameterValue", {"SecurityGroupIds": ["sg-00000000000000000"]}),
        ("CacheSubnetGroupNotFoundFault", {"CacheSubnetGroupName": "other"}),
        ("CacheParameterGroupNotFound", {"CacheParameterGroupName": "other"}),
        ("InvalidParameterCombination", {"CacheParameterGroupName": "default.valkey8"}),
        ("InvalidParameterValue", {"AtRestEncryptionEnabled": True, "KmsKeyId": "alias/nobody"}),
        ("InvalidParameterValue", {"Tags": [{"Key": "aws:mine", "Value": ""}]}),
    ],
)
def test_settings_that_aws_refuses(aws, create, net, code, changes):
    aws.refuses(code, create, **changes)
    assert aws.elasticache.describe_replication_groups()["ReplicationGroups"] == []
    assert held(aws, net) == []


def test_a_security_group_of_another_vpc_is_refused(aws, create):
    vpc = aws.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    far = aws.ec2.create_security_group(GroupName="far", Description="far", VpcId=vpc)["GroupId"]
    aws.refuses("InvalidParameterValue", create, SecurityGroupIds=[far])


def test_multi_az_needs_two_zones(aws, create, net):
    aws.elasticache.create_cache_subnet_group(
        CacheSubnetGroupName="one", CacheSubnetGroupDescription="d", SubnetIds=net.subnets[:1]
    )
    wanted = {"CacheSubnetGroupName": "one", "NumCacheClusters": 2, "AutomaticFailoverEnabled": True}
    aws.refuses("InvalidParameterCombination", create, MultiAZEnabled=True, **wanted)
    create(**wanted)


@pytest.mark.parametrize(
    "engine, asked, got, parameters",
    [
        ("redis", "7.1", "7.1.0", "default.redis7"),
        ("redis", "6.x", "6.2.6", "default.redis6.x"),
        ("valkey", "8.0", "8.0.1", "default.valkey8"),
        ("valkey", "7.2", "7.2.6", "default.valkey7"),
    ],
)
def test_versions(aws, create, engine, asked, got, parameters):
    create(Engine=engine, EngineVersion=asked)
    member = members(aws)[0]
    assert (member["EngineVersion"], member["CacheParameterGroup"]["CacheParameterGroupName"]) == (got, parameters)


# Changes


def test_a_node_type_that_is_not_immediate_waits_on_the_members(aws, create):
    create()
    modify(aws, now=False, CacheNodeType="cache.t4g.small")
    assert group(aws)["Status"] == "available"
    assert (members(aws)[0]["CacheNodeType"], group(aws)["CacheNodeType"]) == ("cache.t4g.micro", "cache.t4g.micro")
    assert members(aws)[0]["PendingModifiedValues"] == {"CacheNodeType": "cache.t4g.small"}
    modify(aws, now=True)
    assert (members(aws)[0]["CacheNodeType"], group(aws)["CacheNodeType"]) == ("cache.t4g.small", "cache.t4g.small")
    assert members(aws)[0]["PendingModifiedValues"] == {}


def test_an_immediate_change_goes_through_modifying(aws, create):
    create()
    aws.settle(LONG, "elasticache")
    assert modify(aws, CacheNodeType="cache.t4g.small")["Status"] == "modifying"
    assert (group(aws)["CacheNodeType"], members(aws)[0]["CacheClusterStatus"]) == ("cache.t4g.micro", "modifying")


def test_other_settings_change_at_once(aws, create):
    create()
    modify(
        aws,
        now=False,
        ReplicationGroupDescription="queue",
        SnapshotRetentionLimit=3,
        SnapshotWindow="02:00-03:00",
        PreferredMaintenanceWindow="tue:04:00-tue:05:00",
        AutoMinorVersionUpgrade=False,
    )
    read = group(aws)
    assert (read["Description"], read["SnapshotRetentionLimit"], read["SnapshotWindow"]) == ("queue", 3, "02:00-03:00")
    assert (members(aws)[0]["PreferredMaintenanceWindow"], read["AutoMinorVersionUpgrade"]) == (
        "tue:04:00-tue:05:00",
        False,
    )


def test_versions_only_go_up_and_redis_becomes_valkey(aws, create):
    create(EngineVersion="7.0")
    modify(aws, EngineVersion="7.1")
    assert members(aws)[0]["EngineVersion"] == "7.1.0"
    cannot_modify(aws, "InvalidParameterCombination", EngineVersion="7.0")
    cannot_modify(aws, "InvalidParameterCombination", EngineVersion="9.9")
    cannot_modify(aws, "InvalidParameterCombination", Engine="valkey")
    modify(aws, Engine="valkey", EngineVersion="8.0")
    member = members(aws)[0]
    assert (member["Engine"], member["EngineVersion"]) == ("valkey", "8.0.1")
    assert member["CacheParameterGroup"]["CacheParameterGroupName"] == "default.valkey8"
    cannot_modify(aws, "InvalidParameterCombination", Engine="redis", EngineVersion="7.1")


def test_failover_needs_a_replica(aws, create):
    create()
    cannot_modify(aws, "InvalidParameterCombination", AutomaticFailoverEnabled=True)
    aws.elasticache.increase_replica_count(ReplicationGroupId="main", NewReplicaCount=1, ApplyImmediately=True)
    cannot_modify(aws, "InvalidParameterCombination", MultiAZEnabled=True)
    modify(aws, AutomaticFailoverEnabled=True, MultiAZEnabled=True)
    assert (group(aws)["AutomaticFailover"], group(aws)["MultiAZ"]) == ("enabled", "enabled")
    cannot_modify(aws, "InvalidParameterCombination", AutomaticFailoverEnabled=False)
    modify(aws, AutomaticFailoverEnabled=False, MultiAZEnabled=False)
    assert group(aws)["AutomaticFailover"] == "disabled"


def test_a_failover_makes_a_replica_the_primary(aws, replicated):
    cannot_modify(aws, "InvalidReplicationGroupState", PrimaryClusterId="main-002")
    aws.elasticache.test_failover(ReplicationGroupId="main", NodeGroupId="0001")
    roles = {m["CacheClusterId"]: m["CurrentRole"] for m in group(aws)["NodeGroups"][0]["NodeGroupMembers"]}
    assert roles == {"main-002": "primary", "main-001": "replica", "main-003": "replica"}


def test_encryption_in_transit_is_switched_on_in_two_steps(aws, create):
    create()
    cannot_modify(aws, "InvalidParameterCombination", TransitEncryptionEnabled=True)
    modify(aws, TransitEncryptionEnabled=True, TransitEncryptionMode="preferred")
    modify(aws, TransitEncryptionMode="required")
    assert (group(aws)["TransitEncryptionEnabled"], group(aws)["TransitEncryptionMode"]) == (True, "required")
    cannot_modify(aws, "InvalidParameterCombination", TransitEncryptionEnabled=False)


# Replicas


def test_a_replica_that_comes_is_creating(aws, create):
    create()
    aws.settle(LONG, "elasticache")
    aws.elasticache.increase_replica_count(ReplicationGroupId="main", NewReplicaCount=2, ApplyImmediately=True)
    read = group(aws)
    assert (read["Status"], read["MemberClusters"]) == ("modifying", ["main-001", "main-002", "main-003"])
    assert {m["CacheClusterId"]: m["CacheClusterStatus"] for m in members(aws)} == {
        "main-001": "modifying",
        "main-002": "creating",
        "main-003": "creating",
    }


def test_a_replica_that_goes_is_deleting_and_then_gone(aws, create, net):
    create(NumCacheClusters=3)
    aws.elasticache.decrease_replica_count(ReplicationGroupId="main", NewReplicaCount=1, ApplyImmediately=True)
    assert group(aws)["MemberClusters"] == ["main-001", "main-002"]
    assert len(held(aws, net)) == 2
    aws.settle(LONG, "elasticache")
    aws.elasticache.decrease_replica_count(ReplicationGroupId="main", NewReplicaCount=0, ApplyImmediately=True)
    assert [m["CacheClusterStatus"] for m in members(aws)] == ["modifying", "deleting"]


def test_replica_counts_that_aws_refuses(aws, replicated):
    increase, decrease = aws.elasticache.increase_replica_count, aws.elasticache.decrease_replica_count
    main = {"ReplicationGroupId": "main", "ApplyImmediately": True}
    aws.refuses("NoOperationFault", increase, NewReplicaCount=2, **main)
    aws.refuses("NoOperationFault", decrease, NewReplicaCount=2, **main)
    aws.refuses("InvalidParameterValue", increase, NewReplicaCount=1, **main)
    aws.refuses("InvalidParameterValue", increase, NewReplicaCount=6, **main)
    aws.refuses("InvalidParameterValue", decrease, NewReplicaCount=3, **main)
    aws.refuses("InvalidParameterCombination", decrease, NewReplicaCount=0, **main)
    aws.refuses("InvalidParameterValue", decrease, ReplicasToRemove=["main-001"], **main)
    aws.refuses("InvalidParameterValue", increase, ReplicationGroupId="main", NewReplicaCount=4, ApplyImmediately=False)
    aws.refuses(
        "ReplicationGroupNotFoundFault", increase, ReplicationGroupId="no", NewReplicaCount=4, ApplyImmediately=True
    )


def test_members_are_not_deleted_from_under_a_group(aws, create):
    create()
    delete = aws.elasticache.delete_cache_cluster
    aws.refuses("InvalidCacheClusterState", delete, CacheClusterId="main-001")
    create("other", NumCacheClusters=2, AutomaticFailoverEnabled=True)
    aws.refuses("InvalidCacheClusterState", delete, CacheClusterId="other-001")
    aws.refuses("InvalidCacheClusterState", delete, CacheClusterId="other-002")
    create("third", NumCacheClusters=2)
    delete(CacheClusterId="third-002")
    assert group(aws, "third")["MemberClusters"] == ["third-001"]


# Network


def test_a_group_holds_its_subnets_and_security_groups(aws, replicated, net):
    found = held(aws, net)
    assert {eni["Description"] for eni in found} == {
        "ElastiCache main-001",
        "ElastiCache main-002",
        "ElastiCache main-003",
    }
    aws.refuses("DependencyViolation", aws.ec2.delete_security_group, GroupId=net.group)
    aws.refuses("DependencyViolation", aws.ec2.delete_subnet, SubnetId=net.subnets[0])

    new = aws.ec2.create_security_group(GroupName="new", Description="new", VpcId=net.vpc)["GroupId"]
    modify(aws, SecurityGroupIds=[new])
    aws.ec2.delete_security_group(GroupId=net.group)
    aws.refuses("DependencyViolation", aws.ec2.delete_security_group, GroupId=new)

    aws.elasticache.delete_replication_group(ReplicationGroupId="main")
    assert held(aws, net) == []
    aws.ec2.delete_security_group(GroupId=new)


# Subnet groups


def test_subnet_groups_that_aws_refuses(aws, net):
    create = aws.elasticache.create_cache_subnet_group
    wanted = {"CacheSubnetGroupDescription": "d", "SubnetIds": net.subnets}
    aws.refuses("CacheSubnetGroupAlreadyExists", create, CacheSubnetGroupName="Main", **wanted)
    unknown = wanted | {"SubnetIds": ["subnet-00000000000000000"]}
    aws.refuses("InvalidParameterValue", create, CacheSubnetGroupName="new", **unknown)
    vpc = aws.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    far = aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    aws.refuses("InvalidSubnet", create, CacheSubnetGroupName="new", **(wanted | {"SubnetIds": [net.subnets[0], far]}))


def test_a_subnet_group_in_use_stays(aws, create, net):
    create()
    delete, change = aws.elasticache.delete_cache_subnet_group, aws.elasticache.modify_cache_subnet_group
    aws.refuses("CacheSubnetGroupInUse", delete, CacheSubnetGroupName="main")
    used = held(aws, net)[0]["SubnetId"]
    others = [subnet for subnet in net.subnets if subnet != used]
    aws.refuses("SubnetInUse", change, CacheSubnetGroupName="main", SubnetIds=others)
    change(CacheSubnetGroupName="main", SubnetIds=[used], CacheSubnetGroupDescription="new")
    read = aws.elasticache.describe_cache_subnet_groups(CacheSubnetGroupName="main")["CacheSubnetGroups"][0]
    assert [s["SubnetIdentifier"] for s in read["Subnets"]] == [used]
    assert (read["CacheSubnetGroupDescription"], read["VpcId"]) == ("new", net.vpc)

    aws.elasticache.delete_replication_group(ReplicationGroupId="main")
    delete(CacheSubnetGroupName="main")
    aws.refuses(
        "CacheSubnetGroupNotFoundFault", aws.elasticache.describe_cache_subnet_groups, CacheSubnetGroupName="main"
    )


# Parameter groups


def test_parameter_groups(aws, create):
    new = aws.elasticache.create_cache_parameter_group
    wanted = {"CacheParameterGroupName": "tuned", "CacheParameterGroupFamily": "redis7", "Description": "d"}
    new(**wanted)
    aws.refuses("CacheParameterGroupAlreadyExists", new, **wanted)
    aws.refuses(
        "InvalidParameterValue",
        new,
        **(wanted | {"CacheParameterGroupName": "x", "CacheParameterGroupFamily": "redis99"}),
    )
    change = aws.elasticache.modify_cache_parameter_group
    unknown = [{"ParameterName": "no-such", "ParameterValue": "1"}]
    aws.refuses("InvalidParameterValue", change, CacheParameterGroupName="tuned", ParameterNameValues=unknown)
    eviction = [{"ParameterName": "maxmemory-policy", "ParameterValue": "allkeys-lru"}]
    aws.refuses(
        "InvalidCacheParameterGroupState",
        change,
        CacheParameterGroupName="default.redis7",
        ParameterNameValues=eviction,
    )
    change(CacheParameterGroupName="tuned", ParameterNameValues=eviction)
    listed = aws.elasticache.describe_cache_parameters(CacheParameterGroupName="tuned", Source="user")["Parameters"]
    assert [(p["ParameterName"], p["ParameterValue"]) for p in listed] == [("maxmemory-policy", "allkeys-lru")]

    create(CacheParameterGroupName="tuned")
    delete = aws.elasticache.delete_cache_parameter_group
    aws.refuses("InvalidCacheParameterGroupState", delete, CacheParameterGroupName="tuned")
    cannot_modify(aws, "InvalidParameterCombination", Engine="valkey", EngineVersion="8.0")
    aws.elasticache.delete_replication_group(ReplicationGroupId="main")
    delete(CacheParameterGroupName="tuned")


# Tags


def test_tags_of_every_kind(aws, create):
    arns = [create()["ARN"], aws.elasticache.describe_cache_subnet_groups()["CacheSubnetGroups"][0]["ARN"]]
    for arn in arns:
        aws.elasticache.add_tags_to_resource(
            ResourceName=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
        )
        aws.elasticache.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "a", "Value": "3"}])
        aws.elasticache.remove_tags_from_resource(ResourceName=arn, TagKeys=["b"])
        tags = aws.elasticache.list_tags_for_resource(ResourceName=arn)["TagList"]
        assert {"Key": "a", "Value": "3"} in tags and not [tag for tag in tags if tag["Key"] == "b"]
    gone = arns[0].replace(":main", ":gone")
    aws.refuses("ReplicationGroupNotFoundFault", aws.elasticache.list_tags_for_resource, ResourceName=gone)
