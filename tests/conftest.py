"""What every test module leaves behind: nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from edgeroutes.dev.isolation import drop_modules
from edgeroutes.guards.state import MemoryState, use_state_store

if TYPE_CHECKING:
    from collections.abc import Iterator

# On a busy machine an example is slow for reasons of the machine; the time limit of the test itself stays.
settings.register_profile("edgeroutes", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("edgeroutes")


@pytest.fixture(scope="module", autouse=True)
def _drop_projects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Drop the modules of temporary projects, so that the next test module does not import another project's `lib`."""
    yield
    root = tmp_path_factory.getbasetemp()
    drop_modules(root)
    sys.path[:] = [entry for entry in sys.path if not entry.startswith(f"{root}/")]


@pytest.fixture
def state() -> Iterator[MemoryState]:
    """The state that guards share, empty, in this process."""
    store = MemoryState()
    restore = use_state_store(store)
    yield store
    restore()
