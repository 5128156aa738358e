from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.http.cors import CORS, canonical_origin

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
        ({"origins": "*", "credentials": True}, "credentials is True and origins is '*', which browsers reject. List the origins"),
        (
            {"origins": APP, "credentials": True, "headers": "*"},
            ("credentials is True and headers has '*', which is not a wildcard for requests with credentials. "
            "List them"),
        ),
        (
            {"origins": APP, "credentials": True, "methods": ["*"]},
            ("credentials is True and methods has '*', which is not a wildcard for requests with credentials. "
            "List them"),
        ),
        (
            {"origins": APP, "credentials": True, "expose": ["x-a", "*"]},
            ("credentials is True and expose has '*', which is not a wildcard for requests with credentials. "
            "List them"),
        ),
        ({"origins": APP, "methods": ["get"]}, "methods has 'get'. Allowed are GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, and '*'"),
        ({"origins": APP, "methods": 5}, "methods is 5. Allowed are a string and a list of strings"),
        ({"origins": APP, "headers": ["x a"]}, "headers has 'x a'. Allowed are header names, and '*'"),
        ({"origins": APP, "expose": [1]}, "expose is [1]. Allowed are a string and a list of strings"),
        ({"origins": APP, "credentials": 1}, "credentials is 1. Allowed are True and False"),
        ({"origins": APP, "private_network": "yes"}, "private_network is 'yes'. Allowed are True and False"),
        ({"origins": APP, "max_age": True}, "max_age is True. Allowed are whole seconds from 0"),
        ({"origins": APP, "max_age": 1.5}, "max_age is 1.5. Allowed are whole seconds from 0"),
        (
            {"origins": "null", "max_age": -1},
            ("max_age is -1. Allowed are whole seconds from 0. origins has 'null', which any page can send from a "
            "sandboxed frame. Allow '*' or real origins"),
        ),
    ],
)  # fmt: skip
def test_what_browsers_would_not_take_is_refused_with_the_reason(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=r"Allowed|List|must contain") as caught:
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
        # One origin goes to every client: the browser compares, and a cache needs one copy.
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
    assert cors.response_fields(origin) == fields


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
    assert (cors.response_vary(), cors.preflight_vary(), cors.varies_by_origin) == (response, preflight, bool(response))


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
def test_a_preflight_allows_a_part_of_the_request(
    cors: CORS, asked: tuple[str, str, str | None], fields: dict[str, str]
) -> None:
    expected = [(f"{ALLOW}-{name}", value) for name, value in fields.items()]
    if fields:
        expected.append(("access-control-max-age", str(cors.max_age)))
    assert cors.preflight_fields(*asked) == expected


@pytest.mark.parametrize(("is_allowed", "is_requested"), [(True, True), (True, False), (False, True)])
def test_a_private_network_is_opened_on_request(is_allowed: bool, is_requested: bool) -> None:
    fields = CORS("*", methods=["GET"], private_network=is_allowed).preflight_fields(
        APP, "GET", private_network=is_requested
    )
    assert ((f"{ALLOW}-private-network", "true") in fields) is (is_allowed and is_requested)


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
    assert CORS("env:ORIGINS").response_fields("env:ORIGINS") == []


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "the environment variable ORIGINS is not set. It must contain the origins that CORS allows"),
        ({"ORIGINS": ""}, "the environment variable ORIGINS is ''. It must contain the origins that CORS allows"),
        ({"ORIGINS": " , "}, "the environment variable ORIGINS is ' , '. It must contain the origins that CORS allows"),
        (
            {"ORIGINS": "env:X"},
            "the environment variable ORIGINS is 'env:X'. It must contain the origins that CORS allows",
        ),
        (
            {"ORIGINS": "a.example"},
            (
                "with the environment variable ORIGINS, origins has 'a.example'. Allowed is scheme://host, with a "
                "port unless it is the scheme's default, and without a path"
            ),
        ),
        (
            {"ORIGINS": "*"},
            (
                "with the environment variable ORIGINS, credentials is True and origins is '*', which browsers "
                "reject. List the origins"
            ),
        ),
        (
            {"ORIGINS": "{{resolve:ssm:/origins}}"},
            (
                "with the environment variable ORIGINS, origins has '{{resolve:ssm:/origins}}'. Allowed is "
                "scheme://host, with a port unless it is the scheme's default, and without a path"
            ),
        ),
    ],
)
def test_an_environment_variable_is_checked(environ: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=r"Allowed|List|must contain") as caught:
        CORS("env:ORIGINS", credentials=True).with_environment(environ)
    assert str(caught.value) == said


