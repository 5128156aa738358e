from __future__ import annotations

import functools
import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.errors import RouteFileError
from edgeroutes.runtime.decorated import inspect_parameters
from edgeroutes.runtime.signature import ABSENT, Parameter
from edgeroutes.runtime.signature import read_parameters as read_plain_parameters

if TYPE_CHECKING:
    from collections.abc import Callable


def read_parameters(handler: Callable[..., Any], where: str) -> list[Parameter]:
    found = read_plain_parameters(handler, where)
    return inspect_parameters(handler, where) if found is None else found


def functions(source: str) -> dict[str, Any]:
    """The names of a file without `from __future__ import annotations`, as most route files are."""
    namespace: dict[str, Any] = {"__name__": "functions.x.route"}
    exec(compile(dedent(source), "route.py", "exec", dont_inherit=True), namespace)
    return namespace


def parameters(source: str, name: str = "GET") -> list[Parameter]:
    return read_parameters(functions(source)[name], "route.py, GET")


def test_names_annotations_and_defaults_are_read_in_order() -> None:
    source = "async def GET(request, id: int, page: int = 1, *, sort: str, limit: int = 10): ..."

    assert parameters(source) == [
        Parameter("request"),
        Parameter("id", int),
        Parameter("page", int, 1),
        Parameter("sort", str),
        Parameter("limit", int, 10),
    ]


@pytest.mark.parametrize(
    "source",
    [
        "def GET(): ...",
        "GET = lambda: {}",
        "async def GET():\n    yield 1",
    ],
)
def test_a_handler_may_ask_for_nothing(source: str) -> None:
    assert parameters(source) == []


def test_annotations_that_are_texts_are_evaluated_where_the_function_is() -> None:
    source = """
        from __future__ import annotations
        from uuid import UUID
        def GET(id: UUID, page: int | None = None): ...
    """

    assert (
        repr(parameters(source))
        == "[Parameter('id', <class 'uuid.UUID'>, ABSENT), Parameter('page', int | None, None)]"
    )


def test_a_decorated_handler_is_followed_to_what_it_wraps() -> None:
    source = """
        import functools
        def logged(function):
            @functools.wraps(function)
            def call(*args, **kwargs):
                return function(*args, **kwargs)
            return call
        @logged
        @functools.lru_cache
        def GET(id: int): ...
    """

    assert parameters(source) == [Parameter("id", int)]


@pytest.mark.parametrize(
    "source",
    [
        """
        class Handler:
            def __call__(self, id: int, page: "int" = 1): ...
        GET = Handler()
        """,
        """
        class Handler:
            def get(self, id: int, page: "int" = 1): ...
        GET = Handler().get
        """,
        """
        class Handler:
            @classmethod
            def get(cls, id: int, page: "int" = 1): ...
        GET = Handler.get
        """,
        """
        class Handler:
            @staticmethod
            def get(id: int, page: "int" = 1): ...
        GET = Handler.get
        """,
        """
        import functools
        def get(tenant, id: int, page: "int" = 1): ...
        GET = functools.partial(get, "acme")
        """,
    ],
)
def test_any_callable_is_read(source: str) -> None:
    assert parameters(source) == [Parameter("id", int), Parameter("page", int, 1)]


def test_no_request_can_change_an_argument_that_a_partial_object_sets() -> None:
    def get(number: int, table: object, page: int = 1) -> None: ...

    handler = functools.partial(get, table="users")

    assert read_parameters(handler, "") == [Parameter("number", int), Parameter("page", int, 1)]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "def GET(id, /): ...",
            "route.py, GET: a handler's arguments are given by name. Remove the '/' from its signature.",
        ),
        (
            "def GET(id: 'Missing'): ...",
            (
                "route.py, GET, argument 'id': its annotation 'Missing' cannot be read: name 'Missing' is not defined. "
                "Import it outside 'if TYPE_CHECKING:', because it is needed when the route runs."
            ),
        ),
        (
            "def GET(id: '1 +'): ...",
            (
                "route.py, GET, argument 'id': its annotation '1 +' cannot be read: "
                "SyntaxError: invalid syntax (<string>, line 1)."
            ),
        ),
        (
            "class H:\n    def __call__(self, id: 'Missing'): ...\nGET = H()",
            (
                "route.py, GET, argument 'id': its annotation 'Missing' cannot be read: name 'Missing' is not defined. "
                "Import it outside 'if TYPE_CHECKING:', because it is needed when the route runs."
            ),
        ),
    ],
)
def test_what_cannot_be_given_or_read_is_refused(source: str, message: str) -> None:
    with pytest.raises(RouteFileError) as raised:
        parameters(source)

    assert str(raised.value) == message


