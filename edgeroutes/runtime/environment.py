"""Where the project runs, for code that has to behave differently in tests or on a developer's machine."""

from __future__ import annotations

from os import environ
from sys import modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

# Nothing but tests imports `edgeroutes.testing`. Lambda, also under `sam local`, gives every function the address of its Runtime API.
environment: Literal["dev", "test", "lambda"] = (
    "test" if "edgeroutes.testing" in modules else "lambda" if "AWS_LAMBDA_RUNTIME_API" in environ else "dev"
)