# As written → as browsers send it.
SPELLINGS = {
    "https://app.example.com": "https://app.example.com",
    "https://app.example.com/": "https://app.example.com",
    "HTTPS://App.Example.COM": "https://app.example.com",
    "https://app.example.com:443": "https://app.example.com",
    "https://app.example.com:0443": "https://app.example.com",
    "http://app.example.com:443": "http://app.example.com:443",
    "http://app.example.com:80": "http://app.example.com",
    "http://localhost:3000": "http://localhost:3000",
    "https://app.example.com.": "https://app.example.com.",
    "https://bücher.example": "https://xn--bcher-kva.example",
    "https://BÜCHER.example:8443": "https://xn--bcher-kva.example:8443",
    "https://例え.テスト": "https://xn--r8jz45g.xn--zckzah",
    "https://i❤.ws": "https://xn--i-7iq.ws",
    "http://127.0.0.1:8080": "http://127.0.0.1:8080",
    "http://[::1]:3000": "http://[::1]:3000",
    "http://[0:0:0:0:0:0:0:1]": "http://[::1]",
    "http://[2001:DB8::0:1]:80": "http://[2001:db8::1]",
    "http://[::FFFF:1.2.3.4]:81": "http://[::ffff:102:304]:81",
    "https://ÅNGSTRÖM.example": "https://xn--ngstrm-hua5l.example",
    "https://a_b.example": "https://a_b.example",
    "https://a--b.example": "https://a--b.example",
}


@pytest.mark.parametrize(("written", "sent"), SPELLINGS.items())
def test_an_origin_is_brought_into_a_browsers_spelling(written: str, sent: str) -> None:
    assert canonical_origin(written) == sent
    assert CORS(sent).origins == (sent,)


def test_it_is_the_spelling_of_the_url_standard() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node, which has the URL standard's parser, is not installed")
    program = "console.log(JSON.stringify(JSON.parse(process.argv[1]).map(each => new URL(each).origin)))"
    said = subprocess.run([node, "-e", program, json.dumps([*SPELLINGS])], capture_output=True, text=True, check=True)
    assert dict(zip(SPELLINGS, json.loads(said.stdout), strict=True)) == SPELLINGS


def test_apps_in_a_shell_of_their_own_have_origins_too() -> None:
    entries = ["capacitor://localhost", "chrome-extension://abcdefghijklmnop", "tauri://localhost"]
    assert CORS(entries).origins == tuple(entries)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (
            "https://a.example/x",
            "origins has 'https://a.example/x'. Allowed is scheme://host, with a port unless it is",
        ),
        ("a.example", "origins has 'a.example'. Allowed is scheme://host"),
        ("https://", "origins has 'https://'. Allowed is scheme://host"),
        ("https://user@a.example", "origins has 'https://user@a.example'. Allowed is scheme://host"),
        ("https://a.example https://b.example", "Allowed is scheme://host"),
        ("https://a.example\n", "Allowed is scheme://host"),
        ("https://a'b.example", "The host is not valid"),
        ("capacitor://a'b", "The host is not valid"),
        ("https://a..example", "The host is not valid"),
        ("https://a.example:99999", "A port is at most 65535"),
        ("http://127.1", "An address has four numbers up to 255, without leading zeros"),
        ("http://256.0.0.1", "An address has four numbers up to 255"),
        ("http://010.0.0.1", "An address has four numbers up to 255, without leading zeros"),
        ("http://[::1", "Allowed is scheme://host"),
        ("http://[1:2]", "origins has 'http://[1:2]'. At least 3 parts expected"),
        (
            "https://straße.example",
            "whose letters browsers and Python encode differently. Write it as browsers send it",
        ),
        *(
            (f"https://a{letter}b.example", "whose letters browsers and Python encode differently")
            for letter in ("\u1e9e", "\u03c2", "\u200d", "\u13a0", "\u10fc", "\u2024", "\u3164")
        ),
        ("https://\u06dd.example", "which cannot be encoded for DNS"),
        ("https://*.com", "a whole top-level domain. Allowed are '*.' and your own domain"),
        ("https://*.com.", "a whole top-level domain."),
        ("https://app.*.example.com", "Allowed is one '*', for all subdomains"),
        ("https://*", "Allowed is one '*', for all subdomains"),
        ("https://*.*.example.com", "Allowed is one '*', for all subdomains"),
        ("*.example.com", "Allowed is scheme://host"),
        ("null", "origins has 'null', which any page can send from a sandboxed frame. Allow '*' or real origins"),
        ("regex:(", "which is not a regular expression: missing ), unterminated subpattern at position 0"),
        ("regex:https?://.*", "which allows any origin. Say so with '*', or name the hosts in it"),
        ("env:", "Allowed after 'env:' is the name of an environment variable"),
        ("env:MY ORIGINS", "Allowed after 'env:' is the name of an environment variable"),
        ("", "origins has ''. Allowed is scheme://host"),
        (5, "origins has 5. Allowed are strings such as 'https://app.example.com'"),
    ],
)
def test_what_no_page_can_have_for_an_origin_is_refused(entry: str, said: str) -> None:
    with pytest.raises(ValueError, match="origins has") as caught:
        CORS([entry])
    assert said in str(caught.value)


