from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.http.cors import CORS

APP = "https://app.example.com"
OTHER = "https://other.example.com"
ALLOW = "access-control-allow"


def test_everything_has_a_default_but_the_origins() -> None:
    cors = CORS(APP)
    assert cors == CORS(
        [APP], methods=None, headers=[], expose=[], credentials=False, max_age=600, private_network=False
    )
    with pytest.raises(TypeError, match="origins"):
        CORS()  # type: ignore[call-arg]


def test_it_is_a_value() -> None:
    one = CORS(["HTTPS://APP.example.com:443/"], headers=["X-A"], methods=["PUT"], credentials=True)
    assert (one, hash(one)) == (
        CORS([APP], headers=["x-a"], methods=("PUT",), credentials=True),
        hash(CORS([APP], headers=["x-a"], methods=("PUT",), credentials=True)),
    )
    assert (one == CORS([APP]), one == "CORS") == (False, False)
    assert repr(one) == "CORS(['https://app.example.com'], methods=['PUT'], headers=['x-a'], credentials=True)"


@given(
    st.builds(
        CORS,
        st.sampled_from(
            ["*", APP, f"{APP} {OTHER}", "https://*.example.com env:X", r"regex:https://[a-z]+\.x\.dev"]
        ).map(str.split),
        methods=st.none() | st.lists(st.sampled_from(["GET", "PUT", "*"])),
        headers=st.lists(st.sampled_from(["x-a", "authorization"])),
        expose=st.lists(st.sampled_from(["x-b", "*"])),
        max_age=st.integers(0, 9000),
        private_network=st.booleans(),
    )
)
def test_its_text_makes_it_again(cors: CORS) -> None:
    assert eval(repr(cors), {"CORS": CORS}) == cors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"origins": "*", "credentials": True}, "credentials is True and origins is '*', which browsers refuse. Name the origins"),
        (
            {"origins": APP, "credentials": True, "headers": "*"},
            ("credentials is True and headers has '*', which means the name '*' to browsers where credentials are sent. "
            "Name the headers"),
        ),
        (
            {"origins": APP, "credentials": True, "methods": ["*"]},
            ("credentials is True and methods has '*', which means the name '*' to browsers where credentials are sent. "
            "Name the methods"),
        ),
        (
            {"origins": APP, "credentials": True, "expose": ["x-a", "*"]},
            ("credentials is True and expose has '*', which means the name '*' to browsers where credentials are sent. "
            "Name the expose"),
        ),
        ({"origins": APP, "methods": ["get"]}, "methods has 'get'. Allowed are GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, and '*'"),
        ({"origins": APP, "methods": 5}, "methods is 5. Allowed are a text and a list of them"),
        ({"origins": APP, "headers": ["x a"]}, "headers has 'x a'. Allowed are names of headers, and '*'"),
        ({"origins": APP, "expose": [1]}, "expose is [1]. Allowed are a text and a list of them"),
        ({"origins": APP, "credentials": 1}, "credentials is 1. Allowed are True and False"),
        ({"origins": APP, "private_network": "yes"}, "private_network is 'yes'. Allowed are True and False"),
        ({"origins": APP, "max_age": True}, "max_age is True. Allowed are whole seconds from 0"),
        ({"origins": APP, "max_age": 1.5}, "max_age is 1.5. Allowed are whole seconds from 0"),
        (
            {"origins": "null", "max_age": -1},
            ("max_age is -1. Allowed are whole seconds from 0. origins has 'null', which any page can have, from a "
            "sandboxed frame. Allow '*' or real origins"),
        ),
    ],
)  # fmt: skip
def test_what_browsers_would_not_take_is_refused_with_the_reason(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=r"Allowed|Name|holds") as caught:
        CORS(**arguments)  # type: ignore[arg-type]
    assert str(caught.value) == said


SEVERAL = CORS([APP, OTHER], credentials=True, expose=["X-Total", "x-page"])
READABLE = [(f"{ALLOW}-credentials", "true"), ("access-control-expose-headers", "x-total, x-page")]


@pytest.mark.parametrize(
    ("cors", "origin", "fields"),
    [
        (CORS("*"), None, [(f"{ALLOW}-origin", "*")]),
        (CORS("*"), "null", [(f"{ALLOW}-origin", "*")]),
        (CORS("*", expose="*"), OTHER, [(f"{ALLOW}-origin", "*"), ("access-control-expose-headers", "*")]),
        # One origin is said to everybody: it is the browser that compares, and a cache needs one copy alone.
        (CORS(APP), None, [(f"{ALLOW}-origin", APP)]),
        (CORS(APP), OTHER, [(f"{ALLOW}-origin", APP)]),
        (SEVERAL, APP, [(f"{ALLOW}-origin", APP), *READABLE]),
        (SEVERAL, OTHER, [(f"{ALLOW}-origin", OTHER), *READABLE]),
        (SEVERAL, "https://elsewhere.example", []),
        (SEVERAL, "null", []),
        (SEVERAL, None, []),
        (CORS("https://*.example.com"), APP, [(f"{ALLOW}-origin", APP)]),
    ],
)
def test_a_response_says_who_may_read_it(cors: CORS, origin: str | None, fields: list[tuple[str, str]]) -> None:
    assert cors.answer_fields(origin) == fields


