"""Return annotations without effect, found in the source before anything runs."""

from __future__ import annotations

import pytest

from edgeroutes.routing.exports import read_exports

HEAD = "from typing import Annotated\nfrom dataclasses import dataclass\nfrom edgeroutes import Response, Status\n"


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (
            "def GET() -> Annotated[dict, Status(99)]: ...",
            "Status has the value 99. Allowed is a number from 200 to 599",
        ),
        ("def GET() -> Annotated[dict, Status('201')]: ...", "Status has the value '201'"),
        ("def GET() -> 'Annotated[dict, Status(600)]': ...", "Status has the value 600"),
        ("def GET() -> list[Annotated[dict, Status(201)]]: ...", "Status(201) has no effect inside"),
        ("def GET() -> Annotated[dict, Status(204)]: ...", "status 204 has no body"),
        ("class Out: ...\ndef GET() -> list[Out]: ...", "the return type Out cannot be used"),
        (
            "if TYPE_CHECKING:\n    from lib import Out\ndef GET() -> 'list[Out]': ...",
            "the return type Out is imported for type checkers only",
        ),
        ("def GET() -> complex: ...", "the return type complex cannot be used"),
        ("from collections.abc import Callable\ndef GET() -> Callable[[], int]: ...", "cannot be used"),
    ],
)
def test_an_annotation_that_cannot_have_an_effect_is_a_problem_of_its_line(source: str, problem: str) -> None:
    (found,) = read_exports(HEAD + source, "functions/x/route.py").problems

    line = (HEAD + source).splitlines().index(next(each for each in source.splitlines() if "GET" in each)) + 1
    assert str(found).startswith(f"functions/x/route.py:{line}: GET: ")
    assert problem in str(found)


@pytest.mark.parametrize(
    "source",
    [
        "def GET() -> Annotated[dict, Status(201)]: ...",
        "def GET() -> Annotated[None, Status(204)]: ...",
        "@dataclass\nclass Out: ...\ndef GET() -> Out: ...",
        "class Out(Base): ...\ndef GET() -> Out | Response: ...",
        "class Out:\n    def __json__(self): ...\ndef GET() -> Out: ...",
        "from lib import complex\ndef GET() -> complex: ...",
        "@wrap\ndef GET() -> complex: ...",
        "def GET() -> Response: ...",
        "class Doc: ...\ndef GET() -> Annotated[dict, Doc()]: ...",
        "class Doc: ...\ndef GET() -> Annotated[dict, Doc]: ...",
        "if TYPE_CHECKING:\n    from collections.abc import Iterator\ndef GET() -> 'Iterator[str]': ...",
        "from lib import Out\ndef GET() -> Out: ...",
    ],
)
def test_an_annotation_that_has_one_is_none(source: str) -> None:
    assert read_exports(HEAD + source, "functions/x/route.py").problems == ()
