"""Webhook signatures, verified over the exact bytes of the body: `from edgeroutes.webhooks import verify`.

All schemes but `twilio` are HMAC-SHA256. They differ in the signed string and the header::

    scheme        signed                    signature in                                  time in
    stripe        {time}.{body}             Stripe-Signature: t=…,v1=hex,v1=hex           the same header
    github        {body}                    X-Hub-Signature-256: sha256=hex               none
    slack         v0:{time}:{body}          X-Slack-Signature: v0=hex                     X-Slack-Request-Timestamp
    standard      {id}.{time}.{body}        Webhook-Signature: v1,base64 v1,base64        Webhook-Timestamp
                                            (or Svix-… where the sender is Svix)
    twilio        {url}{sorted form fields} X-Twilio-Signature: base64 of HMAC-SHA1       none
    hmac-sha256   {body}                    X-Signature: hex, sha256=hex or base64        none

A scheme without a time cannot reject a replay: a captured request stays valid. If you choose the scheme,
use `standard`, and declare `idempotent = Idempotency(key="webhook")`: an event whose id was handled is not handled again.

`twilio` signs the URL as it is written in Twilio's console. A REST API gives functions only the decoded query, so the URL is tried with
each usual way of escaping a query, with and without the port. A body that is not a form is covered by `bodySHA256` in the query.

Source: docs.stripe.com/webhooks (manual verification); docs.github.com "validating-webhook-deliveries"; api.slack.com
"verifying-requests-from-slack"; twilio.com/docs/usage/security and twilio-node's `webhooks.ts`;
github.com/standard-webhooks/standard-webhooks, spec; docs.svix.com "Verifying Webhooks Manually" (all read 2026-11-21).
"""

from __future__ import annotations

import hmac
import json
import time
from base64 import b64decode, b64encode
from itertools import product
from typing import TYPE_CHECKING, Literal

from edgeroutes.errors import HandlerError
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.runtime.context import find_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edgeroutes.http.request import Request

    Secret = str | bytes

Scheme = Literal["stripe", "github", "slack", "standard", "twilio", "hmac-sha256"]
_UNESCAPED = "!$'()*,-./:;?@[]_~"  # of a query's value, by browsers and Twilio
_FORM = "application/x-www-form-urlencoded"


class VerifiedBody(bytes):
    """The body of a webhook whose signature is right.

    Attributes:
        event_id: The sender's id of the event, the same when it is sent again; empty where the scheme has none.
    """

    event_id: str

    @classmethod
    def of(cls, body: bytes, event_id: str) -> VerifiedBody:
        """The body with the id of its event."""
        made = cls(body)
        made.event_id = event_id
        return made


class _Signed:
    """The signed bytes of a request, and its signatures; `others` are other spellings of the signed bytes."""

    __slots__ = ("content", "digest", "event_id", "others", "signatures", "time")

    def __init__(
        self,
        content: bytes,
        signatures: Sequence[str],
        time: str | None = None,
        *,
        others: Sequence[bytes] = (),
        digest: str = "sha256",
        event_id: str = "",
    ) -> None:
        self.event_id = event_id
        self.content = content
        self.signatures = signatures
        self.time = time
        self.others = others
        self.digest = digest


def verify(
    request: Request,
    scheme: Scheme,
    *,
    secret: Secret | Sequence[Secret],
    tolerance_s: float = 300,
    header: str = "x-signature",
    clock: Callable[[], float] = time.time,
) -> VerifiedBody:
    """Verify a webhook's signature, and return the raw body with the event's id.

    It is not a coroutine: a forgotten `await` would verify nothing. On a route with `idempotent = Idempotency(key="webhook")` it
    also claims the event: one that has been handled gets the earlier response, and what follows in the handler does not run.

    Args:
        request: The handler's.
        scheme: The sender's scheme.
        secret: As the sender shows it, with `whsec_`; several during a rotation.
        tolerance_s: The maximum difference in seconds between the signed time and now, for schemes that sign a time.
            `github` and `hmac-sha256` do not: a captured request stays valid.
        header: The signature's header for `hmac-sha256`.
        clock: Returns the seconds since 1970.

    Raises:
        HTTPError: 401 for a missing, wrong or old signature; only the log contains the reason. 409 while the event is being handled.
        HandlerError: The scheme is unknown, or the secret is empty.
    """
    read = _SCHEMES.get(scheme)
    if read is None:
        hint = f"Choose one of {', '.join(_SCHEMES)}"
        raise HandlerError(f"the scheme is {scheme!r}, which is not known", where="webhooks.verify()", hint=hint)
    keys = [_key(each, scheme) for each in ([secret] if isinstance(secret, str | bytes) else secret or ())]
    if not keys or not all(keys):
        hint = "Set the variable that it is read from"
        raise HandlerError("the secret is empty", where="webhooks.verify()", hint=hint)
    body = request.peek_body()
    signed = read(request, body, header)
    if not _is_right(signed, keys):
        raise _refused(request, "the signature does not fit the body")
    if signed.time is not None and not _is_near(signed.time, clock(), tolerance_s):
        raise _refused(request, f"the signature is more than {tolerance_s:g} seconds old, or has no valid time")
    scope = find_scope()
    if scope is not None and scope.claim_event is not None:
        scope.claim_event(signed.event_id)
    return VerifiedBody.of(body, signed.event_id)


def _refused(request: Request, reason: str) -> HTTPError:
    """The same 401 for every reason, which is only logged, so an attacker learns nothing."""
    from edgeroutes.runtime.log import log_warning

    log_warning("a webhook was rejected", reason=reason, path=request.path)
    return HTTPError(401, "the signature is not valid")


