"""What every service of the extension shares.

A service is a module with a class `Provider`:

    from dataclasses import dataclass, field
    from . import framework

    @dataclass
    class State:                                    # one per account and region, made at first use
        things: dict[str, dict] = field(default_factory=dict)

    class Provider(framework.Provider):
        service = "rds"                             # botocore's name of the service
        state_class = State
        # base = "moto"                             # who answers what is not defined here: "moto" (the default),
                                                    # None, or LocalStack's own provider (an instance)

        def create_thing(self, context, request):   # xform_name("CreateThing"); gets and returns botocore shapes as dicts
            things = self.state(context).things
            if request["Name"] in things:
                raise self.error("ThingAlreadyExistsFault", "Thing already exists")  # a shape of the model, or a bare code
            thing = things[request["Name"]] = {"Name": request["Name"]}
            self.settle(context, thing, "Status", "creating", "available")
            return {"Thing": thing}

        def delete_thing(self, context, request):
            thing = self.state(context).things[request["Name"]]
            self.settle(context, thing, "Status", "deleting", "deleted",
                        then=lambda: self.state(context).things.pop(request["Name"]))
            return {"Thing": thing}

Public methods are operations and nothing else (a name that is no operation is an error at load): helpers start with `_`.
An operation without a method goes to `base`; a method reaches it with `self.base_call(context)` or, with another request,
`self.base_call(context, request)`. The error of the base is a `ServiceException` with `.code`.

Rules:
* Every operation runs under its account's lock, so plain dicts are safe. It must not sleep.
* Time: nothing runs in the background. `self.settle` and `self.after` put work on the account's agenda; what is due is
  done, in order of time, before each operation of that account (on any service here). Chained work is timed from when
  it was due, not from when somebody looked. What follows from the clock alone is on no agenda: `POST /_infra/hurry`
  reaches it by a method `hurry(at)` of the state.
* How long things take: `self.seconds(context)`, which `POST /_infra/settle` sets per account and service.
* How things end: `self.outcome(context, resource)` is what `POST /_infra/outcome` asked for, else None.
* Another service: `self.call(context, "ec2", "DescribeSubnets", {...})` runs in this thread and under this lock, and returns
  the parsed answer or raises ServiceException. Never reach our services through boto3 or `connect_to`: that is
  another thread, which would wait for the lock for ever. `self.peer(context, "ec2")` is the other service's own state.
* What lives in subnets (load balancers, databases, caches, connectors) holds network interfaces there: see interfaces.py.
* Other URLs than the AWS API (a registry, say): override `routes(router)`.
* Answers are copied before they are sent, so handing out what the state holds is safe.
"""

import copy
import heapq
import itertools
import os
import re
import threading
import time

from botocore import xform_name
from localstack.aws.api import CommonServiceException, RequestContext, ServiceException
from localstack.aws.forwarder import create_aws_request_context
from localstack.aws.skeleton import create_dispatch_table
from localstack.aws.spec import load_service
from localstack.services.moto import call_moto, call_moto_with_request
from localstack.services.plugins import Service
from localstack.utils.aws.request_context import mock_aws_request_headers
from moto.core.exceptions import RESTError
from moto.core.exceptions import ServiceException as MotoException

__all__ = ["Account", "Provider", "ServiceException", "account", "aws_error"]

DEFAULT_SECONDS = float(os.environ.get("INFRA_SETTLE_SECONDS", "0.3"))


def aws_error(code: str, message: str, status: int = 400) -> ServiceException:
    """An AWS error by its bare code, for services whose model names no error shapes (EC2)."""
    return CommonServiceException(code, message, status_code=status, sender_fault=status < 500)


