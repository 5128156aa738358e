"""What all tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from edgeroutes.testing import RouteClient

PROJECT = Path(__file__).parents[1]


@pytest.fixture
def client() -> Iterator[RouteClient]:
    """The project's routes, asked by the event that Lambda would get."""
    with RouteClient(PROJECT) as client:
        yield client
