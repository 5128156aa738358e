"""Signatures as their senders publish them, and as attackers would like them."""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from contextlib import closing
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pytest

from edgeroutes.adapters.events import read_event
from edgeroutes.dev.gateway import HttpRequest, rest_event
from edgeroutes.errors import HandlerError
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.http.request import Request
from edgeroutes.runtime.log import add_writer
from edgeroutes.webhooks import verify
from tests.fakes.incoming import FakeIncoming
from tests.fakes.project import RouteProject

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
    b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121."
    b"803a0bc887a14d10d2c447fce8b6703c"
)
# Scheme, secret, the clock, headers and body, as the sender's own documentation has them.
PUBLISHED = {
    # docs.github.com "validating-webhook-deliveries", "Testing the webhook payload validation"
    "github": (
        "It's a Secret to Everybody",
        0,
        {"X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
        b"Hello, World!",
    ),
    # api.slack.com/authentication/verifying-requests-from-slack
    "slack": (
        "8f742231b10e8888abcd99yyyzzz85a5",
        1531420618,
        {
            "X-Slack-Request-Timestamp": "1531420618",
            "X-Slack-Signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        },
        SLACK_BODY,
    ),
    # docs.svix.com/receiving/verifying-payloads/how-manual
    "standard": (
        "whsec_plJ3nmyCDGBKInavdOK15jsl",
        1731705121,
        {
            "webhook-id": "msg_loFOjxBNrRLzqYUf",
            "webhook-timestamp": "1731705121",
            "webhook-signature": "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
        },
        b'{"event_type":"ping","data":{"success":true}}',
    ),
}
# The same of Svix, under the names that its own senders use (Clerk, Resend, …). Source: docs.svix.com, the same page.
PUBLISHED["svix"] = (
    *PUBLISHED["standard"][:2],
    {name.replace("webhook", "svix"): value for name, value in PUBLISHED["standard"][2].items()},
    PUBLISHED["standard"][3],
)
SECRET = "whsec_" + b64encode(b"k" * 24).decode()
NOW = 1_700_000_000
BODY = b'{"id": "evt_1"}'


def request(headers: dict[str, str], body: bytes = BODY) -> Request:
    return Request(FakeIncoming("POST", "/", list(headers.items()), body), "/", {})


def mac(content: bytes, key: bytes = SECRET.encode()) -> bytes:
    return hmac.digest(key, content, "sha256")


def signed(scheme: str, body: bytes = BODY, time: str = str(NOW)) -> dict[str, str]:
    """The headers of a webhook that was sent with SECRET, as each sender's documentation says to make them."""
    if scheme == "stripe":  # docs.stripe.com/webhooks "Verify manually": the secret is used as it is, prefix and all
        return {"Stripe-Signature": f"t={time},v1={mac(f'{time}.'.encode() + body).hex()},v0=abc"}
    if scheme == "github":
        return {"X-Hub-Signature-256": f"sha256={mac(body).hex()}"}
    if scheme == "slack":
        digest = mac(f"v0:{time}:".encode() + body).hex()
        return {"X-Slack-Signature": f"v0={digest}", "X-Slack-Request-Timestamp": time}
    if scheme == "standard":
        digest = mac(f"msg_1.{time}.".encode() + body, b64decode(SECRET[6:]))
        return {
            "webhook-id": "msg_1",
            "webhook-timestamp": time,
            "webhook-signature": f"v1a,other v1,{b64encode(digest).decode()}",
        }
    return {"X-Signature": f"sha256={mac(body).hex()}"}


ALL = pytest.mark.parametrize("scheme", ["stripe", "github", "slack", "standard", "hmac-sha256"])
TIMED = pytest.mark.parametrize("scheme", ["stripe", "slack", "standard"])


def refused(scheme: Any, headers: dict[str, str], body: bytes = BODY, **more: Any) -> str:
    """The reason in the log; the sender gets the same response for every reason."""
    lines: list[tuple[str, str, Mapping[str, object]]] = []
    end = add_writer(lambda level, message, fields, _: lines.append((level, message, fields)))
    try:
        with pytest.raises(HTTPError) as caught:
            verify(request(headers, body), scheme, secret=SECRET, clock=lambda: NOW, **more)
    finally:
        end()
    assert (caught.value.status, caught.value.detail) == (401, "the signature is not valid")
    [(level, message, fields)] = lines
    assert (level, message, fields["path"]) == ("WARNING", "a webhook was rejected", "/")
    return str(fields["reason"])


@pytest.mark.parametrize("scheme", sorted(PUBLISHED))
def test_what_the_sender_publishes_is_right(scheme: Any) -> None:
    secret, now, headers, body = PUBLISHED[scheme]
    scheme = "standard" if scheme == "svix" else scheme
    assert verify(request(headers, body), scheme, secret=secret, clock=lambda: now) == body


@ALL
def test_the_raw_bytes_come_back(scheme: Any) -> None:
    body = b'{"n":  1.0, "s": "\\u00e9"}\xff'
    assert verify(request(signed(scheme, body), body), scheme, secret=SECRET, clock=lambda: NOW) == body


@ALL
def test_another_body_secret_or_no_signature_is_401(scheme: Any) -> None:
    assert refused(scheme, signed(scheme), b"{}") == "the signature does not fit the body"
    assert "is missing" in refused(scheme, {})
    other = "whsec_" + b64encode(b"o" * 24).decode()
    with pytest.raises(HTTPError):
        verify(request(signed(scheme)), scheme, secret=other, clock=lambda: NOW)
    emptied = {name: "" if "ignature" in name else value for name, value in signed(scheme).items()}
    refused(scheme, emptied)
    for junk in ("v1=", "v1,", "sha256=", "v0=", "t=1", "ü" * 64, "\udcff", ",", "="):
        refused(scheme, {name: junk if "ignature" in name else value for name, value in signed(scheme).items()})


@ALL
def test_while_a_secret_is_replaced_both_are_good(scheme: Any) -> None:
    new = "whsec_" + b64encode(b"n" * 24).decode()
    assert verify(request(signed(scheme)), scheme, secret=[new, SECRET], clock=lambda: NOW) == BODY


@TIMED
@pytest.mark.parametrize(("seconds", "is_good"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_what_was_signed_long_ago_or_in_the_future_is_refused(scheme: Any, seconds: int, *, is_good: bool) -> None:
    headers = signed(scheme, time=str(NOW + seconds))
    if is_good:
        assert verify(request(headers), scheme, secret=SECRET, clock=lambda: NOW) == BODY
    else:
        assert refused(scheme, headers).startswith("the signature is more than 300 seconds old")
    refused(scheme, signed(scheme, time=str(NOW - 11)), tolerance_s=10)


@TIMED
@pytest.mark.parametrize("time", ["", "soon", "-1", "1e9", "²", "1700000000.5", "9" * 5000])
def test_a_time_that_is_none_is_refused_though_it_is_signed(scheme: Any, time: str) -> None:
    refused(scheme, signed(scheme, time=time))


@TIMED
def test_a_time_of_no_characters_of_text_is_refused(scheme: Any) -> None:
    headers = {name: value.replace(str(NOW), "\udcff") for name, value in signed(scheme).items()}
    assert refused(scheme, headers) == "the signature does not fit the body"


def test_the_time_is_part_of_what_is_signed() -> None:
    headers = signed("slack", time=str(NOW - 1000))
    assert refused("slack", {**headers, "X-Slack-Request-Timestamp": str(NOW)}) == "the signature does not fit the body"
    fresh = signed("stripe", time=str(NOW - 1000))["Stripe-Signature"].replace(f"t={NOW - 1000}", f"t={NOW}")
    assert refused("stripe", {"Stripe-Signature": fresh}) == "the signature does not fit the body"


@pytest.mark.parametrize("character", ["\u00a0", "\u2000", "\u3000", "\x0b", "\x85"])
def test_white_space_that_is_not_http_s_is_part_of_a_name(character: str) -> None:
    sent = signed("stripe")["Stripe-Signature"]
    forged = {"Stripe-Signature": sent.replace("v1=", f"{character}v1=")}
    assert refused("stripe", forged) == "the signature does not fit the body"
    spaced = {"Stripe-Signature": sent.replace("v1=", " \tv1=")}
    assert verify(request(spaced), "stripe", secret=SECRET, clock=lambda: NOW) == BODY


def test_of_several_signatures_one_has_to_be_right() -> None:
    good = mac(f"{NOW}.".encode() + BODY).hex()
    several = {"Stripe-Signature": f"t={NOW}, v1={'0' * 64}, v1={good}"}
    assert verify(request(several), "stripe", secret=SECRET, clock=lambda: NOW) == BODY
    old = {"Stripe-Signature": f"t={NOW},v0={good}"}
    assert refused("stripe", old) == "the signature does not fit the body"


@pytest.mark.parametrize("written", ["{hex}", "sha256={hex}", "{base64}"])
def test_a_plain_signature_may_be_written_as_senders_do_and_stand_where_they_have_it(written: str) -> None:
    value = written.format(hex=mac(BODY).hex(), base64=b64encode(mac(BODY)).decode())
    found = verify(request({"X-Shop-Hmac": value}), "hmac-sha256", secret=SECRET.encode(), header="X-Shop-Hmac")
    assert found == BODY


@pytest.mark.parametrize("secret", ["", b"", None, [], ["", "YWFh"], [None]])
@ALL
def test_an_empty_secret_is_the_authors_mistake_and_no_door(scheme: Any, secret: Any) -> None:
    headers = {"X-Signature": mac(BODY, b"").hex()}
    with pytest.raises(HandlerError, match=r"^webhooks.verify\(\): the secret is empty. Set the variable"):
        verify(request(headers), scheme, secret=secret)


def test_a_prefix_alone_is_an_empty_secret() -> None:
    with pytest.raises(HandlerError, match="the secret is empty"):
        verify(request({}), "standard", secret="whsec_")


def test_an_invalid_scheme_or_secret_is_an_error() -> None:
    scheme: Any = "paypal"
    with pytest.raises(
        HandlerError, match=r"the scheme is 'paypal', which is not known\. Choose one of stripe, github"
    ):
        verify(request({}), scheme, secret="a")
    with pytest.raises(HandlerError, match="the secret is not valid base64"):
        verify(request({}), "standard", secret="whsec_ä!")
    with pytest.raises(HandlerError, match="the secret is not valid base64"):
        verify(request({}), "standard", secret=b"whsec_\xff")


ROUTE = """
    from edgeroutes import Request
    from edgeroutes.webhooks import verify

    async def POST(request: Request):
        return {"bytes": len(verify(request, "github", secret="It's a Secret to Everybody"))}
"""


def test_a_route_responds_401_without_a_valid_signature(tmp_path: Path) -> None:
    _, _, headers, body = PUBLISHED["github"]
    with closing(RouteProject(tmp_path, {"hook/route.py": ROUTE})) as project:
        good = project.request("POST", "/hook", list(headers.items()), body)
        bad = project.request("POST", "/hook", list(headers.items()), body + b"!")
    assert (good.status, good.json()) == (200, {"bytes": 13})
    assert (bad.status, json.loads(bad.text)["detail"]) == (401, "the signature is not valid")


def test_a_response_to_a_signed_request_is_not_cached(tmp_path: Path) -> None:
    source = """\
from edgeroutes.webhooks import verify
revalidate = 60
def GET(request):
    verify(request, "hmac-sha256", secret="secret")
    return "for who can sign"
"""
    signature = hmac.new(b"secret", b"", "sha256").hexdigest()
    with closing(RouteProject(tmp_path, {"x/route.py": source})) as project:
        response = project.get("/x", headers=[("x-signature", signature)])
    assert (response.text, response.header("cache-control")) == ("for who can sign", "private, no-store")


def twilio_signature(url: str, fields: str = "", secret: str = SECRET) -> str:
    return b64encode(hmac.digest(secret.encode(), f"{url}{fields}".encode(), "sha1")).decode()


def rest_request(url: str, signature: str, body: str = "", kind: str = "application/x-www-form-urlencoded") -> Request:
    """The request that a REST API makes of a POST to a URL, with its query decoded."""
    parts = urlsplit(url)
    headers = [("Host", parts.netloc), ("X-Forwarded-Proto", parts.scheme), ("X-Twilio-Signature", signature)]
    sent = HttpRequest(
        method="POST",
        path=parts.path,
        query=parts.query,
        headers=[*headers, ("Content-Type", kind)],
        body=body.encode(),
    )
    incoming = read_event(rest_event(sent), None)
    return Request(incoming, incoming.path, {})


@pytest.mark.parametrize(
    ("number", "signature"),
    [("+14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8="), ("+12349013030", "0/KCTR6DLpKmkAf8muzZqo1nDgQ=")],
)
def test_the_examples_of_twilios_documentation_are_right(number: str, signature: str) -> None:
    """Source: twilio.com/docs/usage/security, "Validating signatures from Twilio"."""
    fields = {
        "To": "+18005551212",
        "From": number,
        "Digits": "1234",
        "Caller": number,
        "CallSid": "CA1234567890ABCDE",
    }
    request = rest_request("https://mycompany.com/myapp.php?foo=1&bar=2", signature, urlencode(fields))

    assert verify(request, "twilio", secret="12345") == urlencode(fields).encode()


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/hook",
        "https://example.org/api/hook?a=it's&b=x:y@z&c=1%20two",
        "https://example.org/hook?name=John+Doe",
        "https://example.org/hook?u=https%3A%2F%2Fx.org%2F%3Fa%3D1&empty=",
        "https://example.org:8443/hook?a=(1)*!~",
        "https://example.org/live/hook?a=ä".replace("ä", "%C3%A4"),
    ],
)
def test_a_url_that_twilio_has_signed_is_right_though_a_rest_api_decodes_it(url: str) -> None:
    body = "B=2&A=1&A=1&C="

    assert verify(rest_request(url, twilio_signature(url, "A1B2C"), body), "twilio", secret=SECRET) == body.encode()
    with pytest.raises(HTTPError):
        verify(rest_request(url, twilio_signature(url, "A1B3C"), body), "twilio", secret=SECRET)
    with pytest.raises(HTTPError):
        verify(rest_request(f"{url}x", twilio_signature(url, "A1B2C"), body), "twilio", secret=SECRET)


def test_a_body_that_is_not_a_form_is_covered_by_its_digest_in_the_query() -> None:
    body = '{"a":1}'
    url = f"https://example.org/hook?bodySHA256={sha256(body.encode()).hexdigest()}"
    signature = twilio_signature(url)

    assert verify(rest_request(url, signature, body, "application/json"), "twilio", secret=SECRET) == body.encode()
    for other in ('{"a":2}', "[]"):
        with pytest.raises(HTTPError):
            verify(rest_request(url, signature, other, "application/json"), "twilio", secret=SECRET)


@pytest.mark.parametrize(
    ("scheme", "headers", "body", "event_id"),
    [
        ("standard", {}, BODY, "msg_1"),
        ("github", {"X-GitHub-Delivery": "72d3162e-cc78"}, BODY, "72d3162e-cc78"),
        ("github", {}, BODY, ""),
        ("stripe", {}, b'{"id": "evt_1", "type": "paid"}', "evt_1"),
        ("slack", {}, b'{"event_id": "Ev08", "type": "event_callback"}', "Ev08"),
        ("slack", {}, b"payload=1", ""),
        ("stripe", {}, b'{"id": 7}', ""),
        ("stripe", {}, b"[" * 10_000, ""),
        ("hmac-sha256", {}, b'{"id": "evt_1"}', ""),
    ],
)
def test_the_event_has_the_id_that_its_sender_gives_it(
    scheme: Any, headers: dict[str, str], body: bytes, event_id: str
) -> None:
    found = verify(request({**signed(scheme, body), **headers}, body), scheme, secret=SECRET, clock=lambda: NOW)

    assert (found, found.event_id) == (body, event_id)
