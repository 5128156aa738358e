from __future__ import annotations

import pytest

from edgeroutes.errors import ConfigError
from edgeroutes.plan.cloudformation import SHORT_TAGS, parse_yaml


def test_short_tags_become_the_long_form() -> None:
    text = """
    A: !Ref Table
    B: !GetAtt Table.Stream.Arn
    C: !Sub '${A}-b'
    D: !If [Cond, !Ref X, !Ref 'AWS::NoValue']
    E: !Sub
      - '${a}'
      - {a: !GetAtt [X, Y]}
    F: {Fn::Join: ['', [a, !ImportValue b]]}
    G: !Condition Cond
    """
    assert parse_yaml(text, "x.yaml").value == {
        "A": {"Ref": "Table"},
        "B": {"Fn::GetAtt": ["Table", "Stream.Arn"]},
        "C": {"Fn::Sub": "${A}-b"},
        "D": {"Fn::If": ["Cond", {"Ref": "X"}, {"Ref": "AWS::NoValue"}]},
        "E": {"Fn::Sub": ["${a}", {"a": {"Fn::GetAtt": ["X", "Y"]}}]},
        "F": {"Fn::Join": ["", ["a", {"Fn::ImportValue": "b"}]]},
        "G": {"Condition": "Cond"},
    }


@pytest.mark.parametrize("tag", SHORT_TAGS)
def test_every_short_tag_is_read(tag: str) -> None:
    assert list(parse_yaml(f"A: {tag} b.c", "x.yaml").value["A"]) == [SHORT_TAGS[tag]]


def test_dates_stay_texts_and_keys_are_texts() -> None:
    text = "Version: 2012-10-17\n200: yes\non: 0\n"
    assert parse_yaml(text, "x.yaml").value == {"Version": "2012-10-17", "200": True, "on": 0}


def test_anchors_and_merge_keys_work() -> None:
    text = "A: &a {x: 1, y: 2}\nB:\n  <<: *a\n  y: 3\n"
    assert parse_yaml(text, "x.yaml").value == {"A": {"x": 1, "y": 2}, "B": {"x": 1, "y": 3}}


def test_an_empty_file_is_an_empty_mapping() -> None:
    assert [parse_yaml(text, "x.yaml").value for text in ("", "# nothing\n", "---\n", "~")] == [{}, {}, {}, {}]


def test_every_key_and_item_knows_its_line() -> None:
    document = parse_yaml("A:\n  B:\n    - one\n    - C: 1\n", "infra/x.yaml")
    assert document.where("A", "B", 1, "C") == "infra/x.yaml:4"
    assert document.where("A", "B", 7) == "infra/x.yaml:2"
    assert document.where("Z") == "infra/x.yaml"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1, 2\nb: 3\n", "x.yaml:2: the file is not YAML"),
        ("a: 1\n  b: 2\n", "x.yaml:2: the file is not YAML"),
        ("\tx: 1", "x.yaml:1: the file is not YAML"),
        ("a: 1\nb: \x00", "x.yaml:2: the file is not YAML: it has the character '\\x00'."),
        ("a: 1\n---\nb: 2\n", "x.yaml:2: the file is not YAML"),
        ("a: *nothing\n", "x.yaml:1: the file is not YAML: found undefined alias 'nothing'"),
        ("- a\n- b\n", "x.yaml:1: the file is not a mapping of names to values. Write 'Name: value' lines."),
        ("text", "x.yaml:1: the file is not a mapping of names to values. Write 'Name: value' lines."),
        ("a: 1\nb: 2\na: 3\n", "x.yaml:3: the key 'a' stands here twice, first in line 1. Remove one of them."),
        ("a: !Reff b\n", "x.yaml:1: CloudFormation has no tag '!Reff'. Did you mean '!Ref'?"),
        ("a: !zzz b\n", "x.yaml:1: CloudFormation has no tag '!zzz'. Allowed are !Ref"),
        ("a: &a [*a]\n", "x.yaml:1: an anchor contains itself."),
        ("? [a, b]\n: 1\n", "x.yaml:1: a key is not a plain string."),
        ("a:\n  <<: 1\n", "x.yaml:2: '<<' takes a mapping."),
        ("a: " + "[" * 2000 + "]" * 2000, "x.yaml:1: the file is not YAML: nested too deeply."),
    ],
)
def test_an_invalid_file_is_an_error_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "x.yaml")
    assert str(caught.value).startswith(said)
