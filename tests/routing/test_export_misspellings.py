from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.routing.bindings import read_bindings
from edgeroutes.routing.conventions import CONFIG_NAMES
from edgeroutes.routing.exports import check_names


def suspected(source: str) -> list[str]:
    return [str(problem) for _, problem in check_names(read_bindings(ast.parse(source)), "f")]


@pytest.mark.parametrize("name", sorted(CONFIG_NAMES))
def test_a_config_name_in_the_spelling_of_next_is_suspected(name: str) -> None:
    first, *others = name.split("_")
    for other in ({first + "".join(map(str.title, others)), name.title().replace("_", ""), name + "_"}) - {name}:
        assert suspected(f"{other} = 1") == [f"f:1: {other!r} is not a segment config. Rename it to {name!r}."]


# Names that authors use for their own things, some of them close to an export's.
@pytest.mark.parametrize(
    "name",
    [
        "tag",
        "revalidator",
        "stream",
        "APP",
        "cache",
        "timeout",
        "limit",
        "region",
        "regions",
        "duration",
        "dynamo",
        "engine",
        "table",
        "client",
        "session",
        "config",
        "settings",
        "logger",
        "router",
        "params",
        "isolation",
        "runtimes_by_name",
        "preferred",
        "origins",
        "cors_headers",
        "tags_by_id",
        "static",
        "max_size",
        "max_items",
        "title",
        "description",
        "VERSION",
        "PAGE_SIZE",
        "dynamo_table",
        "fetcher",
        "cached",
        "streamer",
        "run_time_error",
        "data",
    ],
)
def test_an_ordinary_name_is_not_suspected(name: str) -> None:
    assert suspected(f"{name} = 1\ndef GET(): ...") == []
    assert suspected(f"def {name}(): ...\ndef GET(): ...") == []


def test_a_value_that_is_computed_is_not_suspected() -> None:
    assert suspected("maxDuration = compute()") == []


def test_a_name_is_reported_once() -> None:
    assert len(suspected("maxDuration = 1\nmaxDuration = 2")) == 1


@given(st.from_regex(r"[a-zA-Z_]{1,12}", fullmatch=True))
def test_a_name_that_the_file_reads_is_only_suspected_when_it_is_a_method(name: str) -> None:
    source = f"{name}_x = 1\nprint({name}_x)"
    assert suspected(source) == []
