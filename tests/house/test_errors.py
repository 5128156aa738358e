"""The error tree that errors.py draws is the one that it has."""

from __future__ import annotations

import re

from edgeroutes import errors

DRAWN = re.compile(r"^(?P<branches>[│├└─ ]*)(?P<name>[A-Z]\w+Error)\b")


def drawn_tree() -> dict[str, str]:
    """Class → parent, as the docstring draws it: four columns to a level."""
    parents: dict[str, str] = {}
    line_of_ancestors: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        found = DRAWN.match(line.removeprefix("    "))
        if found is None or not line.startswith("    "):
            continue
        depth = len(found["branches"]) // 4
        line_of_ancestors = [*line_of_ancestors[:depth], found["name"]]
        parents[found["name"]] = line_of_ancestors[-2] if depth else "Exception"
    return parents


def real_tree() -> dict[str, str]:
    classes = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert all(issubclass(kind, errors.Problem) for kind in classes)
    return {kind.__name__: kind.__bases__[0].__name__ for kind in classes}


def test_the_tree_is_drawn_as_it_is() -> None:
    assert drawn_tree() == real_tree()
    assert list(drawn_tree()) == list(real_tree())


def test_an_error_says_where_what_and_what_to_do() -> None:
    error = errors.LayoutError(
        "segment '[id' has no closing bracket", where="functions/[id", hint="Name the folder '[id]'"
    )
    assert str(error) == "functions/[id: segment '[id' has no closing bracket. Name the folder '[id]'."
    assert str(errors.ConfigError("it is broken")) == "it is broken."
    assert (error.problem, error.where, error.hint) == error.args


def test_a_warning_is_a_problem_that_is_not_raised() -> None:
    warning = errors.Problem("the quota is 300", where="template.yaml", hint="Raise it")
    assert str(warning) == str(errors.ConfigError("the quota is 300", where="template.yaml", hint="Raise it"))
    assert str(errors.Problem("there is no 'a'", hint="Did you mean 'b'")) == "there is no 'a'. Did you mean 'b'?"


def test_the_hint_for_an_unknown_word_is_the_most_similar_known_one() -> None:
    assert errors.suggest("nme", {"name": 1, "stage": 2}, "Remove it") == "Did you mean 'name'"
    assert errors.suggest("x", ["name", "stage"], "Remove it") == "Remove it"
