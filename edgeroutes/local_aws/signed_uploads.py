"""What S3 checks of signed requests from browsers, and moto does not: the policy of a POST, and the signed header fields of a URL.

`install` puts the checks into moto's S3, for its server and for its mock. Requests of SDKs, which are signed by `Authorization`, are
unchanged. Local AWS's credentials have their id as the secret; a signature by any other key cannot be verified here, and is not.

Source: docs.aws.amazon.com/AmazonS3/latest/API "sigv4-HTTPPOSTConstructPolicy", "sigv4-UsingHTTPPOST", "RESTObjectPOST",
"sigv4-query-string-auth" and "ErrorResponses" (read 2026-11-30).
"""

from __future__ import annotations

import hmac
import json
import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from moto.s3.responses import S3Response

from edgeroutes.local_aws import OWN_ACCESS_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECRETS = {key: key for key in (OWN_ACCESS_KEY, "edgeroutes", "testing")}
_ALGORITHM = "AWS4-HMAC-SHA256"
# Fields of a form that need no condition; those of signature version 2 with them.
_UNCONDITIONAL = frozenset({"policy", "x-amz-signature", "file", "signature", "awsaccesskeyid"})
_IGNORED = "x-ignore-"
_NAMES = {
    "x-amz-algorithm": "X-Amz-Algorithm",
    "x-amz-credential": "X-Amz-Credential",
    "x-amz-date": "X-Amz-Date",
    "x-amz-signature": "X-Amz-Signature",
}

_bucket_response_post: Any = S3Response._bucket_response_post  # noqa: SLF001 - moto has no public way
_key_response: Any = S3Response._key_response  # noqa: SLF001 - moto has no public way


class S3Refusal(Exception):  # noqa: N818 - a response of S3
    """An error response of S3.

    Args:
        status: Of the response.
        code: S3's name of the error.
        message: S3's sentence.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message

    @property
    def response(self) -> tuple[int, dict[str, str], str]:
        """Status, headers and body, as moto takes them."""
        inner = f"<Code>{self.code}</Code><Message>{escape(self.message)}</Message>"
        document = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'
        return self.status, {"Content-Type": "application/xml"}, document


def install() -> None:
    """Put the checks into moto's S3; a second call does nothing."""
    response: Any = S3Response
    response._bucket_response_post = _check_and_post  # noqa: SLF001 - moto has no public way
    response._key_response = _check_and_respond  # noqa: SLF001 - moto has no public way


def _check_and_post(self: Any, request: Any, bucket_name: str) -> Any:
    if "Authorization" not in request.headers and "multipart/form-data" in str(request.headers.get("Content-Type", "")):
        fields = {name.lower(): value for name, value in request.form.items()}
        body = self.body if isinstance(self.body, bytes) else str(self.body).encode()
        try:
            require_policy(fields, bucket_name, len(body), datetime.now(UTC))
        except S3Refusal as refusal:
            return refusal.response
    return _bucket_response_post(self, request, bucket_name)


def _check_and_respond(self: Any, request: Any, full_url: str) -> Any:
    headers = {name.lower(): str(value) for name, value in request.headers.items()}
    try:
        if "authorization" not in headers:
            require_signed_url(request.method, full_url, headers, datetime.now(UTC))
            _require_digest(headers, self.body)
        _require_source(self, headers)
    except S3Refusal as refusal:
        return refusal.response
    return _key_response(self, request, full_url)


def _require_digest(headers: Mapping[str, str], body: Any) -> None:
    from hashlib import sha256

    sent = headers.get("x-amz-checksum-sha256")
    content = body if isinstance(body, bytes) else str(body or "").encode()
    if sent is not None and sent != b64encode(sha256(content).digest()).decode():
        raise S3Refusal(400, "BadDigest", "The SHA256 you specified did not match the calculated checksum.")


def _require_source(self: Any, headers: Mapping[str, str]) -> None:
    """Refuse a copy of an object that is not the one that was named; moto ignores this condition."""
    wanted, source = headers.get("x-amz-copy-source-if-match"), headers.get("x-amz-copy-source", "")
    if wanted is None:
        return
    bucket, _, key = unquote(source.partition("?")[0]).lstrip("/").partition("/")
    found = self.backend.get_object(bucket, key)
    if found is not None and found.etag.strip('"') != wanted.strip('"'):
        message = "At least one of the pre-conditions you specified did not hold"
        raise S3Refusal(412, "PreconditionFailed", message)


def require_policy(fields: Mapping[str, str], bucket: str, size_bytes: int, now: datetime) -> None:
    """Refuse a POST whose form does not fit its signed policy, as S3 does.

    Args:
        fields: The form's, with names in lower case.
        bucket: The URL's.
        size_bytes: Of the file.
        now: In UTC.

    Raises:
        S3Refusal: S3's error.
    """
    policy_text = fields.get("policy", "")
    if not policy_text:
        raise _denied("Access Denied")
    _require_post_signature(fields, policy_text)
    expiration, conditions = _read_policy(policy_text)
    if expiration <= now:
        raise _denied("Invalid according to Policy: Policy expired.")
    values = {**fields, "bucket": bucket}
    covered = set()
    for condition in conditions:
        covered.add(_require_condition(condition, values, size_bytes))
    extra = [name for name in fields if name not in covered | _UNCONDITIONAL and not name.startswith(_IGNORED)]
    if extra:
        raise _denied(f"Invalid according to Policy: Extra input fields: {', '.join(extra)}")


