"""Checks the boto3 calls of a running function against the policies of its role; in this process, with moto."""

from __future__ import annotations

import sys
import traceback
import uuid
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakKeyDictionary

from botocore.client import BaseClient

from edgeroutes.errors import ProjectError, ToolError
from edgeroutes.local_aws.iam.needs import (
    Call,
    Need,
    action_prefix,
    find_named,
    find_needs,
    policy_line,
    remedy,
    resource_name,
)
from edgeroutes.local_aws.iam.policies import Decision, Question, Role, Verdict, decide, read_role, shown
from edgeroutes.pipeline import plan_project
from edgeroutes.runtime.failures import is_own_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.exceptions import ClientError

    from edgeroutes.local_aws.stack import Cloud, Resource

# Where a service has a code of its own. Source: github.com/aws-ia/terraform-aws-control_tower_account_factory/issues/151 for SNS; EC2's
# from memory. SQS's, which is that of XML: github.com/aws/serverless-application-model/issues/3633.
_CODES = {"ec2": "UnauthorizedOperation", "sns": "AuthorizationError"}
_OF_XML = frozenset({"query", "rest-xml", "ec2"})


def _make_error(client: BaseClient, operation: str, message: str) -> ClientError:
    """What boto3 raises when AWS refuses: the service's code, text and status, in its own exception class."""
    model = client.meta.service_model
    code, status = _code_and_status(model.service_name, model.metadata)
    if operation.startswith("Head"):  # a response to HEAD has no body
        code, message = "403", "Forbidden"
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {
            "RequestId": str(uuid.uuid4()),
            "HTTPStatusCode": status,
            "HTTPHeaders": {},
            "RetryAttempts": 0,
        },
    }
    make: Any = client.exceptions.from_code(code)
    error: ClientError = make(response, operation)
    return error


def _code_and_status(service_name: str, metadata: dict[str, Any]) -> tuple[str, int]:
    is_xml = metadata["protocol"] in _OF_XML or "awsQueryCompatible" in metadata
    code = _CODES.get(service_name) or ("AccessDenied" if is_xml else "AccessDeniedException")
    return code, 400 if metadata["protocol"] == "json" and not is_xml else 403


def _message(principal: str, need: Need, verdict: Verdict) -> str:
    action, resource = need.action, shown(need.resource)
    prefix, _, name = action.partition(":")
    if prefix == "sqs":
        action = action.lower()
    elif prefix == "sns":
        action = f"SNS:{name}"
    elif prefix == "s3":
        resource = f'"{resource}"'
    why = verdict.format(action=action)
    return f"User: {principal} is not authorized to perform: {action} on resource: {resource} {why}"


class _Guard(Protocol):
    """Checks a call before it is sent."""

    def check(self, client: BaseClient, operation: Any, parameters: Mapping[str, Any]) -> None:
        """Raise AWS's error where AWS would refuse the call."""


_guard: ContextVar[_Guard | None] = ContextVar("edgeroutes_iam_guard", default=None)
"""Checks the calls of this context; None for no check."""

_PARAMETERS = "edgeroutes_iam_parameters"
_lock = Lock()
_users = 0
_unhook: Callable[[], None] = lambda: None  # noqa: E731


@contextmanager
def _hooks() -> Iterator[None]:
    """Hook botocore and threads while any function is checked.

    Classes are hooked, not clients: a client that a module made at its import is checked as well. The threads of a function have its
    guard: those that it starts, and what it submits to a pool, as boto3 does for `upload_file`. Presigned URLs are not calls, and
    aiobotocore has classes of its own: neither is checked.

    Raises:
        ToolError: This botocore has other methods.
    """
    global _users, _unhook  # noqa: PLW0603 - a class has one hook in a process
    with _lock:
        if not _users:
            _unhook = _hook_all()
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                _unhook()


def _hook_all() -> Callable[[], None]:
    """Hook the classes; returns what undoes it."""
    missing = [name for name in ("_emit_api_params", "_make_request") if not hasattr(BaseClient, name)]
    if missing:
        problem = f"this botocore has no {' and no '.join(missing)}: calls cannot be checked"
        raise ToolError(problem, where="botocore", hint="Install another version of boto3, or do without enforcing")
    hooks: dict[tuple[Any, str], Any] = {
        **{(BaseClient, name): hook for name, hook in _client_hooks(BaseClient).items()},
        (Thread, "start"): _start_hook(Thread.start),
        (ThreadPoolExecutor, "submit"): _submit_hook(ThreadPoolExecutor.submit),
    }
    before = {(owner, name): getattr(owner, name) for owner, name in hooks}
    for (owner, name), hook in hooks.items():
        setattr(owner, name, hook)

    def unhook() -> None:
        for (owner, name), hook in hooks.items():
            if getattr(owner, name) is hook:  # else another library has hooked it meanwhile
                setattr(owner, name, before[owner, name])

    return unhook


def _client_hooks(client_type: Any) -> dict[str, Any]:
    # botocore's events, its public hooks, reach only sessions made afterwards.
    emit, send = client_type._emit_api_params, client_type._make_request  # noqa: SLF001

    @wraps(emit)
    def emit_and_store(self: BaseClient, api_params: Any, operation_model: Any, context: dict[str, Any]) -> Any:
        parameters = emit(self, api_params, operation_model, context)
        context[_PARAMETERS] = parameters
        return parameters

    @wraps(send)
    def check_and_send(
        self: BaseClient, operation_model: Any, request_dict: Any, request_context: dict[str, Any]
    ) -> Any:
        current, parameters = _guard.get(), request_context.pop(_PARAMETERS, {})
        if current is not None:
            current.check(self, operation_model, parameters)
        return send(self, operation_model, request_dict, request_context)

    return {"_emit_api_params": emit_and_store, "_make_request": check_and_send}


