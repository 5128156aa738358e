"""Each test has no request in progress but its own, and credentials of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest

from edgeroutes.http.response import current_request

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def isolation(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the credentials of the test that made it
    token = current_request.set(None)
    yield
    current_request.reset(token)
