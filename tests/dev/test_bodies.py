"""Large bodies in dev, where the async routes share one event loop."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.cases.waiting_model import KINDS, post_and_get, waiting_route
from tests.dev.serving import PATIENCE_S, serving, shared_module

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_body_is_validated_beside_the_event_loop(tmp_path: Path, kind: str) -> None:
    with (
        shared_module("gate", begun=threading.Event(), asked=threading.Event(), found=[]) as gate,
        serving(tmp_path, {"x": waiting_route(kind, PATIENCE_S / 2)}) as served,
    ):
        assert post_and_get(str(served.client.base_url), gate, PATIENCE_S) == {"asked": True}
