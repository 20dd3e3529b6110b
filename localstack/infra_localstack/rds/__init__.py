"""RDS: database instances, their subnet groups, parameter groups, snapshots and managed master secrets.

Aurora clusters and the rest of the API are moto's. What is refused, and when a change waits for the maintenance window,
follows the RDS user guide ("Settings for DB instances") and API reference.
"""

from dataclasses import dataclass, field

from .. import framework
from .engines import Engines
from .instances import Instances
from .modify import Modify
from .parameter_groups import ParameterGroups
from .snapshots import Snapshots
from .subnet_groups import SubnetGroups
from .tags import Tags


@dataclass
class State:
    """Everything by name, in lower case, as RDS keeps names."""

    instances: dict[str, object] = field(default_factory=dict)
    subnet_groups: dict[str, dict] = field(default_factory=dict)
    parameter_groups: dict[str, object] = field(default_factory=dict)
    snapshots: dict[str, dict] = field(default_factory=dict)


class Provider(Instances, Modify, Snapshots, SubnetGroups, ParameterGroups, Engines, Tags, framework.Provider):
    service = "rds"
    state_class = State
