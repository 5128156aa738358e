"""With real credentials: the functions' variables as the deployed stack has them. Floor 3; it only reads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from edgeroutes.dev.function_plan import may_need_plan, plan_functions
from edgeroutes.dev.reports import Failed, Logged
from edgeroutes.errors import EdgeroutesError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from edgeroutes.dev.function_plan import FunctionsPlan
    from edgeroutes.dev.reload import LiveProject
    from edgeroutes.dev.reports import Reporter


class Deployed:
    """Reads once, at the start, what the functions of the project's stack have in their environment.

    Args:
        live: The project; its stack has its name, and its functions get their variables.
        report: Is told where they are from, and which have no value.
    """

    def __init__(self, live: LiveProject, report: Reporter) -> None:
        self._live = live
        self._surroundings = live.surroundings
        self._report = report

    def start(self) -> None:
        """Begin; requests wait for it."""
        if may_need_plan(self._live.generation.project):
            self._surroundings.hold()
            threading.Thread(target=self._read, name="edgeroutes-deployed", daemon=True).start()

    def expect(self, changed: Iterable[Path]) -> None:
        """As `look`."""

    def look(self, changed: Iterable[Path]) -> None:
        """What is deployed does not change with a save."""

    def close(self) -> None:
        """Nothing is held."""

    def _read(self) -> None:
        try:
            wanted = plan_functions(self._live.generation.project)
            plain = wanted.plain_variables
            self._surroundings.put_plan(wanted.plan, plain, wanted.unresolved_of, wanted.faults)
            for problem in wanted.problems:
                self._report(Logged(level="ERROR", message=str(problem)))
            found = self._found(wanted)
            self._surroundings.put({name: {**plain[name], **found.get(name, {})} for name in plain})
            self._warn_of_unresolved(wanted, found)
        except EdgeroutesError as err:
            self._report(Logged(level="ERROR", message=str(err)))
        except Exception as err:  # noqa: BLE001  # a thread's end
            self._report(Failed(message="the deployed stack could not be read", error=err))
        finally:
            self._surroundings.release()

    def _found(self, wanted: FunctionsPlan) -> dict[str, dict[str, str]]:
        if not wanted.unresolved:
            return {}
        stack = wanted.plan.config.name
        try:
            found = deployed_variables(stack)
        except ServiceError as err:
            self._report(Logged(level="WARNING", message=str(err)))
            return {}
        message = f"the functions' variables are those of the deployed stack {stack!r} ({len(found)} functions)"
        self._report(Logged(level="INFO", message=message))
        return found

    def _warn_of_unresolved(self, wanted: FunctionsPlan, found: dict[str, dict[str, str]]) -> None:
        fixed = self._surroundings.fixed
        for name, functions in sorted(wanted.unresolved.items()):
            lacking = [function for function in functions if name not in found.get(function, {})]
            if lacking and name not in fixed:
                more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
                message = (
                    f"{name} of {lacking[0]}{more} has no value here: its value is a resource's."
                    " Deploy the stack, or give it one in .env.local"
                )
                self._report(Logged(level="WARNING", message=message))


def deployed_variables(stack: str) -> dict[str, dict[str, str]]:
    """Logical id of a function → its variables, as they are deployed.

    Args:
        stack: The stack's name, in the account and the region of the environment's credentials.

    Raises:
        ServiceError: There is no such stack, or AWS refused.
    """
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        pages = boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        names: dict[str, str] = {
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for page in pages
            for each in page["StackResourceSummaries"]
            if each["ResourceType"] == "AWS::Lambda::Function" and "PhysicalResourceId" in each
        }
        client: Any = boto3.client("lambda")
        return {
            logical_id: client.get_function_configuration(FunctionName=name).get("Environment", {}).get("Variables", {})
            for logical_id, name in names.items()
        }
    except (BotoCoreError, ClientError) as err:
        hint = "Deploy it, choose its account and region (AWS_PROFILE, AWS_REGION), or set the variables in .env.local"
        raise ServiceError(
            f"its functions' variables cannot be read: {err}", where=f"the stack {stack!r}", hint=hint
        ) from err
