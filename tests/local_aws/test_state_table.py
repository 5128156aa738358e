"""The state table in local AWS: made by itself, and permitted to the functions that keep state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import moto
import pytest

from edgeroutes.guards.state import TableState, absent
from edgeroutes.local_aws.stack import Cloud, start_cloud

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def test_a_project_with_a_limit_has_the_table_by_itself(tmp_path: Path) -> None:
    folder = tmp_path / "functions/a"
    folder.mkdir(parents=True)
    (folder / "route.py").write_text(
        "from edgeroutes.ratelimit import RateLimit\nlimit = RateLimit('5/minute')\ndef GET():\n    return {}\n"
    )
    with moto.mock_aws():
        cloud = start_cloud(tmp_path, Cloud()).cloud
        name = cloud.environment_of("AFunction")["EDGEROUTES_STATE_TABLE"]
        assert name == cloud.resources["EdgeroutesState"].physical_id
        state = TableState(name)
        assert state.put("one", {"count": 1}, absent("count")) is None
        assert state.put("one", {"count": 2}, absent("count")) == {"count": 1}
        state.delete("one")
        assert state.read("one") is None