def _require_post_signature(fields: Mapping[str, str], policy_text: str) -> None:
    if "signature" in fields:  # version 2
        secret = _SECRETS.get(fields.get("awsaccesskeyid", ""))
        right = b64encode(hmac.digest(secret.encode(), policy_text.encode(), "sha1")).decode() if secret else None
        _require_signature(right, fields["signature"])
        return
    for name, shown in _NAMES.items():
        if name not in fields:
            message = f"Bucket POST must contain a field named '{shown}'.  If it is specified, please check the order of the fields."
            raise S3Refusal(400, "InvalidArgument", message)
    _require_signature(_signature(fields["x-amz-credential"], policy_text), fields["x-amz-signature"])


def _require_signature(right: str | None, sent: str) -> None:
    if right is not None and not hmac.compare_digest(right.encode(), sent.encode()):
        raise _mismatch()


def _read_policy(text: str) -> tuple[datetime, list[list[Any]]]:
    """When a policy expires, and its conditions: operator or "eq", field, value; or "content-length-range" with its limits."""
    try:
        document = json.loads(b64decode(text, validate=True))
        expiration = datetime.fromisoformat(document["expiration"])
        conditions = [
            next(("eq", f"${name}", value) for name, value in each.items()) if isinstance(each, dict) else tuple(each)
            for each in document["conditions"]
        ]
    except (ValueError, KeyError, TypeError, StopIteration, AttributeError) as error:
        raise S3Refusal(400, "InvalidPolicyDocument", "Invalid Policy: Invalid JSON.") from error
    if any(len(each) != 3 for each in conditions):
        raise S3Refusal(400, "InvalidPolicyDocument", "Invalid Policy: Invalid Condition.")
    return expiration, [list(each) for each in conditions]


def _require_condition(condition: list[Any], values: Mapping[str, str], size_bytes: int) -> str:
    """The field that a condition is about, if it is met."""
    operator, name, value = condition
    if str(operator).lower() == "content-length-range":
        if size_bytes > int(value):
            raise S3Refusal(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
        if size_bytes < int(name):
            raise S3Refusal(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
        return ""
    field = str(name).removeprefix("$").lower()
    sent = values.get(field)
    is_met = sent is not None and (sent.startswith(value) if operator == "starts-with" else sent == value)
    if operator not in ("eq", "starts-with") or not is_met:
        raise _denied(f"Invalid according to Policy: Policy Condition failed: {json.dumps(condition)}")
    return field


def require_signed_url(method: str, url: str, headers: Mapping[str, str], now: datetime) -> None:
    """Refuse a request by signed URL that is not the one that was signed, as S3 does; URLs without a signature pass.

    Args:
        method: Of the request.
        url: Absolute, as it was sent.
        headers: Of the request, with names in lower case.
        now: In UTC.

    Raises:
        S3Refusal: S3's error.
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if "X-Amz-Signature" not in query:
        return
    try:
        started = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        ends = started + timedelta(seconds=int(query["X-Amz-Expires"]))
        credential, signed = query["X-Amz-Credential"], query["X-Amz-SignedHeaders"].split(";")
    except (KeyError, ValueError, OverflowError) as error:
        message = "Query-string authentication version 4 requires all of its parameters."
        raise S3Refusal(400, "AuthorizationQueryParametersError", message) from error
    if ends <= now:
        raise _denied("Request has expired")
    unsigned = [name for name in headers if name.startswith("x-amz-") and name not in signed]
    if unsigned:
        raise _denied(f"There were headers present in the request which were not signed: {', '.join(unsigned)}")
    canonical = _canonical_request(method, parts.path, parts.query, headers, signed)
    text = "\n".join((_ALGORITHM, query["X-Amz-Date"], credential.partition("/")[2], _digest(canonical)))
    _require_signature(_signature(credential, text), query["X-Amz-Signature"])


def _canonical_request(method: str, path: str, query: str, headers: Mapping[str, str], signed: list[str]) -> str:
    pairs = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in parse_qsl(query, keep_blank_values=True)
        if name != "X-Amz-Signature"
    )
    lines = [f"{name}:{re.sub(' +', ' ', headers.get(name, '').strip())}\n" for name in signed]
    payload = headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    return "\n".join(
        (
            method.upper(),
            quote(unquote(path), safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in pairs),
            "".join(lines),
            ";".join(signed),
            payload,
        )
    )


def _signature(credential: str, text: str) -> str | None:
    """The signature of a text, version 4; None for a key whose secret is not known here."""
    key_id, *scope = credential.split("/")
    secret = _SECRETS.get(key_id)
    if secret is None:
        return None
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def _digest(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode()).hexdigest()


def _denied(message: str) -> S3Refusal:
    return S3Refusal(403, "AccessDenied", message)


def _mismatch() -> S3Refusal:
    message = "The request signature we calculated does not match the signature you provided. Check your key and signing method."
    return S3Refusal(403, "SignatureDoesNotMatch", message)
