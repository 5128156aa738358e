"""One bucket: its name, calls of S3, and signed requests, with S3's errors as the ones of clients."""

from __future__ import annotations

import re

from edgeroutes.errors import ConfigError
from edgeroutes.http.interrupts import HTTPError
from edgeroutes.routing.uploads import BUCKET_VARIABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_RETRY = {"Retry-After": "5"}


class Bucket:
    """A bucket, whose client is made when it is first used.

    Args:
        given: The logical id of a bucket in infra/, "env:NAME", or a bucket's name.
    """

    __slots__ = ("_given", "_made_client")

    def __init__(self, given: str) -> None:
        self._given = given
        self._made_client: Any = None

    def presigned_post(self, key: str, fields: Any, conditions: Any, expires_s: int) -> dict[str, Any]:
        """The `url` and the `fields` of a form.

        Args:
            key: Of the new object.
            fields: Name → value of the form's other fields.
            conditions: Of the policy, besides bucket and key.
            expires_s: How long it is valid.
        """
        made: dict[str, Any] = self._client().generate_presigned_post(
            self.name(), key, Fields=fields, Conditions=conditions, ExpiresIn=expires_s
        )
        return made

    def read(self, key: str, size_bytes: int, etag: str) -> bytes:
        """The first bytes of an object, if it still has this ETag.

        Raises:
            HTTPError: As for `call`.
        """
        from botocore.exceptions import BotoCoreError, HTTPClientError

        body = self.call("get_object", Key=key, Range=f"bytes=0-{size_bytes - 1}", IfMatch=etag)["Body"]
        try:
            return bytes(body.read())
        except (BotoCoreError, HTTPClientError, OSError) as error:
            raise _unavailable(error) from error
        finally:
            body.close()

    def presign(self, operation: str, expires_s: int, **arguments: Any) -> str:
        """A signed URL.

        Args:
            operation: The name of the client's method.
            expires_s: How long it is valid.
            arguments: Signed with it.
        """
        url: str = self._client().generate_presigned_url(
            operation, Params={"Bucket": self.name(), **arguments}, ExpiresIn=expires_s
        )
        return url

    def call(self, operation: str, **arguments: Any) -> Any:
        """S3's response.

        Raises:
            HTTPError: The client's for what S3 refuses; 503 where it does not respond.
        """
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

        try:
            return getattr(self._client(), operation)(Bucket=self.name(), **arguments)
        except ClientError as error:
            raise _refused(error, operation) from error
        except ParamValidationError:  # an argument that no request could have: S3 has nothing to do with it
            raise
        except (BotoCoreError, Boto3Error) as error:
            raise _unavailable(error) from error

    def _client(self) -> Any:
        if self._made_client is None:
            import boto3
            from botocore.config import Config

            config = Config(
                connect_timeout=2,
                read_timeout=10,
                retries={"mode": "standard", "total_max_attempts": 2},
                signature_version="s3v4",
                # Signed for the bucket's own region: S3 redirects other requests there, and the signature would be invalid.
                s3={"addressing_style": "virtual"},
                # Else URLs for PUT sign the name of a checksum that browsers do not compute.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            )
            self._made_client = boto3.client("s3", config=config)
        return self._made_client

    def name(self) -> str:
        """The bucket's name.

        Raises:
            ConfigError: The variable that has it is not set.
        """
        import os

        if self._given.startswith("env:"):
            variable = self._given.removeprefix("env:")
            name = os.environ.get(variable, "")
        else:
            variable = f"{BUCKET_VARIABLE}{self._given}"
            name = os.environ.get(variable, "") or ("" if re.search("[A-Z]", self._given) else self._given)
        if not name:
            hint = "Set it, or run `edgeroutes template` if infra/ has a bucket with this logical id"
            raise ConfigError(f"the variable {variable} is not set", where=f"Uploads({self._given!r})", hint=hint)
        return name


_MISSING = ("404", "NoSuchKey", "NotFound", "NoSuchUpload")
_CHANGED = ("412", "PreconditionFailed", "409", "ConditionalRequestConflict")
_WRONG_PARTS = ("InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML", "InvalidRequest")


def _refused(error: Any, operation: str) -> Exception:
    """The client's error for one of S3; S3's own where neither the client nor S3's state is the reason."""
    code = str(error.response["Error"].get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    # Without s3:ListBucket, S3 does not reveal whether a key is missing.
    if code in _MISSING or (operation == "head_object" and status == 403):
        from edgeroutes.runtime.log import log_warning

        log_warning("an upload was refused", reason=f"{error}")
        return upload_not_found()
    if code in _CHANGED:
        return HTTPError(409, "the file has changed meanwhile: claim it again")
    if operation == "complete_multipart_upload" and code in _WRONG_PARTS:
        return HTTPError(400, "the parts of the upload are missing or wrong")
    if status >= 500 or code in ("SlowDown", "RequestTimeout", "ThrottlingException"):
        return _unavailable(error)
    return error  # type: ignore[no-any-return]


def _unavailable(error: Exception) -> HTTPError:
    from edgeroutes.runtime.log import log_warning

    log_warning("S3 is not available", reason=f"{error}")
    return HTTPError(503, "files cannot be stored now", headers=_RETRY)


def upload_not_found() -> HTTPError:
    """The 404 for uploads that are unknown, claimed, or another caller's."""
    return HTTPError(404, "the upload was not found")
