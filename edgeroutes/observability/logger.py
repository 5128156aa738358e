"""`logger`: Powertools' JSON logger, whose lines name the request they belong to. Request wing, floor 2.

Costs the import of Powertools' Logger (about 23 ms of a cold start), so only routes that use it load it.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

from aws_lambda_powertools import Logger

from edgeroutes.runtime.context import find_scope


class RequestFilter(logging.Filter):
    """Adds `route`, `method`, `path` and `request_id` to every record that is made while a request is answered."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true: it adds, and drops nothing."""
        scope = find_scope()
        if scope is not None:
            record.route = scope.endpoint.route.route_path
            record.method = scope.incoming.method
            record.path = scope.incoming.path
            record.request_id = scope.incoming.request_id
        return True


class StdoutHandler(logging.StreamHandler[TextIO]):
    """Writes to what `sys.stdout` is when a line is written, so that a test that captures output sees it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # as logging's own handler of last resort has it
        """Standard output, now."""
        return sys.stdout


# The service's name comes from POWERTOOLS_SERVICE_NAME, the level from POWERTOOLS_LOG_LEVEL, as Powertools documents.
logger = Logger(logger_handler=StdoutHandler())
logger.addFilter(RequestFilter())
