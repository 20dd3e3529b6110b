"""Listeners: one a port, with certificates where the protocol needs them."""

import random

from ..framework import aws_error
from . import actions, attributes

PROTOCOLS = {"application": ("HTTP", "HTTPS"), "network": ("TCP", "TLS", "UDP", "TCP_UDP"), "gateway": ("GENEVE",)}
SECURE = ("HTTPS", "TLS")


class Listeners:
    def create_listener(self, context, request):
        state = self.state(context)
        balancer = self._known(context, request["LoadBalancerArn"])
        listener = self._listener(context, balancer, request)
        for other in state.listeners.values():
            if other["LoadBalancerArn"] == balancer["LoadBalancerArn"] and other["Port"] == listener["Port"]:
                if all(other.get(key) == value for key, value in listener.items()):
                    return {"Listeners": [_shown(other)]}  # the same request again makes nothing new
                raise self._port_taken(balancer)
        listener["ListenerArn"] = (
            balancer["LoadBalancerArn"].replace(":loadbalancer/", ":listener/") + f"/{random.getrandbits(64):016x}"
        )
        listener["attributes"] = attributes.defaults(attributes.of_listener(listener["Protocol"]))
        listener["extra_certificates"] = []
        self._tag(context, listener["ListenerArn"], request.get("Tags"))
        state.listeners[listener["ListenerArn"]] = listener
        self._set_default_rule(context, listener)
        self._note_use(context)
        return {"Listeners": [_shown(listener)]}

    def modify_listener(self, context, request):
        state = self.state(context)
        listener = self._known(context, request["ListenerArn"], "listener")
        balancer = state.load_balancers[listener["LoadBalancerArn"]]
        before = {key: listener[key] for key in ("Port", "Protocol", "DefaultActions", "Certificates", "SslPolicy") if key in listener}
        asked = before | {key: value for key, value in request.items() if value is not None}
        if asked["Protocol"] not in SECURE:
            asked.pop("Certificates", None), asked.pop("SslPolicy", None)
        new = self._listener(context, balancer, asked, instead_of=self._default_rule(context, listener))
        for other in state.listeners.values():
            same = other["LoadBalancerArn"] == balancer["LoadBalancerArn"] and other["Port"] == new["Port"]
            if same and other is not listener:
                raise self._port_taken(balancer)
        if new["Protocol"] != listener["Protocol"]:
            listener["attributes"] = attributes.defaults(attributes.of_listener(new["Protocol"]))
        for key in ("Certificates", "SslPolicy"):
            listener.pop(key, None)
        listener.update(new)
        self._set_default_rule(context, listener)
        self._note_use(context)
        return {"Listeners": [_shown(listener)]}

    def delete_listener(self, context, request):
        self._drop_listener(context, self._known(context, request["ListenerArn"]))
        return {}

    def describe_listeners(self, context, request):
        listeners = list(self.state(context).listeners.values())
        if arn := request.get("LoadBalancerArn"):
            self._known(context, arn)
            listeners = [listener for listener in listeners if listener["LoadBalancerArn"] == arn]
        elif arns := request.get("ListenerArns"):
            listeners = [self._known(context, arn) for arn in arns]
        else:
            raise aws_error("ValidationError", "You must specify either listener ARNs or a load balancer ARN")
        page, more = self._page(listeners, request)
        return {"Listeners": [_shown(listener) for listener in page]} | more

    def describe_listener_attributes(self, context, request):
        return {"Attributes": attributes.shown(self._known(context, request["ListenerArn"])["attributes"])}

    def modify_listener_attributes(self, context, request):
        listener = self._known(context, request["ListenerArn"])
        table, asked = attributes.of_listener(listener["Protocol"]), request.get("Attributes") or []
        return {"Attributes": attributes.change(table, listener["attributes"], asked, "Listener")}

    def add_listener_certificates(self, context, request):
        listener = self._known(context, request["ListenerArn"])
        for certificate in request.get("Certificates") or []:
            self._certificate(context, certificate["CertificateArn"])
            if certificate["CertificateArn"] not in listener["extra_certificates"]:
                listener["extra_certificates"].append(certificate["CertificateArn"])
        return {"Certificates": [{"CertificateArn": arn, "IsDefault": False} for arn in listener["extra_certificates"]]}

    def remove_listener_certificates(self, context, request):
        listener = self._known(context, request["ListenerArn"])
        gone = {certificate["CertificateArn"] for certificate in request.get("Certificates") or []}
        if gone & {c["CertificateArn"] for c in listener.get("Certificates", [])}:
            raise self.error("OperationNotPermittedException", "The default certificate cannot be removed")
        listener["extra_certificates"] = [arn for arn in listener["extra_certificates"] if arn not in gone]
        return {}

    def describe_listener_certificates(self, context, request):
        listener = self._known(context, request["ListenerArn"])
        default = [{"CertificateArn": c["CertificateArn"], "IsDefault": True} for c in listener.get("Certificates", [])]
        return {"Certificates": default + [{"CertificateArn": a, "IsDefault": False} for a in listener["extra_certificates"]]}

    def _listener(self, context, balancer: dict, request, instead_of: dict | None = None) -> dict:
        protocol, port = request.get("Protocol"), request.get("Port")
        if protocol not in PROTOCOLS[balancer["Type"]]:
            raise aws_error(
                "ValidationError",
                f"Listener protocol '{protocol}' must be one of '{', '.join(PROTOCOLS[balancer['Type']])}'",
            )
        if not port or not 1 <= port <= 65535:
            raise aws_error("ValidationError", f"Port '{port}' must be between 1 and 65535")
        listener = {"LoadBalancerArn": balancer["LoadBalancerArn"], "Protocol": protocol, "Port": port}
        certificates = request.get("Certificates") or []
        if protocol in SECURE:
            if not certificates:
                raise aws_error("ValidationError", f"A certificate must be specified for {protocol} listeners")
            if len(certificates) > 1:
                raise self.error("TooManyCertificatesException", "Only one default certificate can be specified")
            self._certificate(context, certificates[0].get("CertificateArn", ""))
            listener["Certificates"] = [{"CertificateArn": certificates[0]["CertificateArn"]}]
            policy = request.get("SslPolicy") or "ELBSecurityPolicy-2016-08"
            if not policy.startswith("ELBSecurityPolicy-"):
                raise self.error("SSLPolicyNotFoundException", f"SSL policy '{policy}' not found")
            listener["SslPolicy"] = policy
            listener["MutualAuthentication"] = request.get("MutualAuthentication") or {"Mode": "off"}
        elif certificates:
            raise aws_error("ValidationError", f"You cannot specify a certificate for a listener with protocol {protocol}")
        if request.get("AlpnPolicy"):
            listener["AlpnPolicy"] = request["AlpnPolicy"]
        listener["DefaultActions"] = actions.checked(self, context, balancer, protocol, request.get("DefaultActions"), instead_of)
        return listener

    def _certificate(self, context, arn: str) -> None:
        from moto.acm.models import acm_backends
        from moto.iam.models import iam_backends

        issued = acm_backends[context.account_id][context.region]._certificates
        uploaded = iam_backends[context.account_id]["aws"].certificates
        if arn not in issued and arn not in {certificate.arn for certificate in uploaded.values()}:
            raise self.error("CertificateNotFoundException", f"Certificate '{arn}' not found")

    def _port_taken(self, balancer: dict):
        return self.error(
            "DuplicateListenerException",
            f"A listener already exists on this port for this load balancer '{balancer['LoadBalancerArn']}'",
        )

    def _drop_listener(self, context, listener: dict) -> None:
        state = self.state(context)
        for rule in self._rules_of(context, listener):
            self._drop_rule(context, rule)
        del state.listeners[listener["ListenerArn"]]
        state.tags.pop(listener["ListenerArn"], None)
        self._note_use(context)

    def _note_use(self, context) -> None:
        """Targets are checked from the moment a listener or rule sends requests to their group. Called after changes."""
        state = self.state(context)
        for arn, group in state.target_groups.items():
            used = bool(actions.used_by(state, arn))
            group["used_since"] = (group["used_since"] or self.now(context)) if used else None


def _shown(listener: dict) -> dict:
    return {key: value for key, value in listener.items() if key[0].isupper()}