@pytest.mark.parametrize(
    ("cors", "response", "preflight"),
    [
        (CORS("*"), (), ("Access-Control-Request-Method", "Access-Control-Request-Headers")),
        (CORS(APP), (), ("Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers")),
        (SEVERAL, ("Origin",), ("Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers")),
        (
            CORS("*", private_network=True),
            (),
            (
                "Access-Control-Request-Method",
                "Access-Control-Request-Headers",
                "Access-Control-Request-Private-Network",
            ),
        ),
        (
            CORS("env:ORIGINS"),
            ("Origin",),
            ("Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"),
        ),
    ],
)
def test_what_a_response_varies_by(cors: CORS, response: tuple[str, ...], preflight: tuple[str, ...]) -> None:
    assert (cors.answer_vary(), cors.preflight_vary(), cors.varies_by_origin) == (response, preflight, bool(response))


EDITOR = CORS([APP, OTHER], methods=["GET", "PUT"], headers=["Authorization", "X-Trace"], max_age=60)


@pytest.mark.parametrize(
    ("cors", "asked", "fields"),
    [
        (EDITOR, (APP, "PUT", None), {"origin": APP, "methods": "PUT"}),
        (EDITOR, (APP, "PUT", "content-type,x-trace"), {"origin": APP, "methods": "PUT", "headers": "content-type, x-trace"}),
        (EDITOR, (APP, "PUT", " X-Trace ,\tAuthorization"), {"origin": APP, "methods": "PUT", "headers": "x-trace, authorization"}),
        (EDITOR, (APP, "PUT", "x-trace,x-other"), {"origin": APP, "methods": "PUT", "headers": "x-trace"}),
        (EDITOR, (APP, "PUT", "x-other"), {"origin": APP, "methods": "PUT"}),
        (EDITOR, (APP, "PUT", "x-trace,x-trace,,"), {"origin": APP, "methods": "PUT", "headers": "x-trace"}),
        # Left out of the list it is refused, and the browser says why.
        (EDITOR, (APP, "DELETE", None), {"origin": APP}),
        (EDITOR, (APP, "put", None), {"origin": APP}),
        # A browser sends it whatever the list says, so that there is nothing to say at all.
        (EDITOR, (APP, "POST", "content-type"), {}),
        (EDITOR, ("https://elsewhere.example", "PUT", None), {}),
        (EDITOR, ("null", "PUT", None), {}),
        (CORS(APP, methods=["PUT"]), (OTHER, "PUT", None), {}),
        (CORS("*", methods="*", headers="*"), ("null", "PATCH", "x-a,authorization,bad name"),
         {"origin": "*", "methods": "PATCH", "headers": "x-a, authorization"}),
        (CORS("*", methods="*"), (APP, "TRACE", None), {"origin": "*"}),
        (CORS(APP, methods=["PUT"], credentials=True), (APP, "PUT", None), {"origin": APP, "credentials": "true", "methods": "PUT"}),
    ],
)  # fmt: skip
def test_a_preflight_says_of_what_was_asked_what_is_allowed(
    cors: CORS, asked: tuple[str, str, str | None], fields: dict[str, str]
) -> None:
    expected = [(f"{ALLOW}-{name}", value) for name, value in fields.items()]
    if fields:
        expected.append(("access-control-max-age", str(cors.max_age)))
    assert cors.preflight_fields(*asked) == expected


@pytest.mark.parametrize(("is_allowed", "is_asked"), [(True, True), (True, False), (False, True)])
def test_a_private_network_is_opened_to_who_asks_for_it(is_allowed: bool, is_asked: bool) -> None:
    fields = CORS("*", methods=["GET"], private_network=is_allowed).preflight_fields(
        APP, "GET", private_network=is_asked
    )
    assert ((f"{ALLOW}-private-network", "true") in fields) is (is_allowed and is_asked)


def test_methods_of_its_own_stay() -> None:
    assert CORS(APP).with_methods(("GET", "HEAD")).methods == ("GET", "HEAD")
    assert CORS(APP, methods=["PUT"]).with_methods(("GET",)).methods == ("PUT",)


def test_origins_of_an_environment_variable_join_the_others() -> None:
    cors = CORS([APP, "env:MORE"], credentials=True)
    resolved = cors.with_environment({"MORE": "https://A.example, https://*.b.example\nhttp://localhost:3000"})
    assert resolved == CORS(
        [APP, "https://a.example", "https://*.b.example", "http://localhost:3000"], credentials=True
    )
    assert (cors.variables, resolved.variables, resolved.with_environment({})) == (["MORE"], [], resolved)


def test_a_variable_itself_allows_nobody() -> None:
    assert CORS("env:ORIGINS").answer_fields("env:ORIGINS") == []


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "the environment variable ORIGINS is not set. It holds the origins that CORS allows"),
        ({"ORIGINS": ""}, "the environment variable ORIGINS is ''. It holds the origins that CORS allows"),
        ({"ORIGINS": " , "}, "the environment variable ORIGINS is ' , '. It holds the origins that CORS allows"),
        ({"ORIGINS": "env:X"}, "the environment variable ORIGINS is 'env:X'. It holds the origins that CORS allows"),
        (
            {"ORIGINS": "a.example"},
            (
                "with what the environment variable ORIGINS holds, origins has 'a.example'. Allowed is scheme://host, with a "
                "port where it is not the scheme's own, and no path"
            ),
        ),
        (
            {"ORIGINS": "*"},
            (
                "with what the environment variable ORIGINS holds, credentials is True and origins is '*', which browsers "
                "refuse. Name the origins"
            ),
        ),
        (
            {"ORIGINS": "{{resolve:ssm:/origins}}"},
            (
                "with what the environment variable ORIGINS holds, origins has '{{resolve:ssm:/origins}}'. Allowed is "
                "scheme://host, with a port where it is not the scheme's own, and no path"
            ),
        ),
    ],
)
def test_an_environment_variable_is_checked(environ: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=r"Allowed|Name|holds") as caught:
        CORS("env:ORIGINS", credentials=True).with_environment(environ)
    assert str(caught.value) == said
