"""Tags of everything ElastiCache names by ARN: arn:aws:elasticache:REGION:ACCOUNT:KIND:NAME.

A replication group answers about its tags only while it is available.
"""

#: How many tags one resource can have.
MOST = 50


class Tags:
    def add_tags_to_resource(self, context, request):
        tags = self._tags_of(context, request["ResourceName"])
        merged = {tag["Key"]: tag for tag in [*tags, *self._checked_tags(request)]}
        self._check_count(merged)
        tags[:] = merged.values()
        return {"TagList": tags}

    def remove_tags_from_resource(self, context, request):
        tags = self._tags_of(context, request["ResourceName"])
        tags[:] = [tag for tag in tags if tag["Key"] not in request["TagKeys"]]
        return {"TagList": tags}

    def list_tags_for_resource(self, context, request):
        return {"TagList": self._tags_of(context, request["ResourceName"])}

    def _checked_tags(self, request: dict) -> list[dict]:
        tags = [{"Key": tag["Key"], "Value": tag.get("Value", "")} for tag in request.get("Tags") or []]
        if any(tag["Key"].startswith("aws:") for tag in tags):
            raise self.error("InvalidParameterValueException", "Tag keys cannot start with the reserved prefix 'aws:'.")
        self._check_count(tags)
        return tags

    def _check_count(self, tags) -> None:
        if len(tags) > MOST:
            raise self.error("TagQuotaPerResourceExceeded", f"A resource can have at most {MOST} tags.")

    def _arn(self, context, kind: str, name: str) -> str:
        return f"arn:{context.partition}:elasticache:{context.region}:{context.account_id}:{kind}:{name}"

    def _tags_of(self, context, arn: str) -> list[dict]:
        parts = arn.split(":", 6)
        if len(parts) < 7 or parts[2] != "elasticache" or parts[3:5] != [context.region, context.account_id]:
            raise self.error("InvalidARNFault", f"ARN is not valid: {arn}")
        kind, name = parts[5:]
        if kind == "replicationgroup":
            return self._taggable(self._group(context, name)).tags
        if kind == "cluster":
            # Members carry the tags of their group.
            return self._taggable(self._member(context, name)[0]).tags
        if kind == "subnetgroup":
            return self._subnet_group(context, name)["_tags"]
        if kind == "parametergroup":
            return self._parameter_group(context, name).tags
        if kind == "snapshot":
            return self._snapshot(context, name)["_tags"]
        raise self.error("InvalidARNFault", f"ARN is not valid: {arn}")

    def _taggable(self, group):
        if group.status != "available":
            raise self.error(
                "InvalidReplicationGroupStateFault", "Cluster not in available state to perform tagging operations."
            )
        return group
