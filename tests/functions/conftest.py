"""The example application, ready to be asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edgeroutes.services.data_cache import data_cache
from edgeroutes.testing import RouteClient

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def project_client() -> Iterator[RouteClient]:
    with RouteClient(ROOT) as client:
        yield client


@pytest.fixture
def client(project_client: RouteClient) -> Iterator[RouteClient]:
    """A client without cookies, a store as it was at the start, and a data cache with nothing in it."""
    from functions._shared import store

    store.reset()
    data_cache().clear()
    project_client.cookies.clear()
    yield project_client
    store.reset()
