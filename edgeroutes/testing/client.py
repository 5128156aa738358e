"""A client that runs a project's routes in process, through the event and the adapter that Lambda uses. Roof.

HTTP request → API Gateway event → `adapters/proxy` → proxy result → HTTP answer: what passes here is what a deployed function does.
"""

from __future__ import annotations

import json as json_module
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlencode, urlsplit

from edgeroutes.dev.gateway import HttpRequest, read_result, rest_event
from edgeroutes.dev.project import Project
from edgeroutes.http.headers import Headers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Query = Mapping[str, str | int | float | bool | Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResponse:
    """An answer, with the proxy result that it was made of.

    Args:
        status_code: Its status.
        headers: Names in any case; `headers.getlist("set-cookie")` for repeated ones.
        content: The body's bytes.
        result: What the function gave to Lambda.
    """

    __test__ = False

    status_code: int
    headers: Headers
    content: bytes
    result: dict[str, Any] = field(repr=False)

    @property
    def text(self) -> str:
        """The body as UTF-8."""
        return self.content.decode()

    def json(self) -> Any:
        """The body as JSON."""
        return json_module.loads(self.content)

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that the answer sets, name → value as it stands there."""
        return {
            name: morsel.coded_value
            for line in self.headers.getlist("set-cookie")
            for name, morsel in SimpleCookie(line).items()
        }


class RouteClient:
    """Runs the routes of a project.

    Cookies that an answer sets are sent with the requests after it, as a browser does. Used as a context manager, or closed, it
    ends the apps and the event loop that its routes have started.

    Args:
        root: The project's folder.
        base_url: What `request.url` says the client asked.
        debug: Whether a 500 tells what happened, as in `dev`; without it the answer is the one that production gives.

    Raises:
        ProjectError: When the project's settings, layout or route files have something wrong; all of it at once.
    """

    def __init__(self, root: str | Path = ".", base_url: str = "https://testserver", *, debug: bool = True) -> None:
        self.project = Project(Path(root).resolve())
        self.cookies: dict[str, str] = {}
        self._base = urlsplit(base_url)
        self._handler = self.project.handler(debug=debug)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End what the routes have started: mounted apps, the event loop."""
        self._handler.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Query | None = None,
        headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        cookies: Mapping[str, str] | None = None,
        json: Any = None,
        data: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        content: bytes | str = b"",
    ) -> TestResponse:
        """The route's answer.

        Args:
            method: Any.
            url: Path with its query, percent-encoded where it needs to be.
            params: More query parameters.
            headers: A mapping, or pairs to repeat a name.
            cookies: For this request, over those that are kept.
            json: A body sent as JSON.
            data: Fields of a form.
            files: Files of a form: field → (name, bytes, type).
            content: A body as it is.
        """
        path, _, query = url.partition("?")
        if params:
            query = "&".join(part for part in (query, urlencode(params, doseq=True)) if part)
        body, content_type = _encode_body(json, data, files, content)
        sent = list(headers.items()) if hasattr(headers, "items") else list(headers)
        names = {name.lower() for name, _ in sent}
        if content_type and "content-type" not in names:
            sent.append(("Content-Type", content_type))
        jar = {**self.cookies, **(cookies or {})}
        if jar and "cookie" not in names:
            sent.append(
                (
                    "Cookie",
                    "; ".join(
                        f"{name}={quote(value, safe='%!#$&()*+-./:<=>?@[]^_`{|}~')}" for name, value in jar.items()
                    ),
                )
            )
        if "host" not in names:
            sent.insert(0, ("Host", self._base.netloc))
        request = HttpRequest(method=method, path=path, query=query, headers=sent, body=body, scheme=self._base.scheme)
        result = self._handler(rest_event(request), None)
        answer = read_result(result)
        response = TestResponse(
            status_code=answer.status, headers=Headers(answer.headers), content=answer.body, result=result
        )
        self._keep_cookies(response)
        return response

    def get(self, url: str, **options: Any) -> TestResponse:
        """`request("GET", …)`."""
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Any) -> TestResponse:
        """`request("HEAD", …)`."""
        return self.request("HEAD", url, **options)

    def options(self, url: str, **options: Any) -> TestResponse:
        """`request("OPTIONS", …)`."""
        return self.request("OPTIONS", url, **options)

    def post(self, url: str, **options: Any) -> TestResponse:
        """`request("POST", …)`."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Any) -> TestResponse:
        """`request("PUT", …)`."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Any) -> TestResponse:
        """`request("PATCH", …)`."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Any) -> TestResponse:
        """`request("DELETE", …)`."""
        return self.request("DELETE", url, **options)

    def _keep_cookies(self, response: TestResponse) -> None:
        for line in response.headers.getlist("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0" or morsel["expires"].startswith("Thu, 01 Jan 1970"):
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.coded_value


def _encode_body(
    json: Any, data: Mapping[str, str] | None, files: Mapping[str, tuple[str, bytes, str]] | None, content: bytes | str
) -> tuple[bytes, str]:
    """The body's bytes and its type; empty where it has none."""
    if json is not None:
        return json_module.dumps(json).encode(), "application/json"
    if files:
        return _multipart(data or {}, files)
    if data is not None:
        return urlencode(data, doseq=True).encode(), "application/x-www-form-urlencoded"
    return (content.encode() if isinstance(content, str) else content), ""


def _multipart(data: Mapping[str, str], files: Mapping[str, tuple[str, bytes, str]]) -> tuple[bytes, str]:
    boundary = "edgeroutes-testing-boundary"
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in data.items()
    ]
    for name, (file_name, content, kind) in files.items():
        head = f'Content-Disposition: form-data; name="{name}"; filename="{file_name}"\r\nContent-Type: {kind}\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    body = b"".join(f"--{boundary}\r\n".encode() + part for part in parts) + f"--{boundary}--\r\n".encode()
    return body, f"multipart/form-data; boundary={boundary}"