def _start_hook(start: Callable[[Thread], None]) -> Callable[[Thread], None]:
    @wraps(start)
    def start_guarded(self: Thread) -> None:
        current, run = _guard.get(), self.run
        if current is not None:
            self.run = lambda: _run_guarded(current, run)  # type: ignore[method-assign]
        start(self)

    return start_guarded


def _submit_hook(submit: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(submit)
    def submit_guarded(self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        current = _guard.get()
        if current is None:
            return submit(self, fn, *args, **kwargs)
        token = _guard.set(None)  # a thread of the pool outlives this function, and must not inherit its guard
        try:
            return submit(self, _run_guarded, current, fn, *args, **kwargs)
        finally:
            _guard.reset(token)

    return submit_guarded


def _run_guarded(current: _Guard, run: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    token = _guard.set(current)
    try:
        return run(*args, **kwargs)
    finally:
        _guard.reset(token)


# Roles that were read, until the stack changes and its cloud gets other resources.
_known_roles: WeakKeyDictionary[Cloud, tuple[Mapping[str, Resource], dict[str, Role]]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Enforcement:
    """The check of a function's calls.

    Args:
        cloud: The stack.
        logical_id: The function.
        root: The project, to find calling lines.
        role: The function's.
    """

    cloud: Cloud
    logical_id: str
    root: Path
    role: Role

    def check(self, client: BaseClient, operation: Any, parameters: Mapping[str, Any]) -> None:
        """Raise AWS's error where the role may not, and warn where AWS's decision is not known.

        Raises:
            ClientError: The service's own, whose note has the line for function.yaml.
        """
        if operation.auth_type == "none":
            return
        model = client.meta.service_model
        prefix = action_prefix(model.service_name, model.signing_name)
        place = self.role.place(client.meta.region_name)
        call = Call(prefix=prefix, operation=operation.name, parameters=parameters, place=place)
        context = self.role.context(call)
        for need in find_needs(call):
            question = Question(action=need.action, resource=need.resource, context=context)
            decision = decide(self.role.policies, question)
            if decision.verdict.is_refusal:
                error = _make_error(client, operation.name, _message(self.role.session_arn, need, decision.verdict))
                error.add_note(self._note(need, decision.verdict))
                raise error
            if decision.verdict is Verdict.UNCERTAIN:
                warnings.warn(self._warning(need, decision), stacklevel=2)

    def _note(self, need: Need, verdict: Verdict) -> str:
        named = find_named(need.resource, self.cloud.resources)
        line = policy_line([need.action], need.resource, named)
        refused = f"it calls {need.action} on {resource_name(need.resource, named)}, which {self.logical_id} may not"
        return f"{self._where()}: {refused}. {remedy(verdict, need.action, self._function_yaml(), line)}."

    def _warning(self, need: Need, decision: Decision) -> str:
        return (
            f"{self._where()}: it calls {need.action} on {shown(need.resource)}; whether {self.logical_id} may depends on "
            f"{' and '.join(decision.unknown)}, which is not known here. Try it on AWS"
        )

    def _where(self) -> str:
        return _calling_line(self.root) or self.logical_id

    def _function_yaml(self) -> str:
        """The function.yaml beside the function's first route."""
        try:
            functions = plan_project(self.root).functions
        except (ProjectError, OSError):
            functions = ()
        for function in functions:
            if function.logical_id == self.logical_id:
                return f"{function.routes[0].directory}/function.yaml"
        return f"the function.yaml of {self.logical_id}"


@contextmanager
def enforce(cloud: Cloud, logical_id: str, *, root: Path | None = None) -> Iterator[None]:
    """Check every boto3 call against the policies of this function's role; one whose decision is not known here warns.

    In this context and the tasks and threads that begin in it; a function that is invoked by another one has its own inside. A refused
    call raises the `ClientError` of that service and does not reach moto.

    Args:
        cloud: The project's stack; in this process or in a server.
        logical_id: The function, such as `ApiUsersFunction`.
        root: The project's folder, to name lines and files; by default the current one.

    Raises:
        KeyError: The stack has no such function.
        ToolError: This botocore cannot be hooked.
    """
    with _hooks():
        outer = _guard.set(None)  # reading the role is not the function's call
        try:
            role = _role(cloud, logical_id)
            folder = (root or Path()).resolve()
            _guard.set(_Enforcement(cloud=cloud, logical_id=logical_id, root=folder, role=role))
            yield
        finally:
            _guard.reset(outer)


def _role(cloud: Cloud, logical_id: str) -> Role:
    resources, roles = _known_roles.get(cloud, (None, {}))
    if resources is not cloud.resources:
        roles = {}
        _known_roles[cloud] = (cloud.resources, roles)
    if logical_id not in roles:
        roles[logical_id] = read_role(cloud, logical_id)
    return roles[logical_id]


def _calling_line(root: Path) -> str | None:
    """The innermost running line of the project's own files."""
    for frame, line in traceback.walk_stack(sys._getframe()):  # noqa: SLF001 - the caller
        path = frame.f_code.co_filename
        if is_own_file(path, str(root)):
            return f"{Path(path).relative_to(root).as_posix()}:{line}"
    return None
