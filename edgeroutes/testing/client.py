"""A client that runs a project's routes in process, through the events and adapters of Lambda.

HTTP request → API Gateway event → `adapters/proxy` → proxy result → HTTP response: a route behaves as when it is deployed.
"""

from __future__ import annotations

from asyncio.events import _set_running_loop
from contextlib import contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Self, Unpack

from edgeroutes.errors import ConfigError
from edgeroutes.runtime.loop import running_loop
from edgeroutes.testing.adapters import ADAPTERS
from edgeroutes.testing.events import BASE_URL, RequestOptions, make_request
from edgeroutes.testing.functions import Functions
from edgeroutes.testing.response import TestResponse, make_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import Any

    from edgeroutes.dev.gateway import HttpRequest
    from edgeroutes.dev.project import Project

    Watch = Callable[[HttpRequest, TestResponse, Sequence[Mapping[str, Any]]], None]


class RouteClient:
    """Runs the routes of a project.

    Cookies of a response are sent with later requests, as in a browser. As a context manager, or by `close`, it ends the apps and event
    loops that its routes have started.

    Args:
        root: The project's folder.
        base_url: The scheme and host in `request.url`.
        debug: Whether a 500 contains the traceback, as in `dev`; False gives production's response. It can be set later, too.
        functions: A project that has been read before, instead of `root`.
        watch: Called with each request, its response and its log.

    Raises:
        ProjectError: For all problems of the project's settings, layout and route files.
    """

    def __init__(
        self,
        root: str | Path = ".",
        base_url: str = BASE_URL,
        *,
        debug: bool = True,
        functions: Functions | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.functions = functions or Functions(Path(root).resolve())
        self.cookies: dict[str, str] = {}
        self.debug = debug
        self.base_url = base_url
        self._adapter = "rest"
        self._watch = watch

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End mounted apps, event loops and every `override`."""
        with _outside_event_loop():
            self.functions.close()

    def override(self, dependency: Callable[..., Any], replacement: Callable[..., Any]) -> AbstractContextManager[None]:
        """Call `replacement` in place of a dependency, wherever routes use it: `client.override(current_user, lambda: User("ann"))`.

        It takes arguments as any dependency does, the original included. It lasts until the client closes, or until the end of the
        `with` block that the result opens.

        Args:
            dependency: The function in `Depends(…)`.
            replacement: Any callable that a dependency can be.

        Raises:
            TypeError: One of them is not callable.
        """
        return self.functions.override(dependency, replacement)

    @property
    def project(self) -> Project:
        """The project's settings and routes."""
        return self.functions.project

    def via(self, adapter: str) -> RouteClient:
        """The same client, with its cookies, through another adapter.

        Args:
            adapter: `rest`, `http-api`, `function-url`, `alb`; `streaming` and `asgi`, whose responses come in chunks.

        Raises:
            ConfigError: There is no such adapter.
        """
        if adapter not in ADAPTERS:
            problem = f"there is no adapter {adapter!r}. Allowed are {', '.join(ADAPTERS)}"
            raise ConfigError(problem, where="client.via")
        other = RouteClient(base_url=self.base_url, debug=self.debug, functions=self.functions, watch=self._watch)
        other.cookies = self.cookies
        other._adapter = adapter
        return other

    def request(self, method: str, url: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """The route's response.

        Args:
            method: Any.
            url: Path with its query, percent-encoded where it needs to be.
            options: `params`: query parameters · `headers`: a mapping, or pairs to repeat a name · `cookies`: for this request, over
                the client's · `json`: a body sent as JSON · `data`: fields of a form · `files`: of a form, field → (name, bytes,
                type) · `content`: a body as it is.
        """
        options["cookies"] = {**self.cookies, **(options.get("cookies") or {})}
        return self.send(make_request(method, url, options, self.base_url))

    def send(self, request: HttpRequest) -> TestResponse:
        """The route's response to a complete request."""
        functions = self.functions
        plan = functions.function_of(request)
        logged = len(functions.output.logs)
        with functions.run(plan), _outside_event_loop():
            received = functions.adapter(self._adapter, debug=self.debug).send(request, functions.context_of(plan))
        response = make_response(received, method=request.method, tag_header=functions.project.config.cdn.tag_header)
        self._store_cookies(response)
        if self._watch is not None:
            self._watch(request, response, functions.output.logs[logged:])
        return response

    def get(self, url: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """`request("GET", …)`."""
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """`request("HEAD", …)`."""
        return self.request("HEAD", url, **options)

    def options(self, url: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """`request("OPTIONS", …)`."""
        return self.request("OPTIONS", url, **options)

    def post(self, url: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """`request("POST", …)`."""
        return self.request("POST", url, **options)

    def put(self, url: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """`request("PUT", …)`."""
        return self.request("PUT", url, **options)

    def patch(self, url: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """`request("PATCH", …)`."""
        return self.request("PATCH", url, **options)

    def delete(self, url: str, **options: Unpack[RequestOptions]) -> TestResponse:
        """`request("DELETE", …)`."""
        return self.request("DELETE", url, **options)

    def _store_cookies(self, response: TestResponse) -> None:
        for line in response.headers.getlist("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0" or morsel["expires"].startswith("Thu, 01 Jan 1970"):
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.coded_value


@contextmanager
def _outside_event_loop() -> Iterator[None]:
    """Hide the loop of a coroutine test: Lambda calls a function outside of event loops."""
    loop = running_loop()
    _set_running_loop(None)
    try:
        yield
    finally:
        _set_running_loop(loop)
