"""The control API: how a test says how long things take, what fails and how it ends. Served under /_infra/.

Every body and query names its `account` (twelve digits, which is also the access key of that account).

    POST /_infra/settle   {"account", "service"?, "seconds"}                 how long creating, modifying, deleting last
    POST /_infra/hurry    {"account"}                                        the next step of what is under way is due now
    POST /_infra/fail     {"account", "service", "operation", "code", "message"?, "status"?, "times"?, "after"?}
                          refuses the next calls of that operation; with "after": true it is carried out first, and
                          only its answer is lost
    POST /_infra/outcome  {"account", "service", "resource", "outcome"}      how the next operation on it ends; null clears
    POST /_infra/iam      {"account", "session", "policies"}                 holds calls with that session token to these
                          policies; null for the policies lets go of it
    GET  /_infra/iam?account=…                                               what was refused to sessions so far:
                          [{"session", "action", "resource", "keys"}]
    GET  /_infra/calls?account=…                                             the calls so far: [{"service", "operation"}],
                          and "refused": true with those that a policy did not allow
    POST /_infra/calls/reset {"account"}                                     starts counting anew
    POST /_infra/reset    {"account"}                                        forgets the account, moto's part included
    GET  /_infra/about                                                       which sources run here (`up` restarts old ones)
"""

import json
import os

from localstack.aws.api import RequestContext
from localstack.aws.protocol.serializer import create_serializer
from localstack.http import Request, Response, route
from moto.core.base_backend import BackendDict
from werkzeug.exceptions import BadRequest

from .authorization import Authorization
from .framework import ServiceException, account, aws_error


def before(chain, context: RequestContext, response: Response):
    """Counts the call and refuses it if that was asked for."""
    if not context.operation or context.is_internal_call:
        return
    mine = account(context.account_id)
    service, operation = context.service.service_name, context.operation.name
    with mine.lock:
        call = {"service": service, "operation": operation}
        mine.calls.append(call)
        if mine.authorization:
            try:
                mine.authorization.check(context)
            except ServiceException:
                call["refused"] = True
                raise
        for failure in mine.failures:
            if (failure["service"], failure["operation"]) == (service, operation):
                failure["times"] -= 1
                if failure["times"] <= 0:
                    mine.failures.remove(failure)
                if failure["after"]:
                    context.infra_lose_answer = failure
                    return
                raise _error(failure)


def after(chain, context: RequestContext, response: Response):
    """Replaces the answer of a call that was carried out but must look failed."""
    if failure := getattr(context, "infra_lose_answer", None):
        del context.infra_lose_answer
        serializer = create_serializer(context.service, context.protocol)
        response.update_from(
            serializer.serialize_error_to_response(
                _error(failure), context.operation, context.request.headers, context.request_id
            )
        )


def _error(failure: dict):
    return aws_error(failure["code"], failure["message"], failure["status"])


class Control:
    @route("/_infra/about", methods=["GET"])
    def about(self, request: Request, **_):
        return {"sources": os.environ.get("INFRA_LOCALSTACK_SOURCES", "")}

    @route("/_infra/settle", methods=["POST"])
    def settle(self, request: Request, **_):
        body = _body(request, "seconds")
        with account(body["account"]).lock:
            account(body["account"]).settle_seconds[body.get("service", "*")] = float(body["seconds"])
        return {}

    @route("/_infra/hurry", methods=["POST"])
    def hurry(self, request: Request, **_):
        mine = account(_body(request)["account"])
        with mine.lock:
            mine.hurry()
        return {}

    @route("/_infra/fail", methods=["POST"])
    def fail(self, request: Request, **_):
        body = _body(request, "service", "operation", "code")
        failure = {"message": "asked to fail", "status": 400, "times": 1, "after": False} | body
        with account(body["account"]).lock:
            account(body["account"]).failures.append(failure)
        return {}

    @route("/_infra/outcome", methods=["POST"])
    def outcome(self, request: Request, **_):
        body = _body(request, "service", "resource", "outcome")
        with account(body["account"]).lock:
            outcomes, key = account(body["account"]).outcomes, (body["service"], body["resource"])
            if body["outcome"] is None:
                outcomes.pop(key, None)
            else:
                outcomes[key] = body["outcome"]
        return {}

    @route("/_infra/iam", methods=["POST"])
    def bind(self, request: Request, **_):
        body = _body(request, "session", "policies")
        mine = account(body["account"])
        with mine.lock:
            mine.authorization = mine.authorization or Authorization()
            try:
                mine.authorization.bind(body["session"], body["policies"])
            except (KeyError, ValueError) as error:
                raise BadRequest(f"not a policy: {error}") from error
        return {}

    @route("/_infra/iam", methods=["GET"])
    def refused(self, request: Request, **_):
        mine = account(request.args["account"])
        with mine.lock:
            return list(mine.authorization.refused) if mine.authorization else []

    @route("/_infra/calls", methods=["GET"])
    def calls(self, request: Request, **_):
        mine = account(request.args["account"])
        with mine.lock:
            return list(mine.calls)

    @route("/_infra/calls/reset", methods=["POST"])
    def calls_reset(self, request: Request, **_):
        mine = account(_body(request)["account"])
        with mine.lock:
            mine.calls.clear()
        return {}

    @route("/_infra/reset", methods=["POST"])
    def reset(self, request: Request, **_):
        mine = account(_body(request)["account"])
        with mine.lock:
            mine.forget()
            for backends in BackendDict._instances:
                backends.pop(mine.id, None)
        return {}


def _body(request: Request, *needed: str) -> dict:
    body = json.loads(request.get_data() or b"{}")
    body.setdefault("account", request.headers.get("x-infra-account", "000000000000"))
    if missing := [name for name in needed if name not in body]:
        raise BadRequest(f"missing {', '.join(missing)}")
    return body
