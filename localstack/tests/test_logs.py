"""CloudWatch Logs, where LocalStack's own service is corrected."""


def test_a_log_group_without_tags_can_be_given_some(aws):
    aws.logs.create_log_group(logGroupName="/shop/web")
    (group,) = aws.logs.describe_log_groups()["logGroups"]
    aws.logs.tag_resource(resourceArn=group["logGroupArn"], tags={"a": "b"})
    assert aws.logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"] == {"a": "b"}


def test_tags_go_with_their_log_group(aws):
    aws.logs.create_log_group(logGroupName="/shop/web", tags={"a": "b"})
    aws.logs.delete_log_group(logGroupName="/shop/web")
    aws.logs.create_log_group(logGroupName="/shop/web")
    (group,) = aws.logs.describe_log_groups()["logGroups"]
    assert aws.logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"] == {}
