"""What API Gateway makes of a function's result, and what it answers by itself. Floor 3; no I/O."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from edgeroutes.adapters.events import rest_result
from edgeroutes.dev.gateway import HttpAnswer, IntegrationError, read_result
from edgeroutes.http.caching import UNCACHED
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.problem import problem_response

if TYPE_CHECKING:
    from collections.abc import Iterable


def problem_answer(
    status: int,
    detail: str,
    path: str,
    fields: Iterable[tuple[str, str]] = (),
    *,
    request_id: str = "",
    **members: object,
) -> HttpAnswer:
    """An error of the gateway itself.

    Args:
        status: 400 to 599.
        detail: What happened.
        path: That was asked for.
        fields: Header fields that it has besides, such as those of CORS.
        request_id: The one of the log; without it a new one.
        members: More of the document.
    """
    error = HTTPError(status, detail, headers=dict(fields))
    response = problem_response(error, instance=path, request_id=request_id or str(uuid.uuid4()), **members)
    response.headers["cache-control"] = UNCACHED
    return read_result(rest_result(response, response.body))  # type: ignore[arg-type]  # JSON is whole


def gateway_answer(result: Any) -> HttpAnswer:
    """What API Gateway makes of a function's result, which comes to it as JSON.

    Raises:
        IntegrationError: When it would answer 502: no JSON, or no proxy result.
    """
    try:
        text = json.dumps(result, ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise IntegrationError(
            f"the result cannot be made JSON, which Lambda calls Runtime.MarshalError: {error}"
        ) from error
    try:
        return read_result(json.loads(text))
    except IntegrationError:
        raise
    except (ValueError, TypeError, AttributeError) as error:
        raise IntegrationError(f"the result is no proxy result: {error}") from error
