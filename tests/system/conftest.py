"""What the system tests share: a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.system.browser import Browser, find_browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.system.browser import Page


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = find_browser()
    if program is None:
        pytest.skip("Chromium is not on PATH: install it, or name it in EDGEROUTES_CHROMIUM")
    browser = Browser(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.stop()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.open_page() as page:
        yield page
