"""Attributes of load balancers, target groups and listeners: AWS's defaults and what each may be set to.

Source: the descriptions of LoadBalancerAttribute, TargetGroupAttribute and ListenerAttribute in the ELBv2 API reference.
Values are text on the wire, numbers too. A default is followed by the values allowed: a tuple of words, a range, or any text.
"""

from ..framework import aws_error

SWITCH = ("true", "false")
TEXT = None

APPLICATION = {
    "access_logs.s3.enabled": ("false", SWITCH),
    "access_logs.s3.bucket": ("", TEXT),
    "access_logs.s3.prefix": ("", TEXT),
    "client_keep_alive.seconds": ("3600", range(60, 604801)),
    "connection_logs.s3.enabled": ("false", SWITCH),
    "connection_logs.s3.bucket": ("", TEXT),
    "connection_logs.s3.prefix": ("", TEXT),
    "deletion_protection.enabled": ("false", SWITCH),
    "health_check_logs.s3.enabled": ("false", SWITCH),
    "health_check_logs.s3.bucket": ("", TEXT),
    "health_check_logs.s3.prefix": ("", TEXT),
    "idle_timeout.timeout_seconds": ("60", range(1, 4001)),
    "load_balancing.cross_zone.enabled": ("true", ("true",)),
    "routing.http.desync_mitigation_mode": ("defensive", ("monitor", "defensive", "strictest")),
    "routing.http.drop_invalid_header_fields.enabled": ("false", SWITCH),
    "routing.http.preserve_host_header.enabled": ("false", SWITCH),
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": ("false", SWITCH),
    "routing.http.xff_client_port.enabled": ("false", SWITCH),
    "routing.http.xff_header_processing.mode": ("append", ("append", "preserve", "remove")),
    "routing.http2.enabled": ("true", SWITCH),
    "waf.fail_open.enabled": ("false", SWITCH),
    "zonal_shift.config.enabled": ("false", SWITCH),
}

NETWORK = {
    "access_logs.s3.enabled": ("false", SWITCH),
    "access_logs.s3.bucket": ("", TEXT),
    "access_logs.s3.prefix": ("", TEXT),
    "deletion_protection.enabled": ("false", SWITCH),
    "dns_record.client_routing_policy": (
        "any_availability_zone",
        ("availability_zone_affinity", "partial_availability_zone_affinity", "any_availability_zone"),
    ),
    "load_balancing.cross_zone.enabled": ("false", SWITCH),
    "secondary_ips.auto_assigned.per_subnet": ("0", range(0, 8)),
    "zonal_shift.config.enabled": ("false", SWITCH),
}

_GROUP = {
    "deregistration_delay.timeout_seconds": ("300", range(0, 3601)),
    "load_balancing.cross_zone.enabled": (
        "use_load_balancer_configuration",
        (*SWITCH, "use_load_balancer_configuration"),
    ),
    "stickiness.enabled": ("false", SWITCH),
    "target_group_health.dns_failover.minimum_healthy_targets.count": ("1", TEXT),
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": ("off", TEXT),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": ("1", TEXT),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": ("off", TEXT),
}

HTTP_GROUP = _GROUP | {
    "load_balancing.algorithm.anomaly_mitigation": ("off", ("on", "off")),
    "load_balancing.algorithm.type": (
        "round_robin",
        ("round_robin", "least_outstanding_requests", "weighted_random"),
    ),
    "slow_start.duration_seconds": ("0", range(0, 901)),
    "stickiness.app_cookie.cookie_name": ("", TEXT),
    "stickiness.app_cookie.duration_seconds": ("86400", range(1, 604801)),
    "stickiness.lb_cookie.duration_seconds": ("86400", range(1, 604801)),
    "stickiness.type": ("lb_cookie", ("lb_cookie", "app_cookie")),
}

TCP_GROUP = _GROUP | {
    "deregistration_delay.connection_termination.enabled": ("false", SWITCH),
    "preserve_client_ip.enabled": ("true", SWITCH),
    "proxy_protocol_v2.enabled": ("false", SWITCH),
    "stickiness.type": ("source_ip", ("source_ip",)),
    "target_health_state.unhealthy.connection_termination.enabled": ("true", SWITCH),
    "target_health_state.unhealthy.draining_interval_seconds": ("0", range(0, 360001)),
}

HTTP_LISTENER = {
    "routing.http.response.server.enabled": ("true", SWITCH),
    **{
        f"routing.http.response.{header}.header_value": ("", TEXT)
        for header in (
            "access_control_allow_credentials",
            "access_control_allow_headers",
            "access_control_allow_methods",
            "access_control_allow_origin",
            "access_control_expose_headers",
            "access_control_max_age",
            "content_security_policy",
            "strict_transport_security",
            "x_content_type_options",
            "x_frame_options",
        )
    },
}

HTTPS_LISTENER = HTTP_LISTENER | {
    f"routing.http.request.{header}.header_name": (default, TEXT)
    for header, default in (
        ("x_amzn_mtls_clientcert", "X-Amzn-Mtls-Clientcert"),
        ("x_amzn_mtls_clientcert_issuer", "X-Amzn-Mtls-Clientcert-Issuer"),
        ("x_amzn_mtls_clientcert_leaf", "X-Amzn-Mtls-Clientcert-Leaf"),
        ("x_amzn_mtls_clientcert_serial_number", "X-Amzn-Mtls-Clientcert-Serial-Number"),
        ("x_amzn_mtls_clientcert_subject", "X-Amzn-Mtls-Clientcert-Subject"),
        ("x_amzn_mtls_clientcert_validity", "X-Amzn-Mtls-Clientcert-Validity"),
        ("x_amzn_tls_cipher_suite", "X-Amzn-Tls-Cipher-Suite"),
        ("x_amzn_tls_version", "X-Amzn-Tls-Version"),
    )
}

TCP_LISTENER = {"tcp.idle_timeout.seconds": ("350", range(60, 6001))}


def of_listener(protocol: str) -> dict:
    return {"HTTP": HTTP_LISTENER, "HTTPS": HTTPS_LISTENER}.get(protocol, TCP_LISTENER)


def defaults(table: dict) -> dict[str, str]:
    return {key: default for key, (default, _) in table.items()}


def shown(values: dict[str, str]) -> list[dict]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def change(table: dict, values: dict[str, str], asked: list[dict], what: str) -> list[dict]:
    """Sets attributes, all or none; what was asked for, as the modify calls answer."""
    new = {}
    for attribute in asked:
        key, value = attribute.get("Key"), attribute.get("Value", "")
        if key not in table:
            raise aws_error("ValidationError", f"{what} attribute key '{key}' is not recognized")
        allowed = table[key][1]
        fits = allowed is TEXT or (value.isdigit() and int(value) in allowed if isinstance(allowed, range) else value in allowed)
        if not fits:
            raise aws_error("ValidationError", f"{what} attribute key '{key}' value '{value}' is not valid")
        new[key] = value
    after = values | new
    for logs in ("access_logs", "connection_logs", "health_check_logs"):
        if after.get(f"{logs}.s3.enabled") == "true" and not after[f"{logs}.s3.bucket"]:
            raise aws_error(
                "InvalidConfigurationRequest", f"The value of '{logs}.s3.bucket' cannot be empty when logs are enabled"
            )
    values.update(new)
    return shown(new)