def _is_right(signed: _Signed, keys: Sequence[bytes]) -> bool:
    """Whether one of the signatures matches one of the keys; all are compared, each in constant time."""
    found = False
    for content, key in product((signed.content, *signed.others), keys):
        digest = hmac.digest(key, content, signed.digest)
        expected = (digest.hex().encode(), b64encode(digest))
        for signature in signed.signatures:
            for each in expected:
                found |= hmac.compare_digest(_sent(signature), each)
    return found


def _is_near(sent: str, now: float, tolerance_s: float) -> bool:
    return sent.isascii() and sent.isdecimal() and abs(now - float(sent)) <= tolerance_s


def _key(secret: Secret, scheme: str) -> bytes:
    """The HMAC key, empty for an empty secret; Standard Webhooks uses base64 after a prefix."""
    if not secret:
        return b""
    if scheme != "standard":
        return secret.encode() if isinstance(secret, str) else secret
    try:
        text = secret.decode() if isinstance(secret, bytes) else secret
        return b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError as error:
        hint = "Give it as the sender shows it: 'whsec_' and base64"
        raise HandlerError("the secret is not valid base64", where="webhooks.verify()", hint=hint) from error


def _header(request: Request, name: str) -> str:
    value: str | None = request.headers.get(name)  # a dynamic read: the response depends on the signature
    if not value:
        raise _refused(request, f"the header {name} is missing")
    return value


def _stripe(request: Request, body: bytes, _: str) -> _Signed:
    pairs = [part.strip(" \t").partition("=")[::2] for part in _header(request, "stripe-signature").split(",")]
    sent = next((value for name, value in pairs if name == "t"), "")
    return _Signed(
        _sent(sent) + b"." + body, [value for name, value in pairs if name == "v1"], sent, event_id=_member(body, "id")
    )


def _github(request: Request, body: bytes, _: str) -> _Signed:
    signatures = _behind("sha256=", _header(request, "x-hub-signature-256"))
    return _Signed(body, signatures, event_id=request.peek_headers().get("x-github-delivery", ""))


def _slack(request: Request, body: bytes, _: str) -> _Signed:
    sent = _header(request, "x-slack-request-timestamp")
    signatures = _behind("v0=", _header(request, "x-slack-signature"))
    return _Signed(b"v0:" + _sent(sent) + b":" + body, signatures, sent, event_id=_member(body, "event_id"))


def _standard(request: Request, body: bytes, _: str) -> _Signed:
    sender = "svix" if "svix-signature" in request.peek_headers() else "webhook"
    sent = _header(request, f"{sender}-timestamp")
    event_id = _header(request, f"{sender}-id")
    signed = _sent(f"{event_id}.{sent}.") + body
    listed = _header(request, f"{sender}-signature").split()
    return _Signed(signed, [each for one in listed for each in _behind("v1,", one)], sent, event_id=event_id)


def _twilio(request: Request, body: bytes, _: str) -> _Signed:
    signature = _header(request, "x-twilio-signature")
    fields = b""
    if request.content_type() == _FORM:
        from urllib.parse import parse_qsl

        items = sorted(set(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)))
        fields = "".join(name + value for name, value in items).encode()
    elif body and not _has_digest(request, body):
        raise _refused(request, "the digest bodySHA256 in the query is not that of the body")
    first, *others = [url.encode() + fields for url in _written_urls(request)]
    event_id = request.peek_headers().get("i-twilio-idempotency-token", "")
    return _Signed(first, [signature], others=others, digest="sha1", event_id=event_id)


def _has_digest(request: Request, body: bytes) -> bool:
    from hashlib import sha256

    sent = request.query_params.get("bodySHA256", "").lower()
    return hmac.compare_digest(sent.encode("utf-8", "replace"), sha256(body).hexdigest().encode())


def _written_urls(request: Request) -> list[str]:
    """The possible spellings of the request's URL in the signature."""
    from urllib.parse import quote, quote_plus

    url = request.url
    items = request.query_params.multi_items()
    queries = [url.query]
    for safe, escape in product(("", "!'()*~", _UNESCAPED), (quote, quote_plus)):
        queries.append("&".join(f"{escape(name, safe)}={escape(value, safe)}" for name, value in items))
    name = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    origins = (url.origin, f"{url.scheme}://{url.host}", f"{url.scheme}://{name}", f"{url.scheme}://{name}:{url.port}")
    parts = product(dict.fromkeys(origins), request.sent_paths(), dict.fromkeys(queries))
    return [f"{origin}{path}{f'?{query}' if query else ''}" for origin, path, query in parts]


def _plain(request: Request, body: bytes, header: str) -> _Signed:
    return _Signed(body, [_header(request, header.lower()).strip().removeprefix("sha256=")])


def _member(body: bytes, name: str) -> str:
    """A text of a JSON object; empty without one. It is used after the signature was verified."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, str) else ""


def _sent(text: str) -> bytes:
    """A header's value as bytes, whatever characters an event contains."""
    return text.encode("utf-8", "replace")


def _behind(prefix: str, value: str) -> list[str]:
    return [value.removeprefix(prefix)] if value.startswith(prefix) else []


_SCHEMES: dict[str, Callable[[Request, bytes, str], _Signed]] = {
    "stripe": _stripe,
    "github": _github,
    "slack": _slack,
    "standard": _standard,
    "twilio": _twilio,
    "hmac-sha256": _plain,
}