class Account:
    """Everything one AWS account holds here, and how it was told to behave."""

    def __init__(self, account_id: str):
        self.id = account_id
        self.lock = threading.RLock()
        #: How many operations of the account are within each other right now.
        self.depth = 0
        self.forget()

    def forget(self):
        self.states: dict[tuple[str, str], object] = {}
        self.settle_seconds: dict[str, float] = {}
        self.outcomes: dict[tuple[str, str], str] = {}
        self.failures: list[dict] = []
        self.calls: list[dict] = []
        #: What its sessions may do; see control.py.
        self.authorization = None
        self._agenda: list[tuple[float, int, object]] = []
        self._order = itertools.count()
        self._due: float | None = None
        self._newest: dict[tuple[int, str], int] = {}

    def now(self) -> float:
        """Seconds since the epoch; inside work from the agenda, the moment that work was due."""
        return time.time() if self._due is None else self._due

    def after(self, seconds: float, work) -> None:
        heapq.heappush(self._agenda, (self.now() + seconds, next(self._order), work))

    def settle(self, seconds: float, thing: dict, key: str, value, then=None) -> None:
        """thing[key] becomes value after so many seconds, unless a later settle of the same key overtakes it."""
        mark = (id(thing), key)
        turn = self._newest[mark] = next(self._order)

        def work():
            # The closure holds `thing`, so its id cannot be reused while this waits.
            if self._newest.get(mark) == turn:
                del self._newest[mark]
                thing[key] = value
                if then:
                    then()

        self.after(seconds, work)

    def hurry(self) -> None:
        """Makes due now what is under way, in its order."""
        moment = time.time()
        self._agenda = [(moment, next(self._order), work) for _, _, work in sorted(self._agenda, key=lambda entry: entry[:2])]
        for state in self.states.values():
            if hasattr(state, "hurry"):
                state.hurry(moment)

    def catch_up(self) -> None:
        """Does what is due. Called under the lock."""
        if self._due is not None:  # work from the agenda that calls an operation
            return
        moment = time.time()
        try:
            while self._agenda and self._agenda[0][0] <= moment:
                self._due, _, work = heapq.heappop(self._agenda)
                work()
        finally:
            self._due = None


_accounts: dict[str, Account] = {}
_accounts_lock = threading.Lock()


def account(account_id: str) -> Account:
    with _accounts_lock:
        if account_id not in _accounts:
            _accounts[account_id] = Account(account_id)
        return _accounts[account_id]


