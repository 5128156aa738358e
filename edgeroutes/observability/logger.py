"""`logger`: Powertools' JSON logger, with the request's data in each line.

The import of Powertools' Logger takes about 23 ms of a cold start, so only routes that use it load it.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import TextIO

from aws_lambda_powertools import Logger

from edgeroutes.runtime.context import find_scope
from edgeroutes.runtime.log import current_writer

# Keys that the terminal of `edgeroutes dev` shows beside the line or in the access log.
_STANDARD_KEYS = frozenset(
    ("level", "location", "message", "timestamp", "service", "exception", "exception_name", "stack_trace")
) | {"route", "method", "path", "request_id"}


class _RequestFilter(logging.Filter):
    """Adds `route`, `method`, `path` and `request_id` to every record during a request."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the keys; always true, so no record is dropped."""
        scope = find_scope()
        if scope is not None:
            record.route = scope.endpoint.route.route_path
            record.method = scope.incoming.method
            record.path = scope.incoming.path
            record.request_id = scope.incoming.request_id
        return True


class _StdoutHandler(logging.StreamHandler[TextIO]):
    """Writes to the current `sys.stdout`, so that tests can capture it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line of JSON; in dev, pass the record to the terminal."""
        writer = current_writer()
        if writer is None:
            super().emit(record)
            return
        message = record.getMessage() if isinstance(record.msg, str) else json.dumps(record.msg, default=str)
        error = record.exc_info[1] if record.exc_info else None
        writer(record.levelname, message, self._fields(record), error)

    def _fields(self, record: logging.LogRecord) -> dict[str, object]:
        """The user's own keys of a record; those of `append_keys` are in the formatter."""
        try:
            document = json.loads(self.format(record))
        except ValueError:  # the user's own formatter
            return {}
        return {name: value for name, value in document.items() if name not in _STANDARD_KEYS}

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # as logging's own handler of last resort has it
        """The current standard output."""
        return sys.stdout


# POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL set the service and the level.
logger = Logger(logger_handler=_StdoutHandler())
logger.addFilter(_RequestFilter())
