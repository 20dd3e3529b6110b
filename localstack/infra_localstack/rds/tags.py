"""Tags of everything RDS names by ARN: arn:aws:rds:REGION:ACCOUNT:KIND:NAME."""

#: How many tags one resource can have.
MOST = 50


class Tags:
    def add_tags_to_resource(self, context, request):
        tags = self._tags_of(context, request["ResourceName"])
        merged = {tag["Key"]: tag for tag in [*tags, *self._checked_tags(request)]}
        if len(merged) > MOST:
            raise self.error("InvalidParameterValue", f"A resource can have at most {MOST} tags.")
        tags[:] = merged.values()
        return {}

    def remove_tags_from_resource(self, context, request):
        tags = self._tags_of(context, request["ResourceName"])
        tags[:] = [tag for tag in tags if tag["Key"] not in request["TagKeys"]]
        return {}

    def list_tags_for_resource(self, context, request):
        return {"TagList": self._tags_of(context, request["ResourceName"])}

    def _checked_tags(self, request: dict) -> list[dict]:
        """The tags of a create call, or the error AWS gives for them."""
        tags = [{"Key": tag["Key"], "Value": tag.get("Value", "")} for tag in request.get("Tags") or []]
        for tag in tags:
            if tag["Key"].startswith("aws:"):
                raise self.error("InvalidParameterValue", "Tag keys cannot start with the reserved prefix 'aws:'.")
        if len(tags) > MOST:
            raise self.error("InvalidParameterValue", f"A resource can have at most {MOST} tags.")
        return tags

    def _arn(self, context, kind: str, name: str) -> str:
        return f"arn:{context.partition}:rds:{context.region}:{context.account_id}:{kind}:{name}"

    def _tags_of(self, context, arn: str) -> list[dict]:
        parts = arn.split(":", 6)
        if len(parts) < 7 or parts[2] != "rds":
            raise self.error("InvalidParameterValue", f"Invalid resource name: {arn}")
        if parts[3:5] != [context.region, context.account_id]:
            raise self.error(
                "InvalidParameterValue",
                f"The specified resource name does not match an RDS resource in this region: {arn}",
            )
        kind, name = parts[5:]
        if kind == "db":
            return self._instance(context, name).shape["TagList"]
        if kind == "subgrp":
            return self._subnet_group(context, name)["_tags"]
        if kind == "pg":
            return self._parameter_group(context, name).tags
        if kind == "snapshot":
            return self._snapshot(context, name)["TagList"]
        raise self.error("InvalidParameterValue", f"Tags of {kind} are not served here.")
