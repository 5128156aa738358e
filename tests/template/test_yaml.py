from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeroutes.plan.cloudformation import SHORT_TAGS, parse_yaml
from edgeroutes.template.document import HEADER, render_yaml


def test_functions_have_their_short_tags() -> None:
    value = {
        "A": {"Ref": "AWS::StackName"},
        "B": {"Fn::GetAtt": ["Api", "Arn"]},
        "C": {"Fn::Sub": "${A}: b"},
        "D": {"Fn::If": ["Is", {"Ref": "X"}, {"Ref": "AWS::NoValue"}]},
        "E": {"Fn::Sub": ["${x}", {"x": 1}]},
        "F": {"Fn::Base64": {"Fn::Sub": "x"}},
        "G": {"Condition": "Is"},
        "H": {"Fn::Select": [0, {"Fn::GetAZs": ""}]},
    }
    assert render_yaml(value) == HEADER + (
        "A: !Ref AWS::StackName\n"
        "B: !GetAtt Api.Arn\n"
        "C: !Sub '${A}: b'\n"
        "D: !If\n"
        "  - Is\n"
        "  - !Ref X\n"
        "  - !Ref AWS::NoValue\n"
        "E: !Sub\n"
        "  - ${x}\n"
        "  - x: 1\n"
        "F:\n"
        "  Fn::Base64: !Sub x\n"
        "G:\n"
        "  Condition: Is\n"
        "H: !Select\n"
        "  - 0\n"
        "  - Fn::GetAZs: ''\n"
    )


def test_what_yaml_would_read_as_something_else_is_quoted() -> None:
    value = {"Version": "2012-10-17", "a": "yes", "b": "1", "c": "", "d": "*/*", "e": "null", "f": "line\nline\n"}
    text = render_yaml(value)
    assert "Version: '2012-10-17'" in text
    assert "f: |\n  line\n  line\n" in text
    assert parse_yaml(text, "x").value == value


def test_the_same_list_twice_is_written_twice() -> None:
    both = ["x"]
    assert "&" not in render_yaml({"a": both, "b": both})


_texts = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12) | st.sampled_from(
    ["yes", "on", "0x1f", "1e3", "2012-10-17", "a: b", "a #b", "- a", "!Ref x", "${A}", "a\nb\n", "a\n b", " a ", "|"]
)
_scalars = _texts | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
_functions = st.builds(
    lambda name, value: {name: value},
    st.sampled_from(sorted(set(SHORT_TAGS.values()) - {"Fn::GetAtt"})),
    st.lists(_scalars, max_size=3) | _texts,
)
_values: Any = st.recursive(
    _scalars | _functions | st.just({"Fn::GetAtt": ["Api", "Arn"]}),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_texts.filter(lambda key: key != "<<"), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(st.sampled_from(["A", "b c", "200", "on"]), _values, min_size=1, max_size=3))
def test_what_is_written_is_read_as_it_was(value: dict[str, Any]) -> None:
    text = render_yaml(value)
    assert parse_yaml(text, "x").value == value
    assert render_yaml(value) == text


@pytest.mark.parametrize("value", [{"Ref": 1}, {"Fn::GetAtt": ["A", {"Ref": "B"}]}, {"Fn::Sub": None}, {"Ref": ""}])
def test_what_no_short_tag_can_say_keeps_its_long_form(value: dict[str, Any]) -> None:
    assert parse_yaml(render_yaml({"A": value}), "x").value == {"A": value}
