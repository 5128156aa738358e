"""A function runs, and may do with boto3 what its role may, and nothing else. Floor 3; in process, against moto."""

from __future__ import annotations

import sys
import traceback
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from edgeroutes.errors import ProjectError
from edgeroutes.local_aws.iam import hook
from edgeroutes.local_aws.iam.advice import find_named, policy_line, remedy, resource_name
from edgeroutes.local_aws.iam.needs import Need, action_prefix, find_needs
from edgeroutes.local_aws.iam.patterns import shown
from edgeroutes.local_aws.iam.policies import Decision, Question, Verdict, decide
from edgeroutes.local_aws.iam.refusals import Refusal, make_error
from edgeroutes.local_aws.iam.resources import Call
from edgeroutes.local_aws.iam.roles import Role, read_role
from edgeroutes.pipeline import plan_project
from edgeroutes.plan.model import PlanWarning
from edgeroutes.runtime.loader import is_own_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.client import BaseClient

    from edgeroutes.local_aws.stack import Cloud, Resource

# Roles that were read, for as long as the stack is as it was: a change of it gives the cloud other resources.
_known_roles: WeakKeyDictionary[Cloud, tuple[Mapping[str, Resource], dict[str, Role]]] = WeakKeyDictionary()


@dataclass(slots=True, kw_only=True)
class Enforcement:
    """What a function did with AWS while it was watched.

    Args:
        cloud: The stack that it is in.
        logical_id: Its name there.
        root: The project, in whose files callers are looked for.
        role: Its role.
        needs: What it asked for and got, in order.
        refusals: What it asked for and may not; each was raised as AWS raises it.
        warnings: What went through although it cannot be said whether AWS would let it: what that depends on is named.
    """

    cloud: Cloud
    logical_id: str
    root: Path
    role: Role
    needs: list[Need] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    warnings: list[PlanWarning] = field(default_factory=list)

    def check(self, client: BaseClient, operation: Any, parameters: Mapping[str, Any]) -> None:
        """Raise what AWS would answer, where the role may not.

        Raises:
            ClientError: The service's own, whose note says what to add to function.yaml.
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
                refusal = self._refusal(need, decision.verdict)
                self.refusals.append(refusal)
                raise make_error(client, operation.name, self.role.session_arn, refusal)
            if decision.verdict is Verdict.UNCERTAIN:
                self.warnings.append(self._warning(need, decision))
            self.needs.append(need)

    def _refusal(self, need: Need, verdict: Verdict) -> Refusal:
        named = find_named(need.resource, self.cloud.resources)
        line = policy_line([need.action], need.resource, named)
        return Refusal(
            logical_id=self.logical_id,
            where=_calling_line(self.root) or self.logical_id,
            need=need,
            verdict=verdict,
            resource_name=resource_name(need.resource, named),
            hint=remedy(verdict, need.action, self._function_yaml(), line),
        )

    def _warning(self, need: Need, decision: Decision) -> PlanWarning:
        where = _calling_line(self.root) or self.logical_id
        problem = (
            f"it calls {need.action} on {shown(need.resource)}; whether {self.logical_id} may depends on "
            f"{' and '.join(decision.unknown)}, of which nothing is known here"
        )
        return PlanWarning(problem=problem, where=where, hint="Try it on AWS")

    def _function_yaml(self) -> str:
        """The file to write into, looked up when it is needed: beside the function's first route."""
        try:
            functions = plan_project(self.root).functions
        except (ProjectError, OSError):
            functions = ()
        for function in functions:
            if function.logical_id == self.logical_id:
                return f"{function.routes[0].directory}/function.yaml"
        return f"the function.yaml of {self.logical_id}"


@contextmanager
def enforce(cloud: Cloud, logical_id: str, *, root: Path | None = None) -> Iterator[Enforcement]:
    """Check every call of boto3 against the policies of this function's role, as the stack has them.

    In this context, in the tasks and threads that begin in it, and nowhere else; a function that is invoked by another one has its own
    inside. A refused call raises the `ClientError` of that service and has not reached moto.

    Args:
        cloud: With the project's stack; in this process or in a server.
        logical_id: The function, such as `ApiUsersFunction`.
        root: The project's folder, by which refusals name lines and files; by default the current one.

    Raises:
        KeyError: The stack has no such function.
        ToolError: This botocore cannot be hooked.

    >>> with enforce(cloud, "ApiUsersFunction", root=root) as enforcement:  # doctest: +SKIP
    ...     answer = run_the_handler()
    >>> [str(refusal) for refusal in enforcement.refusals]  # doctest: +SKIP
    ['functions/api/users/route.py:9: it calls dynamodb:PutItem on Users, which ApiUsersFunction may not. Add to …']
    """
    hook.install()
    outer = hook.guard.set(None)  # our own questions are nobody's calls
    try:
        role = _role(cloud, logical_id)
        enforcement = Enforcement(cloud=cloud, logical_id=logical_id, root=(root or Path()).resolve(), role=role)
        hook.guard.set(enforcement)
        yield enforcement
    finally:
        hook.guard.reset(outer)


def _role(cloud: Cloud, logical_id: str) -> Role:
    resources, roles = _known_roles.get(cloud, (None, {}))
    if resources is not cloud.resources:
        roles = {}
        _known_roles[cloud] = (cloud.resources, roles)
    if logical_id not in roles:
        roles[logical_id] = read_role(cloud, logical_id)
    return roles[logical_id]


def _calling_line(root: Path) -> str | None:
    """The innermost line of the project's own files that is running."""
    for frame, line in traceback.walk_stack(sys._getframe()):  # noqa: SLF001 - the one way to the caller
        path = frame.f_code.co_filename
        if is_own_file(path, str(root)):
            return f"{Path(path).relative_to(root).as_posix()}:{line}"
    return None
