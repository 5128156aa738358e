"""Which calls are the same: properties, beside the examples in test_cached.py."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.services.cache_keys import call_key, function_key

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def find(a: Any, b: Any = None, *rest: Any, c: Any = 1) -> None:
    """Takes what is given."""


def with_types(value: Any) -> Any:
    """The value with distinct types where Python compares them as equal and JSON does not: 1, 1.0 and True."""
    if isinstance(value, list):
        return [with_types(each) for each in value]
    if isinstance(value, dict):
        return {name: with_types(each) for name, each in value.items()}
    return type(value).__name__, repr(value)


@given(PLAIN, PLAIN)
def test_two_values_have_one_key_if_and_only_if_they_are_the_same(one: Any, other: Any) -> None:
    assert (call_key(find, [one], {}) == call_key(find, [other], {})) == (with_types(one) == with_types(other))


@given(PLAIN, PLAIN, PLAIN)
def test_by_name_by_place_or_by_default_is_the_same(a: Any, b: Any, c: Any) -> None:
    spelled = [((a, b), {"c": c}), ((a,), {"b": b, "c": c}), ((), {"c": c, "b": b, "a": a})]
    assert len({call_key(find, args, named) for args, named in spelled}) == 1
    assert call_key(find, (a, None), {"c": 1}) == call_key(find, (a,), {})


@given(st.lists(PLAIN, max_size=3), st.lists(PLAIN, max_size=3))
def test_what_has_no_name_counts_too(one: list[Any], other: list[Any]) -> None:
    keys = [call_key(find, [0, 0, *rest], {}) for rest in (one, other)]
    assert (keys[0] == keys[1]) == (with_types(one) == with_types(other))


def test_a_builtin_has_its_name_alone() -> None:
    assert function_key(len) == "builtins.len"
    assert function_key(find).startswith(f"{__name__}.find:")
