"""ElastiCache: subnet groups, replication groups of one shard with their member clusters, and snapshots.

Sharded groups (cluster mode), standalone clusters and the rest of the API are moto's, as far as it goes.
"""

from dataclasses import dataclass, field

from .. import framework
from .clusters import Clusters
from .modify import Modify
from .parameter_groups import ParameterGroups
from .replicas import Replicas
from .replication_groups import ReplicationGroups
from .snapshots import Snapshots
from .subnet_groups import SubnetGroups
from .tags import Tags


@dataclass
class State:
    """Everything by name, in lower case, as ElastiCache keeps names."""

    groups: dict[str, object] = field(default_factory=dict)
    subnet_groups: dict[str, dict] = field(default_factory=dict)
    parameter_groups: dict[str, object] = field(default_factory=dict)
    snapshots: dict[str, dict] = field(default_factory=dict)


class Provider(
    ReplicationGroups, Modify, Replicas, Clusters, Snapshots, SubnetGroups, ParameterGroups, Tags, framework.Provider
):
    service = "elasticache"
    state_class = State
