"""Where the project runs, for code that has to behave differently in tests or on a developer's machine."""

from __future__ import annotations

from os import environ

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

# `edgeroutes.testing` sets it to "test". Lambda, also under `sam local`, gives every function the address of its Runtime API.
environment: Literal["dev", "test", "lambda"] = "lambda" if "AWS_LAMBDA_RUNTIME_API" in environ else "dev"
