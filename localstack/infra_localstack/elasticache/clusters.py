"""The member clusters of replication groups, as DescribeCacheClusters shows them."""


class Clusters:
    def describe_cache_clusters(self, context, request):
        groups = self.state(context).groups.values()
        found = [(group, member) for group in groups for member in group.members]
        if name := request.get("CacheClusterId"):
            found = [(group, member) for group, member in found if member.name == name.lower()]
            if not found:
                return self.base_call(context)
        if request.get("ShowCacheClustersNotInReplicationGroups"):
            found = []
        nodes = request.get("ShowCacheNodeInfo", False)
        clusters = [self._cluster(context, group, member, nodes) for group, member in found]
        # Standalone clusters are moto's.
        return {"CacheClusters": clusters if name else [*clusters, *self.base_call(context).get("CacheClusters", [])]}

    def delete_cache_cluster(self, context, request):
        name = request["CacheClusterId"].lower()
        for group in self.state(context).groups.values():
            if name in (member.name for member in group.members):
                self._check_removable(group, name)
                return {"CacheCluster": self._remove_member(context, group, name)}
        return self.base_call(context)

    def _check_removable(self, group, name: str) -> None:
        if len(group.members) == 1:
            raise self.error(
                "InvalidCacheClusterStateFault",
                "Cannot delete the cache cluster since it is the only member of a replication group. Delete the replication group instead.",
            )
        if name == group.members[0].name:
            raise self.error(
                "InvalidCacheClusterStateFault", "Cannot delete the primary cache cluster of a replication group."
            )
        if len(group.members) == 2 and group.shape["AutomaticFailover"] == "enabled":
            raise self.error(
                "InvalidCacheClusterStateFault",
                f"Cannot delete the cache cluster because it is the only read replica for replication group {group.name} "
                "which has autofailover enabled or pending.",
            )

    def _remove_member(self, context, group, name: str) -> dict:
        member = next(member for member in group.members if member.name == name)
        self._leave(context, group, [member])
        return self._cluster(context, group, member, nodes=False)

    def _member(self, context, name: str) -> tuple:
        for group in self.state(context).groups.values():
            for member in group.members:
                if member.name == name.lower():
                    return group, member
        raise self.error("CacheClusterNotFoundFault", f"CacheCluster {name} not found.")

    def _cluster(self, context, group, member, nodes: bool) -> dict:
        shape, status = group.shape, member.shape["Status"]
        cluster = group.common | {
            "CacheClusterId": member.name,
            "ARN": self._arn(context, "cluster", member.name),
            "ReplicationGroupId": group.name,
            # Members follow their group through a modification.
            "CacheClusterStatus": "modifying" if (status, group.status) == ("available", "modifying") else status,
            "CacheClusterCreateTime": member.created,
            "NumCacheNodes": 1,
            "PreferredAvailabilityZone": member.zone,
            "CacheSecurityGroups": [],
            "SecurityGroups": [{"SecurityGroupId": group_id, "Status": "active"} for group_id in group.security_groups],
            "PendingModifiedValues": {key: value for key, value in group.pending.items() if key != "Engine"},
            "ClientDownloadLandingPage": "https://console.aws.amazon.com/elasticache/home#client-download:",
            "AtRestEncryptionEnabled": shape["AtRestEncryptionEnabled"],
            "TransitEncryptionEnabled": shape["TransitEncryptionEnabled"],
            "AuthTokenEnabled": shape["AuthTokenEnabled"],
            "NetworkType": shape["NetworkType"],
            "IpDiscovery": shape["IpDiscovery"],
            "ReplicationGroupLogDeliveryEnabled": False,
            "LogDeliveryConfigurations": [],
        }
        if "TransitEncryptionMode" in shape:
            cluster["TransitEncryptionMode"] = shape["TransitEncryptionMode"]
        if nodes and status != "creating":
            cluster["CacheNodes"] = [
                {
                    "CacheNodeId": "0001",
                    "CacheNodeStatus": status,
                    "CacheNodeCreateTime": member.created,
                    "Endpoint": self._endpoint(context, group, member.name),
                    "ParameterGroupStatus": "in-sync",
                    "CustomerAvailabilityZone": member.zone,
                }
            ]
        return cluster
