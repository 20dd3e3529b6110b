"""Rules of listeners: what AWS refuses of their conditions, actions and priorities, how they are read back, and what they hold."""

import re

import pytest
from load_balancing import balancer, group, health, instance, listener, network

OK = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}
PATH = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/api/*"]}}


@pytest.fixture
def net(aws):
    return network(aws)


@pytest.fixture
def lb(aws, net):
    return balancer(aws, net)


@pytest.fixture
def web(aws, lb):
    """A listener that says OK."""
    return plain(aws, lb)


def plain(aws, lb, port=80, **more):
    request = {"LoadBalancerArn": lb["LoadBalancerArn"], "Protocol": "HTTP", "Port": port, "DefaultActions": [OK]} | more
    return aws.elbv2.create_listener(**request)["Listeners"][0]


def rule(aws, web, priority=10, **more):
    request = {"ListenerArn": web["ListenerArn"], "Priority": priority, "Conditions": [PATH], "Actions": [OK]} | more
    return aws.elbv2.create_rule(**request)["Rules"][0]


def rules(aws, web):
    return aws.elbv2.describe_rules(ListenerArn=web["ListenerArn"])["Rules"]


def priorities(aws, web):
    return [it["Priority"] for it in rules(aws, web)]


def forward(*groups, **more):
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": it["TargetGroupArn"]} for it in groups]} | more}


def condition(field, *values, **more):
    return {"Field": field, CONFIGS[field]: {"Values": list(values)} | more}


CONFIGS = {
    "host-header": "HostHeaderConfig",
    "path-pattern": "PathPatternConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}


# Rules ------------------------------------------------------------------------------------------------------------


def test_a_rule_is_made_read_changed_and_deleted(aws, lb, web):
    made = rule(aws, web)
    here = f"arn:aws:elasticloadbalancing:{aws.region}:{aws.account}"
    parts = re.fullmatch(rf"{here}:listener-rule/app/web/([0-9a-f]{{16}})/([0-9a-f]{{16}})/[0-9a-f]{{16}}", made["RuleArn"])
    assert lb["LoadBalancerArn"].endswith(f"/{parts[1]}") and web["ListenerArn"].endswith(f"/{parts[1]}/{parts[2]}")
    assert {key: made[key] for key in ("Priority", "IsDefault", "Actions")} == {"Priority": "10", "IsDefault": False, "Actions": [OK]}
    read = lambda: aws.elbv2.describe_rules(RuleArns=[made["RuleArn"]])["Rules"]
    assert read() == [made]
    [gone] = response(StatusCode="404", ContentType="text/plain", MessageBody="gone")
    changed = aws.elbv2.modify_rule(RuleArn=made["RuleArn"], Actions=[gone])["Rules"][0]
    assert changed == made | {"Actions": [gone]} and read() == [changed]
    host = {"Field": "host-header", "HostHeaderConfig": {"Values": ["a.example.com"]}}
    aws.elbv2.modify_rule(RuleArn=made["RuleArn"], Conditions=[host])
    assert read() == [changed | {"Conditions": [host | {"Values": ["a.example.com"]}]}]
    aws.elbv2.delete_rule(RuleArn=made["RuleArn"])
    aws.refuses("RuleNotFound", read)
    aws.refuses("RuleNotFound", aws.elbv2.delete_rule, RuleArn=made["RuleArn"])
    aws.refuses("RuleNotFound", aws.elbv2.modify_rule, RuleArn=made["RuleArn"], Actions=[OK])
    assert priorities(aws, web) == ["default"]


def test_rules_are_described_by_listener_or_by_arn_in_pages(aws, web):
    made = [rule(aws, web, priority)["RuleArn"] for priority in (30, 10, 20)]
    assert priorities(aws, web) == ["10", "20", "30", "default"]
    describe = aws.elbv2.describe_rules
    assert [it["RuleArn"] for it in describe(RuleArns=made[:2])["Rules"]] == made[:2]
    pages = list(aws.elbv2.get_paginator("describe_rules").paginate(ListenerArn=web["ListenerArn"], PaginationConfig={"PageSize": 3}))
    assert [[it["Priority"] for it in page["Rules"]] for page in pages] == [["10", "20", "30"], ["default"]]
    aws.refuses("ValidationError", describe)
    aws.refuses("ValidationError", describe, ListenerArn=web["ListenerArn"], RuleArns=made)
    aws.refuses("ValidationError", describe, ListenerArn=web["ListenerArn"], PageSize=401)
    aws.refuses("ValidationError", describe, ListenerArn=web["ListenerArn"], Marker="next")
    aws.refuses("ValidationError", describe, RuleArns=[web["ListenerArn"]])
    aws.refuses("ValidationError", describe, ListenerArn=made[0])
    aws.refuses("ListenerNotFound", describe, ListenerArn=web["ListenerArn"][:-4] + "beef")
    aws.refuses("RuleNotFound", describe, RuleArns=[*made, made[0][:-4] + "beef"])


def test_rules_that_lack_something(aws, web):
    refused = lambda code, **more: aws.refuses(code, rule, aws=aws, web=web, **more)
    refused("ValidationError", Conditions=[])
    refused("ValidationError", Actions=[])
    refused("ListenerNotFound", ListenerArn=web["ListenerArn"][:-4] + "beef")
    refused("ValidationError", ListenerArn=web["LoadBalancerArn"])
    whole = {"ListenerArn": web["ListenerArn"], "Priority": 10, "Conditions": [PATH], "Actions": [OK]}
    for missing in whole:
        aws.refuses("ValidationError", aws.elbv2.create_rule, **{key: value for key, value in whole.items() if key != missing})
    made = rule(aws, web)
    message = aws.refuses("ValidationError", aws.elbv2.modify_rule, RuleArn=made["RuleArn"])
    assert message == "Either conditions or actions must be specified"
    assert rules(aws, web)[:-1] == [made]


def test_a_change_is_made_whole_or_not_at_all(aws, net, web):
    made = rule(aws, web)
    change = {"Actions": [forward(group(aws, net))], "Conditions": [condition("path-pattern", "/a b")]}
    aws.refuses("ValidationError", aws.elbv2.modify_rule, RuleArn=made["RuleArn"], **change)
    assert rules(aws, web)[0] == made
    aws.elbv2.delete_target_group(TargetGroupArn=group(aws, net)["TargetGroupArn"])


def test_rules_are_for_application_load_balancers(aws, net):
    lb = balancer(aws, net, Type="network", SecurityGroups=[])
    tcp = listener(aws, lb, group(aws, net, Protocol="TCP"), Protocol="TCP")
    aws.refuses("UnsupportedProtocol", rule, aws=aws, web=tcp)


def test_the_default_rule_is_the_listeners_own(aws, net, web):
    default = rules(aws, web)[0]
    arn = default["RuleArn"]
    assert default == {"RuleArn": arn, "Priority": "default", "Conditions": [], "Actions": [OK], "IsDefault": True, "Transforms": []}
    assert arn.startswith(web["ListenerArn"].replace(":listener/", ":listener-rule/") + "/")
    for operation, request in (
        (aws.elbv2.delete_rule, {"RuleArn": arn}),
        (aws.elbv2.modify_rule, {"RuleArn": arn, "Actions": [OK]}),
        (aws.elbv2.modify_rule, {"RuleArn": arn, "Conditions": [PATH]}),
        (aws.elbv2.set_rule_priorities, {"RulePriorities": [{"RuleArn": arn, "Priority": 1}]}),
    ):
        aws.refuses("OperationNotPermitted", operation, **request)
    tg = group(aws, net)
    changed = aws.elbv2.modify_listener(ListenerArn=web["ListenerArn"], DefaultActions=[forward(tg)])["Listeners"][0]
    assert aws.elbv2.describe_rules(RuleArns=[arn])["Rules"] == [default | {"Actions": changed["DefaultActions"]}]
    aws.refuses("ResourceInUse", aws.elbv2.delete_target_group, TargetGroupArn=tg["TargetGroupArn"])


def test_tags_of_rules(aws, web):
    tags = lambda arn: {it["Key"]: it["Value"] for it in aws.elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]}
    arn = rule(aws, web, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])["RuleArn"]
    assert tags(arn) == {"a": "1", "b": "2"}
    aws.elbv2.add_tags(ResourceArns=[arn], Tags=[{"Key": "a", "Value": "3"}])
    aws.elbv2.remove_tags(ResourceArns=[arn], TagKeys=["b"])
    assert tags(arn) == {"a": "3"}
    twice = [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]
    aws.refuses("DuplicateTagKeys", rule, aws=aws, web=web, priority=11, Tags=twice)
    aws.refuses("TooManyTags", rule, aws=aws, web=web, priority=11, Tags=[{"Key": f"{n}", "Value": ""} for n in range(51)])
    aws.refuses("ValidationError", rule, aws=aws, web=web, priority=11, Tags=[{"Key": "aws:a", "Value": ""}])
    assert priorities(aws, web) == ["10", "default"]
    aws.elbv2.delete_rule(RuleArn=arn)
    aws.refuses("RuleNotFound", aws.elbv2.describe_tags, ResourceArns=[arn])


# Conditions -------------------------------------------------------------------------------------------------------


def test_conditions_are_read_back_in_both_forms(aws, web):
    path, hosts = {"Field": "path-pattern", "Values": ["/api/*"]}, condition("host-header", "*.example.com", "b.example.org")
    made = rule(aws, web, Conditions=[path, hosts])
    assert made["Conditions"] == [
        {"Field": "path-pattern", "Values": ["/api/*"], "PathPatternConfig": {"Values": ["/api/*"]}},
        {
            "Field": "host-header",
            "Values": ["*.example.com", "b.example.org"],
            "HostHeaderConfig": {"Values": ["*.example.com", "b.example.org"]},
        },
    ]
    others = [
        condition("source-ip", "10.0.0.0/8", "2001:db8::/32"),
        condition("http-request-method", "GET"),
        condition("http-header", "*Chrome*", HttpHeaderName="User-Agent"),
        condition("query-string", {"Key": "version", "Value": "v1"}),
    ]
    assert rule(aws, web, 11, Conditions=others)["Conditions"] == others
    headers = [condition("http-header", "a", HttpHeaderName="X-A"), condition("http-header", "b", HttpHeaderName="X-A")]
    queries = [condition("query-string", {"Value": "a"}), condition("query-string", {"Value": "b"}, {"Value": "c"})]
    assert rule(aws, web, 12, Conditions=headers + queries)["Conditions"] == headers + queries
    regular = {"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["^/(a|b)/.*$"]}}
    assert rule(aws, web, 13, Conditions=[regular])["Conditions"] == [regular | {"RegexValues": ["^/(a|b)/.*$"]}]


@pytest.mark.parametrize(
    "field, value",
    [
        ("host-header", "example.com"),
        ("host-header", "*.a-1?.example.COM"),
        ("host-header", f"{'a' * 124}.com"),
        ("path-pattern", "/"),
        ("path-pattern", "*.js"),
        ("path-pattern", "/_-.$/~\"'@:+&/A9?"),
        ("path-pattern", "/" + "a" * 127),
        ("http-request-method", "PURGE_ALL-NOW"),
        ("http-request-method", "A" * 40),
        ("query-string", {"Key": "", "Value": "x"}),
        ("query-string", {"Key": "a/?", "Value": "%20!$&'()*+,;=:@"}),
        ("query-string", {"Value": r"\*\?\*\?\*\?\*"}),
        ("source-ip", "0.0.0.0/0"),
        ("source-ip", "192.0.2.7/32"),
        ("source-ip", "::/0"),
        ("source-ip", "2001:db8::1/128"),
    ],
)
def test_values_that_aws_takes(aws, web, field, value):
    rule(aws, web, Conditions=[condition(field, value)])


@pytest.mark.parametrize(
    "field, value",
    [
        ("host-header", ""),
        ("host-header", "localhost"),
        ("host-header", "example.com:8443"),
        ("host-header", "example.c0m"),
        ("host-header", "example.*"),
        ("host-header", "a_b.example.com"),
        ("host-header", f"{'a' * 125}.com"),
        ("path-pattern", ""),
        ("path-pattern", "/a b"),
        ("path-pattern", "/a%20b"),
        ("path-pattern", "/a?b=c"),
        ("path-pattern", "/ä"),
        ("path-pattern", "/" + "a" * 128),
        ("http-request-method", "get"),
        ("http-request-method", "*"),
        ("http-request-method", "A" * 41),
        ("query-string", {"Key": "a"}),
        ("query-string", {"Key": "a", "Value": ""}),
        ("query-string", {"Value": "a#b"}),
        ("query-string", {"Key": "a b", "Value": "c"}),
        ("query-string", {"Value": "a" * 129}),
        ("query-string", {"Key": "a" * 129, "Value": "b"}),
        ("source-ip", "10.0.0.1"),
        ("source-ip", "10.0.0.0/33"),
        ("source-ip", "10.0.0.1/8"),
        ("source-ip", "10.0.0.0/255.0.0.0"),
        ("source-ip", "10.0.*.0/24"),
        ("source-ip", "300.0.0.0/8"),
        ("source-ip", "2001:db8::1/32"),
        ("source-ip", "2001:db8::/129"),
        ("source-ip", "255.255.255.255/32"),
    ],
)
def test_values_that_aws_refuses(aws, web, field, value):
    aws.refuses("ValidationError", rule, aws=aws, web=web, Conditions=[condition(field, value)])
    assert priorities(aws, web) == ["default"]


@pytest.mark.parametrize("name, values, taken", [
    ("User-Agent", ["*Chrome*"], True),
    ("Zz9~|_^.-+*'&%$#!0aA", ["RFC 7230"], True),
    ("X" * 40, ["a" * 128], True),
    ("X" * 41, ["a"], False),
    ("X A", ["a"], False),
    ("Host", ["a.example.com"], False),
    (None, ["a"], False),
    ("X-A", [], False),
    ("X-A", [""], False),
    ("X-A", ["a" * 129], False),
    ("X-A", ["ä"], False),
])  # fmt: skip
def test_header_conditions(aws, web, name, values, taken):
    header = condition("http-header", *values, **({"HttpHeaderName": name} if name else {}))
    if taken:
        assert rule(aws, web, Conditions=[header])["Conditions"] == [header]
    else:
        aws.refuses("ValidationError", rule, aws=aws, web=web, Conditions=[header])


@pytest.mark.parametrize("bad", [
    [{}],
    [{"PathPatternConfig": {"Values": ["/a"]}}],
    [{"Field": "path", "Values": ["/a"]}],
    [{"Field": "path-pattern"}],
    [{"Field": "path-pattern", "PathPatternConfig": {"Values": []}}],
    [{"Field": "path-pattern", "Values": ["/a", "/b"]}],
    [{"Field": "path-pattern", "Values": ["/a"], "PathPatternConfig": {"Values": ["/a"]}}],
    [{"Field": "path-pattern", "HostHeaderConfig": {"Values": ["a.example.com"]}}],
    [condition("path-pattern", "/a") | condition("host-header", "a.example.com")],
    [{"Field": "source-ip", "Values": ["10.0.0.0/8"]}],
    [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a"], "RegexValues": ["/a"]}}],
    [{"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["/(a"]}}],
    [{"Field": "path-pattern", "PathPatternConfig": {"RegexValues": ["a" * 129]}}],
    [{"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}, "RegexValues": ["a"]}],
    [condition("path-pattern", "/a"), condition("path-pattern", "/b")],
    [condition("host-header", "a.example.com"), condition("host-header", "b.example.com")],
    [condition("source-ip", "10.0.0.0/8"), condition("source-ip", "11.0.0.0/8")],
    [condition("http-request-method", "GET"), condition("http-request-method", "PUT")],
])  # fmt: skip
def test_conditions_that_aws_refuses(aws, web, bad):
    aws.refuses("ValidationError", rule, aws=aws, web=web, Conditions=bad)
    assert priorities(aws, web) == ["default"]


def test_a_rule_has_five_values_in_all_its_conditions(aws, web):
    five = [condition("path-pattern", *(f"/{n}" for n in range(5)))]
    arn = rule(aws, web, Conditions=five)["RuleArn"]
    for many in (
        [condition("path-pattern", *(f"/{n}" for n in range(6)))],
        [*five, condition("source-ip", "10.0.0.0/8")],
        [condition("query-string", *({"Value": f"{n}"} for n in range(4))), condition("http-request-method", "GET", "HEAD")],
    ):
        message = aws.refuses("ValidationError", rule, aws=aws, web=web, priority=11, Conditions=many)
        assert message == "A rule can only have '5' condition values"
        aws.refuses("ValidationError", aws.elbv2.modify_rule, RuleArn=arn, Conditions=many)


def test_a_rule_has_five_wildcards_in_all_its_conditions(aws, web):
    rule(aws, web, Conditions=[condition("path-pattern", "/*/?/*"), condition("host-header", "*.?.example.com")])
    for many in (
        [condition("path-pattern", "/*/*/*/*/*/*")],
        [condition("path-pattern", "/*/?/*"), condition("host-header", "*.*.?.example.com")],
        [condition("path-pattern", "/*/*/*"), condition("query-string", {"Key": "*", "Value": r"\*?*"})],
        [condition("path-pattern", "/*/*/*"), condition("http-header", "*a*b*", HttpHeaderName="X-A")],
    ):
        message = aws.refuses("ValidationError", rule, aws=aws, web=web, priority=11, Conditions=many)
        assert message == "A rule can only have '5' condition wildcards"


# Actions ----------------------------------------------------------------------------------------------------------


def test_actions_of_rules_are_those_of_listeners(aws, net, web):
    one, two = group(aws, net, "one"), group(aws, net, "two")
    plainly = {"Type": "forward", "TargetGroupArn": one["TargetGroupArn"]}
    in_full = rule(aws, web, 1, Actions=[plainly])["Actions"]
    assert in_full == [
        plainly
        | {
            "ForwardConfig": {
                "TargetGroups": [{"TargetGroupArn": one["TargetGroupArn"], "Weight": 1}],
                "TargetGroupStickinessConfig": {"Enabled": False},
            }
        }
    ]
    assert rule(aws, web, 2, Actions=in_full)["Actions"] == in_full == rule(aws, web, 3, Actions=[forward(one)])["Actions"]
    weighted = forward(one, two, TargetGroupStickinessConfig={"Enabled": True, "DurationSeconds": 60})
    for tg, weight in zip(weighted["ForwardConfig"]["TargetGroups"], (0, 999), strict=True):
        tg["Weight"] = weight
    assert rule(aws, web, 4, Actions=[weighted])["Actions"] == [weighted]
    [away] = rule(aws, web, 5, Actions=redirect(Path="/new/#{path}"))["Actions"]
    kept = {"Protocol": "#{protocol}", "Port": "#{port}", "Host": "#{host}", "Query": "#{query}"}
    assert away["RedirectConfig"] == kept | {"Path": "/new/#{path}", "StatusCode": "HTTP_301"}


def redirect(**more):
    return [{"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301"} | more}]


def response(**more):
    return [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "403"} | more}]


@pytest.mark.parametrize("code, actions", [
    ("ValidationError", [{"Type": "drop"}]),
    ("InvalidLoadBalancerAction", [{"Type": "fixed-response"}]),
    ("ValidationError", response(StatusCode="301")),
    ("ValidationError", response(StatusCode="4040")),
    ("InvalidLoadBalancerAction", response(ContentType="text/xml")),
    ("ValidationError", response(MessageBody="a" * 1025)),
    ("InvalidLoadBalancerAction", [OK | {"RedirectConfig": {"StatusCode": "HTTP_301", "Host": "a.example.com"}}]),
    ("InvalidLoadBalancerAction", [{"Type": "redirect"}]),
    ("ValidationError", redirect(StatusCode="HTTP_307", Port="443")),
    ("InvalidLoadBalancerAction", redirect()),
    ("InvalidLoadBalancerAction", redirect(Query="a=b")),
    ("ValidationError", redirect(Protocol="FTP")),
    ("InvalidLoadBalancerAction", redirect(Port="0")),
    ("InvalidLoadBalancerAction", redirect(Port="https")),
    ("InvalidLoadBalancerAction", redirect(Path="new")),
    ("ValidationError", redirect(Path="/" + "a" * 128)),
    ("ValidationError", [OK, OK]),
    ("ValidationError", [OK | {"Order": 1}, OK | {"Order": 1}]),
    ("ValidationError", [OK | {"Order": 0}]),
    ("InvalidLoadBalancerAction", [OK | {"Order": 1}, OK | {"Order": 2}]),
    ("TooManyActions", [OK | {"Order": n} for n in (1, 2, 3)]),
    ("InvalidLoadBalancerAction", [{"Type": "authenticate-oidc", "AuthenticateOidcConfig": {
        "Issuer": "https://a.example.com", "AuthorizationEndpoint": "https://a.example.com/a", "ClientId": "a",
        "TokenEndpoint": "https://a.example.com/t", "UserInfoEndpoint": "https://a.example.com/u"}}]),
])  # fmt: skip
def test_actions_that_aws_refuses(aws, lb, web, code, actions):
    aws.refuses(code, rule, aws=aws, web=web, Actions=actions)
    aws.refuses(code, plain, aws=aws, lb=lb, port=81, DefaultActions=actions)
    aws.refuses(code, aws.elbv2.modify_listener, ListenerArn=web["ListenerArn"], DefaultActions=actions)
    assert rules(aws, web)[0]["Actions"] == [OK]


def test_https_is_not_redirected_to_http(aws, lb):
    certificate = aws.acm.request_certificate(DomainName="example.com")["CertificateArn"]
    secure = plain(aws, lb, 443, Protocol="HTTPS", Certificates=[{"CertificateArn": certificate}])
    aws.refuses("InvalidLoadBalancerAction", rule, aws=aws, web=secure, Actions=redirect(Protocol="HTTP"))
    rule(aws, secure, Actions=redirect(Protocol="HTTPS", Port="8443"))


def test_target_groups_that_cannot_be_forwarded_to(aws, net, lb, web):
    tg = group(aws, net)
    refused = lambda code, *actions: aws.refuses(code, rule, aws=aws, web=web, Actions=list(actions))
    gone = group(aws, net, "gone")
    aws.elbv2.delete_target_group(TargetGroupArn=gone["TargetGroupArn"])
    refused("TargetGroupNotFound", forward(gone))
    refused("TargetGroupNotFound", forward(tg, gone))
    refused("ValidationError", forward(tg, tg))
    refused("ValidationError", {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"Weight": 1}]}})
    refused("InvalidLoadBalancerAction", {"Type": "forward"})
    refused("InvalidLoadBalancerAction", forward(tg) | {"TargetGroupArn": gone["TargetGroupArn"]})
    for weight in (-1, 1000):
        weighted = [{"TargetGroupArn": tg["TargetGroupArn"], "Weight": weight}]
        refused("ValidationError", {"Type": "forward", "ForwardConfig": {"TargetGroups": weighted}})
    for sticky in ({"Enabled": True}, {"Enabled": True, "DurationSeconds": 0}, {"Enabled": True, "DurationSeconds": 604801}):
        refused("ValidationError", forward(tg, TargetGroupStickinessConfig=sticky))
    refused("IncompatibleProtocols", forward(group(aws, net, "tcp", Protocol="TCP")))
    vpc = aws.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    refused("InvalidConfigurationRequest", forward(group(aws, net, "far", VpcId=vpc)))
    six = [group(aws, net, f"web-{n}") for n in range(6)]
    refused("TooManyTargetGroups", forward(*six))
    assert priorities(aws, web) == ["default"]
    rule(aws, web, Actions=[forward(*six[:5])])


def test_a_load_balancer_has_a_hundred_target_groups(aws, net, web):
    groups = [group(aws, net, f"web-{n}") for n in range(101)]
    for n in range(20):
        last = rule(aws, web, n + 1, Actions=[forward(*groups[5 * n : 5 * n + 5])])
    aws.refuses("TooManyUniqueTargetGroupsPerLoadBalancer", rule, aws=aws, web=web, priority=100, Actions=[forward(groups[100])])
    rule(aws, web, 100, Actions=[forward(groups[0])])
    aws.elbv2.modify_rule(RuleArn=last["RuleArn"], Actions=[forward(groups[100])])


# Priorities -------------------------------------------------------------------------------------------------------


def test_priorities_are_unique_within_a_listener(aws, lb, web):
    rule(aws, web, 1)
    rule(aws, web, 50000)
    message = aws.refuses("PriorityInUse", rule, aws=aws, web=web, priority=1)
    assert message == "Priority '1' is currently in use"
    for outside in (0, 50001, -1):
        aws.refuses("ValidationError", rule, aws=aws, web=web, priority=outside)
    rule(aws, plain(aws, lb, 81), 1)


def test_priorities_are_set_together(aws, web):
    one, two, three = (rule(aws, web, priority)["RuleArn"] for priority in (1, 2, 3))
    order = lambda: {it["RuleArn"]: it["Priority"] for it in rules(aws, web) if not it["IsDefault"]}
    put = lambda *pairs: aws.elbv2.set_rule_priorities(RulePriorities=[{"RuleArn": arn, "Priority": at} for arn, at in pairs])
    assert [it["Priority"] for it in put((one, 2), (two, 1))["Rules"]] == ["2", "1"]
    assert order() == {one: "2", two: "1", three: "3"} and priorities(aws, web) == ["1", "2", "3", "default"]
    put((one, 2))
    for code, pairs in (
        ("PriorityInUse", [(one, 3)]),
        ("PriorityInUse", [(one, 9), (two, 3)]),
        ("ValidationError", [(one, 7), (two, 7)]),
        ("ValidationError", [(one, 7), (one, 8)]),
        ("ValidationError", [(one, 0)]),
        ("ValidationError", [(one, 7), (two, 50001)]),
        ("RuleNotFound", [(one, 7), (two[:-4] + "beef", 8)]),
        ("ValidationError", [(one, 7), (web["ListenerArn"], 8)]),
        ("OperationNotPermitted", [(one, 7), (rules(aws, web)[-1]["RuleArn"], 8)]),
    ):
        aws.refuses(code, lambda pairs=pairs: put(*pairs))
        assert order() == {one: "2", two: "1", three: "3"}
    put((three, 1), (two, 3))
    assert order() == {one: "2", two: "3", three: "1"}
    aws.refuses("ValidationError", aws.elbv2.set_rule_priorities, RulePriorities=[])
    aws.refuses("ValidationError", aws.elbv2.set_rule_priorities, RulePriorities=[{"RuleArn": one}])


def test_priorities_are_set_for_one_listener_at_a_time(aws, lb, web):
    one, other = rule(aws, web)["RuleArn"], rule(aws, plain(aws, lb, 81))["RuleArn"]
    both = [{"RuleArn": one, "Priority": 1}, {"RuleArn": other, "Priority": 2}]
    aws.refuses("ValidationError", aws.elbv2.set_rule_priorities, RulePriorities=both)


def test_a_load_balancer_has_a_hundred_rules(aws, lb, web):
    other = plain(aws, lb, 81)
    made = [rule(aws, listener, n + 1)["RuleArn"] for n in range(50) for listener in (web, other)]
    for full in (web, other):
        aws.refuses("TooManyRules", rule, aws=aws, web=full, priority=1000)
    aws.elbv2.delete_rule(RuleArn=made[0])
    rule(aws, other, 1000)


# What follows -----------------------------------------------------------------------------------------------------


def test_a_target_group_is_in_use_as_long_as_a_rule_forwards_to_it(aws, net, lb, web):
    tg, target = group(aws, net), [{"Id": instance(aws, net)}]
    balancers = lambda: aws.elbv2.describe_target_groups(Names=["web"])["TargetGroups"][0]["LoadBalancerArns"]
    delete = lambda: aws.elbv2.delete_target_group(TargetGroupArn=tg["TargetGroupArn"])
    aws.elbv2.register_targets(TargetGroupArn=tg["TargetGroupArn"], Targets=target)
    assert (balancers(), health(aws, tg)) == ([], [("unused", "Target.NotInUse")])
    aws.settle(600, "elbv2")
    made = rule(aws, web, Actions=[forward(tg)])
    assert (balancers(), health(aws, tg)) == ([lb["LoadBalancerArn"]], [("initial", "Elb.RegistrationInProgress")])
    aws.hurried(lambda: health(aws, tg) == [("healthy", None)])
    seen = aws.elbv2.describe_target_groups(LoadBalancerArn=lb["LoadBalancerArn"])["TargetGroups"]
    assert [it["TargetGroupArn"] for it in seen] == [tg["TargetGroupArn"]]
    aws.refuses("ResourceInUse", delete)
    aws.elbv2.modify_rule(RuleArn=made["RuleArn"], Actions=[OK])
    assert (balancers(), health(aws, tg)) == ([], [("unused", "Target.NotInUse")])
    aws.elbv2.modify_rule(RuleArn=made["RuleArn"], Actions=[forward(tg)])
    assert health(aws, tg) == [("initial", "Elb.RegistrationInProgress")]
    aws.refuses("ResourceInUse", delete)
    aws.elbv2.delete_rule(RuleArn=made["RuleArn"])
    assert balancers() == []
    delete()


def test_a_target_group_that_a_rule_forwards_to_has_one_load_balancer(aws, net, web):
    tg, other = group(aws, net), plain(aws, balancer(aws, net, "other"))
    made = rule(aws, web, Actions=[forward(tg)])
    rule(aws, web, 11, Actions=[forward(tg)])
    aws.refuses("TargetGroupAssociationLimit", rule, aws=aws, web=other, Actions=[forward(tg)])
    change = {"ListenerArn": other["ListenerArn"], "DefaultActions": [forward(tg)]}
    aws.refuses("TargetGroupAssociationLimit", aws.elbv2.modify_listener, **change)
    elsewhere = rule(aws, other)
    aws.refuses("TargetGroupAssociationLimit", aws.elbv2.modify_rule, RuleArn=elsewhere["RuleArn"], Actions=[forward(tg)])
    aws.elbv2.delete_rule(RuleArn=made["RuleArn"])
    aws.refuses("TargetGroupAssociationLimit", aws.elbv2.modify_rule, RuleArn=elsewhere["RuleArn"], Actions=[forward(tg)])
    aws.elbv2.delete_listener(ListenerArn=web["ListenerArn"])
    aws.elbv2.modify_rule(RuleArn=elsewhere["RuleArn"], Actions=[forward(tg)])


@pytest.mark.parametrize("whole", ["listener", "load balancer"])
def test_rules_go_with_their_listener_and_load_balancer(aws, net, lb, web, whole):
    tg = group(aws, net)
    made = rule(aws, web, Actions=[forward(tg)], Tags=[{"Key": "a", "Value": "b"}])
    arns = [it["RuleArn"] for it in rules(aws, web)]
    if whole == "listener":
        aws.elbv2.delete_listener(ListenerArn=web["ListenerArn"])
    else:
        aws.elbv2.delete_load_balancer(LoadBalancerArn=lb["LoadBalancerArn"])
    assert made["RuleArn"] in arns and len(arns) == 2
    for arn in arns:
        aws.refuses("RuleNotFound", aws.elbv2.describe_rules, RuleArns=[arn])
        aws.refuses("RuleNotFound", aws.elbv2.describe_tags, ResourceArns=[arn])
    aws.refuses("ListenerNotFound", aws.elbv2.describe_rules, ListenerArn=web["ListenerArn"])
    aws.elbv2.delete_target_group(TargetGroupArn=tg["TargetGroupArn"])
