from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.http.cookies import ResponseCookies, merge_cookies, parse_cookies, parse_set_cookie

EPOCH = "Thu, 01 Jan 1970 00:00:00 GMT"
NAMES = st.text(st.sampled_from("abcXYZ019!#$%&'*+-.^_`|~"), min_size=1)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)))


def lines(jar: ResponseCookies) -> list[str]:
    return [str(cookie) for cookie in jar]


@pytest.mark.parametrize(
    ("header", "cookies"),
    [
        ("", {}),
        ("a=1; b=2", {"a": "1", "b": "2"}),
        ("a=1;b=2;", {"a": "1", "b": "2"}),
        ("a=b=c", {"a": "b=c"}),
        ("a=1; b=2; a=3", {"a": "3", "b": "2"}),
        ('a="quoted"', {"a": '"quoted"'}),
        ("a=x+y", {"a": "x+y"}),
        ("flag; a=1", {"flag": "true", "a": "1"}),
        ("a=", {"a": ""}),
        ("=1; a=2", {"a": "2"}),
        ("a=hello%20world; b=%E2%9C%93", {"a": "hello world", "b": "✓"}),
        ("a=%zz; b=%ff; c=3", {"c": "3"}),
        ("a=1; a=%zz", {"a": "1"}),
    ],
)
def test_a_cookie_header_is_read_as_nextjs_reads_it(header: str, cookies: dict[str, str]) -> None:
    """Source: facts/nextjs.md K3."""
    assert parse_cookies(header) == cookies


WHITE_SPACE = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000 and chr(code).isspace()]
CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA1), 0x200B, 0x2060, 0xFEFF)]
PREFIXED = ["__Host-a", "__Secure-a", "__Http-a", "__Host-Http-a"]


@pytest.mark.parametrize("name", PREFIXED)
def test_no_character_around_a_name_forges_a_prefix(name: str) -> None:
    """Browsers protect names that begin with the prefix, after they have taken off spaces and tabs (RFC 6265bis §5.6)."""
    for character in {*WHITE_SPACE, *CONTROLS} - {" ", "\t", ";"}:
        for forged in (f"{character}{name}=evil", f"{name}{character}=evil", f" {character} {name}=evil"):
            assert parse_cookies(f"{name}=good; {forged}")[name] == "good", repr(forged)
            assert name not in parse_cookies(forged), repr(forged)
            assert parse_set_cookie(forged).name != name


@pytest.mark.parametrize(
    "forged",
    [
        "={}=evil",
        " = {}=evil",
        "{}",
        "{} ",
        '"{}"=evil',
        "a={}=evil",
        "x,{}=evil",
        "%5F{}=evil",
        "$Version=1,{}=evil",
        "={}",
    ],
)
@pytest.mark.parametrize("name", PREFIXED)
def test_neither_do_nameless_quoted_and_encoded_ones(name: str, forged: str) -> None:
    assert name not in parse_cookies(forged.format(name))
    assert parse_cookies(f"{name}=good; {forged.format(name)}")[name] == "good"
    assert name.swapcase() not in parse_cookies(f"{name}=good")


def test_spaces_and_tabs_around_a_name_do_not_count() -> None:
    assert parse_cookies("\t a=1 ; \t__Host-b=2") == {"a": "1", "__Host-b": "2"}
    assert str(parse_set_cookie("\ta = 1 ;\tpath\t=\t/x ; Secure ")) == "a=1; Path=/x; Secure"


@pytest.mark.parametrize(
    ("name", "attributes", "missing"),
    [
        ("__Host-a", {}, "'__Host-' requires secure=True"),
        ("__Host-a", {"secure": False, "path": "/x"}, "requires secure=True and path='/'"),
        ("__Host-a", {"secure": True, "path": ""}, "requires path='/'"),
        ("__hOsT-a", {"secure": True, "domain": "example.org"}, "'__hOsT-' requires no domain"),
        ("__Secure-a", {}, "'__Secure-' requires secure=True"),
        ("__SECURE-a", {"path": "/x", "domain": "example.org"}, "'__SECURE-' requires secure=True"),
        ("__Http-a", {"secure": True}, "'__Http-' requires http_only=True"),
        ("__Host-Http-a", {"secure": True}, "requires http_only=True"),
    ],
)
def test_a_prefix_without_what_browsers_ask_of_it_is_refused(
    name: str, attributes: dict[str, Any], missing: str
) -> None:
    with pytest.raises(ValueError, match=f"cookie '{name}' would be dropped by browsers: .*{missing}"):
        ResponseCookies().set(name, "v", **attributes)


