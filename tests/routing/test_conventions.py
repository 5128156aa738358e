from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType

import pytest

from edgeroutes.errors import ProblemsError, RouteFileError
from edgeroutes.http.cors import CORS
from edgeroutes.routing.conventions import CONFIG_NAMES, METHODS, SegmentConfig

CASES = json.loads((Path(__file__).parents[1] / "cases" / "routing" / "config.json").read_text())


def test_these_methods_can_be_exported() -> None:
    """Source: facts/nextjs.md M1."""
    assert METHODS == ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def test_a_module_without_config_has_the_defaults() -> None:
    config = SegmentConfig.from_namespace({"GET": print, "tag": 1, "__name__": "route"}, "route.py")
    assert {name: getattr(config, name) for name in CONFIG_NAMES} == {
        "dynamic": "auto",
        "revalidate": None,
        "tags": (),
        "dynamic_params": True,
        "fetch_cache": "auto",
        "max_duration": None,
        "runtime": "lambda",
        "preferred_region": "auto",
        "streaming": None,
        "cors": None,
        "isolate": None,
        "auth": None,
        "limit": None,
        "idempotent": None,
    }
    assert config == SegmentConfig()


@pytest.mark.parametrize(("name", "value", "held"), CASES["good"], ids=lambda value: str(value)[:30])
def test_config_holds(name: str, value: object, held: object) -> None:
    config = SegmentConfig.from_namespace(MappingProxyType({name: value}), "route.py")
    held = tuple(held) if isinstance(held, list) else held
    assert config == SegmentConfig(**{name: held})


@pytest.mark.parametrize(("name", "value", "message"), CASES["refused"], ids=lambda value: str(value)[:30])
def test_config_refuses(name: str, value: object, message: str) -> None:
    with pytest.raises(RouteFileError) as caught:
        SegmentConfig.from_namespace({name: value}, "functions/x/route.py")
    assert str(caught.value) == f"functions/x/route.py: {message}"


def test_tags_are_counted_and_measured() -> None:
    assert SegmentConfig.from_namespace({"tags": ["t" * 256] * 49}, "f").tags == ("t" * 256,) * 49
    with pytest.raises(RouteFileError, match=r"^f: tags has 50 entries\. Allowed are 49\.$"):
        SegmentConfig.from_namespace({"tags": ["t"] * 50}, "f")
    with pytest.raises(RouteFileError, match=r"^f: tag 't{20}…' has 257 characters\. Allowed are up to 256\.$"):
        SegmentConfig.from_namespace({"tags": ["t" * 257]}, "f")


def test_all_invalid_values_are_reported_together() -> None:
    with pytest.raises(ProblemsError) as caught:
        SegmentConfig.from_namespace({"revalidate": -1, "dynamic": "x", "tags": ["ok"]}, "f")
    assert [problem.problem.split(" is ")[0] for problem in caught.value.problems] == ["dynamic", "revalidate"]


def test_cors_is_kept_as_it_is() -> None:
    cors = CORS("https://a.example")
    assert SegmentConfig.from_namespace({"cors": cors}, "f").cors is cors


def test_zero_seconds_are_not_the_same_as_for_ever() -> None:
    assert SegmentConfig(revalidate=0) != SegmentConfig(revalidate=False)
    assert SegmentConfig() != "SegmentConfig()"


def test_config_shows_the_written_values() -> None:
    assert repr(SegmentConfig(revalidate=60, tags=("a",))) == "SegmentConfig(revalidate=60, tags=('a',))"
    assert repr(SegmentConfig()) == "SegmentConfig()"