def test_a_list_is_not_empty_and_everybody_stands_alone() -> None:
    with pytest.raises(ValueError, match="origins is empty"):
        CORS([])
    with pytest.raises(ValueError, match=r"'\*' allows every origin, so it must be the only entry"):
        CORS(["*", "https://a.example"])
    with pytest.raises(ValueError, match=r"origins is 5\. Allowed are a string and a list of strings"):
        CORS(5)  # type: ignore[arg-type]


RULES = CORS(
    [
        "https://app.example.com",
        "http://localhost:3000",
        "https://bücher.example",
        "https://*.wild.example",
        "https://*.port.example:8443",
        "http://*.localhost",
        r"regex:https://pr-[0-9]+\.preview\.example",
        "regex:http://a|http://ab",
    ]
)


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        ("https://app.example.com", True),
        ("HTTPS://APP.EXAMPLE.COM", False),  # no browser sends it; what is compared is bytes
        ("https://app.example.com:443", False),
        ("https://app.example.com.", False),
        ("https://app.example.com/", False),
        ("http://app.example.com", False),
        ("https://app.example.com.evil.example", False),
        ("https://xn--bcher-kva.example", True),
        ("https://bücher.example", False),
        ("http://localhost:3000", True),
        ("http://localhost:3001", False),
        ("https://a.wild.example", True),
        ("https://a.b.wild.example", True),
        ("https://wild.example", False),
        ("https://.wild.example", False),
        ("https://a..wild.example", False),
        ("https://evilwild.example", False),
        ("https://a.wild.example:8443", False),
        ("https://evil.example/.wild.example", False),
        ("https://evil.example:80.wild.example", False),
        ("https://evil.example#.wild.example", False),
        ("https://*.wild.example", False),
        ("https://a.wild.example.", False),
        ("https://a.port.example:8443", True),
        ("https://a.port.example", False),
        ("http://tenant.localhost", True),
        ("https://pr-12.preview.example", True),
        ("https://pr-12.preview.example.evil.example", False),
        ("xhttps://pr-12.preview.example", False),
        ("https://pr-12.preview.example\n", False),
        ("http://ab", True),
        ("http://abc", False),
        ("null", False),
        ("", False),
        ("*", False),
        ("env:X", False),
        (r"regex:https://pr-[0-9]+\.preview\.example", False),
        (f"https://{'a' * 300}.wild.example", False),
    ],
)
def test_origins_are_compared_as_browsers_do(origin: str, is_allowed: bool) -> None:
    assert RULES.allows(origin) is is_allowed


def test_everybody_is_also_who_has_no_origin_of_his_own() -> None:
    assert [CORS(["*"]).allows(origin) for origin in ("https://a.example", "null")] == [True, True]


@given(st.text(max_size=40))
def test_no_text_but_those_named_is_allowed(text: str) -> None:
    exact = CORS(["https://a.example", "http://b.example:81"])
    assert exact.allows(text) is (text in exact.origins)


@given(st.text(max_size=60))
def test_what_is_canonical_stays(text: str) -> None:
    try:
        sent = canonical_origin(f"https://{text}")
    except ValueError:
        return
    assert canonical_origin(sent) == sent