def test_a_prefix_with_what_browsers_ask_of_it_is_set_and_deleted() -> None:
    jar = ResponseCookies()
    jar.set("__Host-a", "v", secure=True)
    jar.set("__Secure-a", "v", secure=True, path="/x", domain="example.org")
    jar.set("__Host-Http-a", "v", secure=True, http_only=True)
    jar.set("__Hostess", "v")
    assert lines(jar) == [
        "__Host-a=v; Path=/; Secure",
        "__Secure-a=v; Path=/x; Domain=example.org; Secure",
        "__Host-Http-a=v; Path=/; Secure; HttpOnly",
        "__Hostess=v; Path=/",
    ]
    for name in ("__Host-a", "__Host-Http-a"):
        jar.delete(name)
    assert lines(jar)[0] == f"__Host-a=; Path=/; Expires={EPOCH}; Secure"
    assert lines(jar)[2] == f"__Host-Http-a=; Path=/; Expires={EPOCH}; Secure; HttpOnly"


@pytest.mark.parametrize("value", ["v" * 4_095, "é" * 682])
def test_a_cookie_of_as_many_bytes_as_browsers_keep_is_set_and_one_more_is_refused(value: str) -> None:
    jar = ResponseCookies()
    jar.set("n", value)
    assert jar.get("n") == value
    with pytest.raises(ValueError, match=r"bytes of name and encoded value. Browsers store up to 4,096"):
        jar.set("n", f"{value}éé")
    with pytest.raises(ValueError, match=r"cookie path has 1,025 bytes. Browsers store up to 1,024"):
        jar.set("n", "v", path="/" * 1_025)
    assert jar.get("n") == value


@pytest.mark.parametrize(
    ("attributes", "line"),
    [
        ({}, "n=v; Path=/"),
        ({"path": "/app", "domain": "example.org"}, "n=v; Path=/app; Domain=example.org"),
        ({"path": ""}, "n=v"),
        ({"max_age": 60}, "n=v; Path=/; Max-Age=60"),
        ({"max_age": 0}, "n=v; Path=/; Max-Age=0"),
        ({"expires": 0}, f"n=v; Path=/; Expires={EPOCH}"),
        ({"expires": datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)}, "n=v; Path=/; Expires=Wed, 02 Jan 2030 03:04:05 GMT"),
        ({"expires": datetime(2030, 1, 2, 3, 4, 5)}, "n=v; Path=/; Expires=Wed, 02 Jan 2030 03:04:05 GMT"),  # noqa: DTZ001
        (
            {"expires": datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1)))},
            "n=v; Path=/; Expires=Wed, 02 Jan 2030 02:04:05 GMT",
        ),
        ({"expires": EPOCH}, f"n=v; Path=/; Expires={EPOCH}"),
        (
            {"partitioned": True, "same_site": "None", "http_only": True, "secure": True, "max_age": 1, "expires": 0},
            f"n=v; Path=/; Expires={EPOCH}; Max-Age=1; Secure; HttpOnly; SameSite=none; Partitioned",
        ),
        ({"secure": False, "http_only": False, "partitioned": False}, "n=v; Path=/"),
    ],
)
def test_attributes_are_written_in_the_usual_order(attributes: dict[str, Any], line: str) -> None:
    """Source: facts/nextjs.md K6, K10."""
    jar = ResponseCookies()

    jar.set("n", "v", **attributes)

    assert lines(jar) == [line]


@pytest.mark.parametrize(
    ("value", "written"), [("a b;c,d", "a%20b%3Bc%2Cd"), ("✓", "%E2%9C%93"), (None, ""), ("~!*'()", "~!*'()")]
)
def test_a_value_is_percent_encoded(value: str | None, written: str) -> None:
    """Source: facts/nextjs.md K6, K11."""
    jar = ResponseCookies()

    jar.set("n", value)

    assert lines(jar) == [f"n={written}; Path=/"]