class Provider:
    service: str
    #: "moto", None (nobody), or an instance of LocalStack's own provider, which itself falls back to moto.
    base: object = "moto"
    state_class: type = dict
    #: Global services (IAM) keep one state for all regions.
    regional = True

    def __init__(self):
        self.model = load_service(self.service)
        self._base_table = create_dispatch_table(self.base) if self.base not in ("moto", None) else {}
        by_method = {xform_name(name): name for name in self.model.operation_names}
        shared = set(dir(Provider))
        own = [name for name in dir(self) if not name.startswith("_") and name not in shared and callable(getattr(self, name))]
        own = [name for name in own if not isinstance(getattr(self, name), type)]
        if unknown := [name for name in own if name not in by_method]:
            raise TypeError(f"{self.service} has no operations for the methods {unknown}")
        self._own = {by_method[name]: getattr(self, name) for name in own}

    # For services to use ------------------------------------------------------------------------------------------

    def state(self, context):
        return self._state(context.account_id, context.region)

    def peer(self, context, service: str):
        """The state of another service of this extension, same account and region."""
        from .services import provider

        return provider(service).state(context)

    def error(self, code: str, message: str, status: int | None = None, **members) -> ServiceException:
        """An AWS error. A code that names an error shape of the model gets that shape's code and HTTP status."""
        shape = self.model.shape_for(code) if code in self.model.shape_names else None
        trait = shape.metadata.get("error", {}) if shape else {}
        error = aws_error(trait.get("code", code), message, status or trait.get("httpStatusCode", 400))
        for name, value in members.items():
            setattr(error, name, value)
        return error

    def now(self, context) -> float:
        return account(context.account_id).now()

    def seconds(self, context) -> float:
        """How long a state such as `creating` lasts for this account and service."""
        settle = account(context.account_id).settle_seconds
        return settle.get(self.service, settle.get("*", DEFAULT_SECONDS))

    def after(self, context, work, seconds: float | None = None) -> None:
        account(context.account_id).after(self.seconds(context) if seconds is None else seconds, work)

    def settle(self, context, thing: dict, key: str, now, later, then=None, seconds: float | None = None) -> None:
        """thing[key] is `now`, and `later` once the service has had its time; then `then()` is called."""
        thing[key] = now
        account(context.account_id).settle(
            self.seconds(context) if seconds is None else seconds, thing, key, later, then
        )

    def outcome(self, context, resource: str, keep: bool = False) -> str | None:
        """How the next thing that happens to the resource was asked to end; used up unless `keep`."""
        outcomes = account(context.account_id).outcomes
        return outcomes.get((self.service, resource)) if keep else outcomes.pop((self.service, resource), None)

    def steer(self, context, service: str, resource: str, outcome: str) -> None:
        """Asks for an outcome as the control API does."""
        account(context.account_id).outcomes[(service, resource)] = outcome

    def base_call(self, context, request: dict | None = None) -> dict:
        """The answer of whoever would have answered without this extension."""
        operation = context.operation.name
        if operation in self._base_table:
            try:
                if request is None:
                    return self._base_table[operation](context, context.service_request or {}) or {}
                changed = self._request(context, self.service, operation, request)
                return self._base_table[operation](changed, request) or {}
            except NotImplementedError:
                pass
        if self.base is None:
            raise NotImplementedError(f"{self.service} {operation} is not served here")
        try:
            return call_moto(context) if request is None else call_moto_with_request(context, request)
        except AttributeError as error:
            raise NotImplementedError(f"{self.service} {operation} is not served here") from error

    def call(self, context, service: str, operation: str, request: dict | None = None) -> dict:
        """Calls an operation of this or another service of the extension, as the same account, in this thread."""
        from .services import provider

        other = provider(service)
        return other._invoke(self._request(context, service, operation, request or {}), request or {})

    def routes(self, router) -> None:
        """Adds URLs of the service that are not part of the AWS API."""

    def _is_outermost(self, context) -> bool:
        """Whether a client called the operation, not another operation or the agenda."""
        mine = account(context.account_id)
        return mine.depth == 1 and mine._due is None

    # For the framework --------------------------------------------------------------------------------------------

    def _state(self, account_id: str, region: str):
        key = (self.service, region if self.regional else "")
        states = account(account_id).states
        if key not in states:
            states[key] = self.state_class()
        return states[key]

    def _request(self, context, service: str, operation: str, request: dict) -> RequestContext:
        made = create_aws_request_context(service, operation, parameters=copy.deepcopy(request), region=context.region)
        # Both moto and LocalStack tell accounts by these.
        signed = mock_aws_request_headers(service, context.account_id, context.region)
        made.request.headers["Authorization"] = signed["Authorization"]
        made.request.headers["x-moto-account-id"] = context.account_id
        made.account_id = context.account_id
        made.partition = context.partition
        return made

    def _invoke(self, context, request: dict) -> dict:
        mine = account(context.account_id)
        with mine.lock:
            # Not within an operation that calls another: work from the agenda must not change what it is looking at.
            if not mine.depth:
                mine.catch_up()
            own = self._own.get(context.operation.name)
            mine.depth += 1
            try:
                answer = self._before(context, request) or (own(context, request) if own else self.base_call(context))
            except RESTError as error:  # moto's, raised where its models are used directly
                raise aws_error(error.error_type, error.message, error.code) from error
            except MotoException as error:
                raise aws_error(error.code, error.message) from error
            finally:
                mine.depth -= 1
            return copy.deepcopy(answer) if isinstance(answer, dict) else answer

    def _before(self, context, request: dict) -> dict | None:
        """Runs before each operation; an answer given here is the operation's."""

    def localstack_service(self) -> Service:
        table = {
            name: lambda context, request: self._invoke(context, request if request is not None else {})
            for name in self.model.operation_names
        }
        hook = self.base if hasattr(self.base, "on_before_start") else None
        return _service(self, table, hook)


def _service(provider: Provider, table: dict, hook) -> Service:
    from localstack.aws.skeleton import Skeleton

    service = Service(name=provider.service, skeleton=Skeleton(provider.model, table), lifecycle_hook=hook)
    service._provider = provider
    return service


def new_id(prefix: str, digits: int = 17) -> str:
    """An id as AWS makes them: `eni-0123456789abcdef0`."""
    return f"{prefix}-0{os.urandom(16).hex()[: digits - 1]}"


def tags_from(request: dict, resource_type: str) -> list[dict]:
    """The tags a create call gives a resource of that type by TagSpecifications."""
    return [
        tag
        for spec in request.get("TagSpecifications") or []
        if spec.get("ResourceType") == resource_type
        for tag in spec.get("Tags") or []
    ]


def matches(pattern: str, value: str) -> bool:
    """AWS's wildcards in filters: `*` and `?`."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), value) is not None
