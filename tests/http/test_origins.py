from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeroutes.http.cors import Origins, canonical_entry, canonical_origin

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
    assert canonical_entry(sent) == sent


def test_it_is_the_spelling_of_the_url_standard() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node, which has the URL standard's parser, is not installed")
    program = "console.log(JSON.stringify(JSON.parse(process.argv[1]).map(each => new URL(each).origin)))"
    said = subprocess.run([node, "-e", program, json.dumps([*SPELLINGS])], capture_output=True, text=True, check=True)
    assert dict(zip(SPELLINGS, json.loads(said.stdout), strict=True)) == SPELLINGS


def test_apps_in_a_shell_of_their_own_have_origins_too() -> None:
    entries = ["capacitor://localhost", "chrome-extension://abcdefghijklmnop", "tauri://localhost"]
    assert Origins(entries).entries == tuple(entries)


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
        canonical_entry(entry)
    assert said in str(caught.value)


def test_a_list_is_not_empty_and_everybody_stands_alone() -> None:
    with pytest.raises(ValueError, match="origins is empty"):
        Origins([])
    with pytest.raises(ValueError, match=r"'\*' allows every origin, so it must be the only entry"):
        Origins(["*", "https://a.example"])
    with pytest.raises(ValueError, match=r"origins is 5\. Allowed are a string and a list of strings"):
        Origins(5)  # type: ignore[arg-type]


RULES = Origins(
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
    assert RULES.allow(origin) is is_allowed


def test_everybody_is_also_who_has_no_origin_of_his_own() -> None:
    assert [Origins(["*"]).allow(origin) for origin in ("https://a.example", "null")] == [True, True]


@given(st.text(max_size=40))
def test_no_text_but_those_named_is_allowed(text: str) -> None:
    exact = Origins(["https://a.example", "http://b.example:81"])
    assert exact.allow(text) is (text in exact.entries)


@given(st.text(max_size=60))
def test_what_is_canonical_stays(text: str) -> None:
    try:
        sent = canonical_origin(f"https://{text}")
    except ValueError:
        return
    assert canonical_origin(sent) == sent
