"""The apps, each behind each adapter; made once a module, since a dev server takes the log of the whole process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conformance.drivers import DRIVERS, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conformance.drivers import Driver

HERE = Path(__file__).parent


@pytest.fixture(params=DRIVERS, scope="module")
def adapter(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def open_driver() -> Iterator[Callable[[str, str, Settings], Driver]]:
    """Gives the driver of an adapter for the app in a folder, with settings; the same one each time."""
    opened: dict[tuple[str, str, Settings], Driver] = {}

    def open_driver(adapter: str, app: str, settings: Settings) -> Driver:
        key = (adapter, app, settings)
        if key not in opened:
            opened[key] = DRIVERS[adapter](HERE / app, settings)
        return opened[key]

    yield open_driver
    for driver in opened.values():
        driver.close()