@pytest.mark.parametrize(
    ("name", "attributes", "problem"),
    [
        ("", {}, "is not a token"),
        ("a b", {}, "is not a token"),
        ("a=b", {}, "is not a token"),
        ("a\r\nb", {}, "is not a token"),
        ("a", {"path": "/;Domain=evil"}, "cookie path"),
        ("a", {"path": "/\r\n"}, "cookie path"),
        ("a", {"domain": "example.org;x"}, "cookie domain"),
        ("a", {"domain": "ä.example"}, "cookie domain"),
        ("a", {"expires": "Thu; HttpOnly"}, "cookie expires"),
        ("a", {"same_site": "sometimes"}, "'strict', 'lax' and 'none'"),
        ("a", {"same_site": True}, "'strict', 'lax' and 'none'"),
    ],
)
def test_what_would_break_the_line_is_refused(name: str, attributes: dict[str, Any], problem: str) -> None:
    jar = ResponseCookies()

    with pytest.raises(ValueError, match=problem):
        jar.set(name, "1", **attributes)
    assert lines(jar) == []


def test_cookies_are_apart_by_name_domain_and_path_and_the_last_write_wins_in_the_first_ones_place() -> None:
    jar = ResponseCookies()

    jar.set("a", "1")
    jar.set("b", "2")
    jar.set("a", "3", path="/app")
    jar.set("a", "4", domain="example.org")
    jar.set("a", "5", domain=".EXAMPLE.org")
    jar.set("a", "6", path="")
    jar.set("a", "7")

    assert lines(jar) == [
        "a=7; Path=/",
        "b=2; Path=/",
        "a=3; Path=/app",
        "a=5; Path=/; Domain=.EXAMPLE.org",
        "a=6",
    ]


def test_what_was_set_last_is_read_back_whichever_place_it_has() -> None:
    jar = ResponseCookies()

    jar.set("a", "x y", path="/one")
    jar.set("a", "2", path="/two")
    jar.set("a", "x y", path="/one")

    assert (jar.get("a"), jar.get("b"), "a" in jar, "b" in jar, len(jar)) == ("x y", None, True, False, 2)


def test_deleting_writes_an_empty_cookie_of_the_same_path_and_domain_that_expired_in_1970() -> None:
    """Source: facts/nextjs.md K12."""
    jar = ResponseCookies()

    jar.set("a", "1", http_only=True)
    jar.delete("a")
    jar.delete("b", path="/app", domain="example.org")

    assert lines(jar) == [f"a=; Path=/; Expires={EPOCH}", f"b=; Path=/app; Expires={EPOCH}; Domain=example.org"]
    assert jar.get("a") == ""


@pytest.mark.parametrize(
    ("line", "rewritten"),
    [
        ("c=3", "c=3; Path=/"),
        ("c=3; httponly; PATH=/x; foo=bar", "c=3; Path=/x; HttpOnly"),
        ("c=a=b; SameSite=Lax; Priority=High", "c=a=b; Path=/; SameSite=Lax; Priority=High"),
        ("c=%20", "c=%20; Path=/"),
    ],
)
def test_a_set_cookie_line_is_written_anew(line: str, rewritten: str) -> None:
    assert str(parse_set_cookie(line)) == rewritten


def test_without_a_cookie_of_the_request_the_responses_lines_stay_as_they_are() -> None:
    """Source: facts/nextjs.md K14."""
    assert merge_cookies(["a=1; foo=bar", "a=2"], ResponseCookies()) == ["a=1; foo=bar", "a=2"]


def test_the_responses_own_cookies_come_first_and_win_by_name() -> None:
    """Source: facts/nextjs.md K13."""
    jar = ResponseCookies()
    jar.set("a", "jar", path="/elsewhere")
    jar.set("b", "jar")

    assert merge_cookies(["a=own; foo=bar"], jar) == ["a=own; Path=/", "b=jar; Path=/"]


@given(NAMES, TEXTS)
def test_what_is_set_is_what_a_browser_sends_back(name: str, value: str) -> None:
    jar = ResponseCookies()

    jar.set(name, value, http_only=True)

    (line,) = lines(jar)
    sent = line.partition(";")[0]
    assert line.isascii()
    assert parse_cookies(sent) == {name: value}
    assert jar.get(name) == value
    assert str(parse_set_cookie(line)) == line


@given(st.dictionaries(NAMES, TEXTS))
def test_a_whole_jar_comes_back(cookies: dict[str, str]) -> None:
    jar = ResponseCookies()

    for name, value in cookies.items():
        jar.set(name, value)

    assert parse_cookies("; ".join(line.partition(";")[0] for line in lines(jar))) == cookies