DECORATED = """
import functools, inspect
def decorate(function):
    {wrapper}
    return wrapper
@decorate
def GET(id: int, page: "int" = 1): ...
"""


def test_the_signature_that_a_decorator_sets_counts() -> None:
    wrapper = """@functools.wraps(function)
    def wrapper(token: str, **kwargs): ...
    id = inspect.signature(function).parameters["id"]
    token = inspect.Parameter("token", inspect.Parameter.KEYWORD_ONLY, annotation="str")
    wrapper.__signature__ = inspect.Signature([id, token])"""

    assert parameters(DECORATED.format(wrapper=wrapper)) == [Parameter("id", int), Parameter("token", str)]


def test_a_decorated_method_is_read_without_self() -> None:
    source = """
        import functools
        def logged(function):
            @functools.wraps(function)
            def call(self, *args, **kwargs): ...
            return call
        class Handler:
            @logged
            def get(self, id: int): ...
        GET = Handler().get
    """

    assert parameters(source) == [Parameter("id", int)]


def test_a_class_is_read_as_it_is_called() -> None:
    assert parameters("class GET:\n    def __init__(self, id: 'int'): ...") == [Parameter("id", int)]


@pytest.mark.parametrize(
    ("wrapper", "message"),
    [
        (
            "def wrapper(*args, **kwargs): ...",
            (
                "route.py, GET: it takes *args, which nothing in a request can fill. Name each argument. A decorator's "
                "wrapper that takes *args and **kwargs needs '@functools.wraps(function)'."
            ),
        ),
        (
            "@functools.wraps(function)\n    def wrapper(request, id): ...",
            (
                "route.py, GET: its decorator's wrapper does not take the argument 'page'. Give the wrapper **kwargs, and pass them on."
            ),
        ),
        (
            "@functools.wraps(function)\n    def wrapper(*args): ...",
            "route.py, GET: its decorator's wrapper does not take the argument 'id'. Give the wrapper **kwargs, and pass them on.",
        ),
        (
            "@functools.wraps(function)\n    def wrapper(session, **kwargs): ...",
            (
                "route.py, GET: its decorator's wrapper requires the argument 'session', which the signature does not report. "
                "Set the wrapper's __signature__ to one with it, or take the argument in the handler, too."
            ),
        ),
        (
            "@functools.wraps(function)\n    def wrapper(id, *, session, **kwargs): ...",
            (
                "route.py, GET: its decorator's wrapper requires the argument 'session', which the signature does not report. "
                "Set the wrapper's __signature__ to one with it, or take the argument in the handler, too."
            ),
        ),
    ],
)
def test_a_decorator_that_cannot_be_called_with_what_it_reports_is_refused(wrapper: str, message: str) -> None:
    with pytest.raises(RouteFileError) as raised:
        parameters(DECORATED.format(wrapper=wrapper))

    assert str(raised.value) == message


@pytest.mark.parametrize(
    "wrapper",
    [
        "@functools.wraps(function)\n    def wrapper(id, page): ...",
        "@functools.wraps(function)\n    def wrapper(id, trace=None, **kwargs): ...",
        "@functools.wraps(function)\n    def wrapper(*args, trace=None, **kwargs): ...",
    ],
)
def test_a_decorator_may_take_more_than_it_reports_where_that_has_a_default(wrapper: str) -> None:
    assert [each.name for each in parameters(DECORATED.format(wrapper=wrapper))] == ["id", "page"]


def test_an_annotation_of_what_is_returned_may_be_for_type_checkers_only() -> None:
    source = """
        from __future__ import annotations
        def GET(id: int) -> Missing: ...
    """

    assert parameters(source) == [Parameter("id", int)]


def test_inspect_is_loaded_only_for_what_is_not_a_plain_function() -> None:
    check = """
        import sys
        from edgeroutes.runtime.signature import read_parameters
        read_parameters(lambda id, page=1, *, q: None, "")
        assert "inspect" not in sys.modules
    """

    subprocess.run([sys.executable, "-S", "-c", dedent(check)], check=True, env={"PYTHONPATH": "."})


def test_absent_says_so() -> None:
    assert repr(ABSENT) == "ABSENT"
    assert Parameter("a") != "a"


def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def call(**arguments: Any) -> Any:
        return function(**arguments)

    return call


def test_a_wrapper_of_another_module_does_not_change_where_names_are_looked_up() -> None:
    source = """
        from __future__ import annotations
        from uuid import UUID as Id
        def GET(id: Id): ...
    """

    handler = wrapped(functions(source)["GET"])

    assert [parameter.annotation.__name__ for parameter in read_parameters(handler, "")] == ["UUID"]
