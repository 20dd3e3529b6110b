"""Tags of groups, each with the mark whether instances launched from then on carry it too."""

from .group import Group, invalid

MAX_TAGS = 50


class Tags:
    def create_or_update_tags(self, context, request):
        for group, tag in self._tagged(context, request):
            self._put_tag(group, tag)
        return {}

    def delete_tags(self, context, request):
        for group, tag in self._tagged(context, request):
            group.tags.pop(tag["Key"], None)
        return {}

    def describe_tags(self, context, request):
        """A tag is shown when it passes all filters, and passes a filter with any of its values."""
        tags = [tag for group in self.state(context).groups.values() for tag in group.describe_tags()]
        for wanted in request.get("Filters") or []:
            accepted = wanted.get("Values") or []
            tags = [tag for tag in tags if _filtered(tag, wanted["Name"]) in accepted]
        return self._page(request, "Tags", tags, 50)

    def _tagged(self, context, request: dict) -> list[tuple[Group, dict]]:
        pairs = []
        for tag in request["Tags"]:
            if tag.get("ResourceType", "auto-scaling-group") != "auto-scaling-group":
                raise invalid(f"Invalid resource type {tag['ResourceType']}, only auto-scaling-group is supported")
            pairs.append((self._group(context, {"AutoScalingGroupName": tag["ResourceId"]}), tag))
        return pairs

    def _put_tag(self, group: Group, tag: dict) -> None:
        key = tag["Key"]
        if key.lower().startswith("aws:"):
            raise invalid(f"Tag keys must not start with aws: - {key}")
        if key not in group.tags and len(group.tags) >= MAX_TAGS:
            raise invalid(f"A group can have at most {MAX_TAGS} tags.")
        group.tags[key] = (tag.get("Value", ""), bool(tag.get("PropagateAtLaunch", False)))


def _filtered(tag: dict, name: str) -> str:
    match name:
        case "auto-scaling-group":
            return tag["ResourceId"]
        case "key":
            return tag["Key"]
        case "value":
            return tag["Value"]
        case "propagate-at-launch":
            return str(tag["PropagateAtLaunch"]).lower()
    raise invalid(f"{name} is not a valid filter name")
