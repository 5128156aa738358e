"""A client that runs a project's routes in process, through the events and adapters of Lambda, and the functions that it reaches.

HTTP request → API Gateway event → `adapters/proxy` → proxy result → HTTP response: a route behaves as when it is deployed. On Lambda each
function has its own process. Here all share one, so a function's environment is put in place around each call.
"""

from __future__ import annotations

import os
import sys
from asyncio.events import _set_running_loop
from contextlib import contextmanager, nullcontext, suppress
from http.cookies import SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

from edgeroutes.adapters.events import read_event
from edgeroutes.config import load_config
from edgeroutes.dev.function_environment import Environment
from edgeroutes.dev.gateway import HttpRequest, rest_event
from edgeroutes.dev.invocation import DevContext
from edgeroutes.dev.project import Project
from edgeroutes.errors import ConfigError, EdgeroutesError
from edgeroutes.names import CONFIG_FILE
from edgeroutes.pipeline import plan_scan
from edgeroutes.runtime.application import Application
from edgeroutes.runtime.dependencies import identity, overrides
from edgeroutes.runtime.guards import acting
from edgeroutes.runtime.loop import running_loop
from edgeroutes.testing.adapters import ADAPTERS, Adapter
from edgeroutes.testing.environment import FAKE_CREDENTIALS, NOT_IN_TESTS, Output, put_environment, restored_environment
from edgeroutes.testing.messages import BASE_URL, RequestOptions, TestResponse, make_request, make_response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from edgeroutes.guards.callers import Caller

    Watch = Callable[[HttpRequest, TestResponse, Sequence[Mapping[str, Any]]], None]
    from edgeroutes.local_aws.stack import Cloud
    from edgeroutes.plan.model import FunctionPlan


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
        self._caller: Caller | None = None
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
        `with` block that the result opens. Other clients call the original.

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
        return self._with(adapter, self._caller)

    def as_caller(
        self, subject: str, *, scopes: Iterable[str] = (), roles: Iterable[str] = (), **claims: Any
    ) -> RouteClient:
        """The same client, with its cookies, whose requests are this caller's on every route with `auth`, without credentials.

        Args:
            subject: The user's id.
            scopes: What the credentials permit.
            roles: What the user is.
            claims: What else the credentials say.

        Raises:
            ValueError: The subject is empty.
        """
        from edgeroutes.guards.callers import Caller

        return self._with(self._adapter, Caller(subject, scopes=scopes, roles=roles, claims=claims, scheme="test"))

    def _with(self, adapter: str, caller: Caller | None) -> RouteClient:
        other = RouteClient(base_url=self.base_url, debug=self.debug, functions=self.functions, watch=self._watch)
        other.cookies = self.cookies
        other._adapter = adapter
        other._caller = caller
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
        with functions.run(plan), _outside_event_loop(), _acting_as(self._caller):
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
def _acting_as(caller: Caller | None) -> Iterator[None]:
    token = acting.set(caller)
    try:
        yield
    finally:
        acting.reset(token)


@contextmanager
def _outside_event_loop() -> Iterator[None]:
    """Hide the loop of a coroutine test: Lambda calls a function outside of event loops."""
    loop = running_loop()
    _set_running_loop(None)
    try:
        yield
    finally:
        _set_running_loop(loop)


class Functions:
    """The functions of a project.

    Args:
        root: The project's folder, absolute.
        environ: The environment before the first test; differences to it are the test's own, and win.

    Raises:
        ProjectError: For all problems of the project's settings, layout and route files.
    """

    def __init__(self, root: Path, environ: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.project = Project(root)
        self.manifest = self.project.manifest()
        self.output = Output()
        self.running: list[FunctionPlan] = []
        """Those that run now: each is invoked by the one before it."""
        self.cloud: Cloud | None = None
        """Local AWS, while it is on; the environment has its names then."""
        self.left_out: set[str] = set()
        """Variables that functions lack, because local AWS is off."""
        self.enforces_iam = False
        """Whether AWS calls need permission in the function's policies."""
        self._plan = plan_scan(root, self.project.config, self.project.scan)
        self._of_route = {route.route_path: plan for plan in self._plan.functions for route in plan.routes}
        self._gateway = Application(self.manifest, str(root), mount=_no_mount)
        self._adapters: dict[tuple[str, bool], Adapter] = {}
        self._overrides: list[Override] = []
        self._before = dict(os.environ) if environ is None else environ
        self._files = _read_files(root)
        self._outside: Mapping[str, str] = {}  # the environment of the first one that runs

    @property
    def plans(self) -> Mapping[str, FunctionPlan]:
        """Every function, by its logical id."""
        return {plan.logical_id: plan for plan in (*self._plan.functions, self._plan.fallback)}

    def function_of(self, request: HttpRequest) -> FunctionPlan:
        """The function that a request reaches: the fallback without a route."""
        route = self._gateway.open(read_event(rest_event(request), None)).route
        return self._plan.fallback if route is None else self._of_route[route.route_path]

    def adapter(self, name: str, *, debug: bool) -> Adapter:
        """The routes behind an adapter, the same one each time. Call it while the function runs: it may load its route."""
        key = (name, debug)
        if key not in self._adapters:
            from edgeroutes.services.revalidation import stay_local

            stay_local()
            self._adapters[key] = ADAPTERS[name](self.manifest, str(self.root), debug=debug)
        return self._adapters[key]

    def context_of(self, plan: FunctionPlan) -> DevContext:
        """The Lambda context of a function."""
        config = self.project.config
        memory_mib = plan.properties.get("MemorySize", config.memory_mib)
        context = DevContext(function_name=self.name_of(plan), memory_mib=memory_mib)
        timeout_s = plan.properties.get("Timeout", config.timeout_s)
        context.set_timeout(timeout_s if isinstance(timeout_s, int | float) else config.timeout_s)
        return context

    def name_of(self, plan: FunctionPlan) -> str:
        """A function's name on AWS."""
        made = self.cloud.resources.get(plan.logical_id) if self.cloud else None
        return made.physical_id if made else plan.logical_id

    def environment_of(self, plan: FunctionPlan) -> dict[str, str]:
        """A function's own environment variables.

        Those of the test win over `.env` files, and these over the template. Without local AWS it has the template's plain strings.
        There is no AWS_LAMBDA_FUNCTION_NAME, with which projects detect Lambda.
        """
        declared = self._declared(plan)
        outside = self._outside if self.running else os.environ
        set_by_test = {name: value for name, value in outside.items() if self._before.get(name) != value}
        wanted = {name: value for name, value in {**declared, **self._files}.items() if name not in NOT_IN_TESTS}
        return {**{name: set_by_test.get(name, value) for name, value in wanted.items()}, **FAKE_CREDENTIALS}

    def _declared(self, plan: FunctionPlan) -> dict[str, str]:
        if self.cloud is not None:
            with suppress(KeyError):
                return self.cloud.environment_of(plan.logical_id)
        own = (plan.properties.get("Environment") or {}).get("Variables") or {}
        plain = {name: _plain_text(value) for name, value in {**self.project.config.env, **own}.items()}
        self.left_out.update(name for name, value in plain.items() if value is None)
        return {name: value for name, value in plain.items() if value is not None}

    @contextmanager
    def run(self, plan: FunctionPlan) -> Iterator[None]:
        """Put the function's environment in place, and capture its output."""
        with restored_environment():
            if not self.running:
                self._outside = dict(os.environ)
            put_environment(
                {name: value for name, value in self._outside.items() if name not in NOT_IN_TESTS}
                | self.environment_of(plan)
            )
            self.running.append(plan)
            token = overrides.set({each.key: each.replacement for each in self._overrides})
            try:
                with self.output.captured(), self._allowed(plan):
                    yield
            finally:
                overrides.reset(token)
                self.running.pop()

    def _allowed(self, plan: FunctionPlan) -> AbstractContextManager[object]:
        """Enforces the function's policies, where the test wants that."""
        if self.cloud is None or not self.enforces_iam:
            return nullcontext()
        from edgeroutes.local_aws.iam.enforcement import enforce

        return enforce(self.cloud, plan.logical_id, root=self.root)

    def override(self, dependency: Callable[..., Any], replacement: Callable[..., Any]) -> Override:
        """Call another function in place of a dependency, until `close` at the latest."""
        for each in (dependency, replacement):
            if not callable(each):
                raise TypeError(f"client.override: {each!r:.60} is not callable. For a value, write lambda: value")
        return Override(self._overrides, dependency, replacement)

    def close(self) -> None:
        """End overrides and what the routes have started, and clear their data cache and the state of guards."""
        self._overrides.clear()
        while self._adapters:
            _, adapter = self._adapters.popitem()
            adapter.close()
        cache = sys.modules.get("edgeroutes.services.data_cache")
        if cache is not None:
            cache.reset_data_cache()
        state = sys.modules.get("edgeroutes.guards.state")
        if state is not None:
            state.reset_state_store()


class Override:
    """A function in place of a dependency, until the end of the `with` block that this opens.

    Args:
        active: All of a client, to which this is added.
        dependency: What it replaces.
        replacement: What is called instead.
    """

    def __init__(self, active: list[Override], dependency: Callable[..., Any], replacement: Callable[..., Any]) -> None:
        self.key = identity(dependency)
        self.replacement = replacement
        self._active = active
        active.append(self)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        if self in self._active:  # the client may have been closed
            self._active.remove(self)


def _plain_text(value: Any) -> str | None:
    """The value as CloudFormation writes it into an environment; None where it depends on resources."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return value if isinstance(value, str) and "{{resolve:" not in value else None


def _read_files(root: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    Environment(root, found).load({})
    return found


async def _no_mount(*_: object) -> Any:
    raise NotImplementedError("this application only matches routes")


def require_root(folder: Path) -> Path:
    """The project's folder, from an option or a setting.

    Raises:
        ConfigError: It is not a project.
    """
    folder = folder.resolve()
    if not _is_project(folder):
        problem = f"{str(folder)!r} has no folder of routes. Allowed is a folder that contains functions/"
        raise ConfigError(problem, where="edgeroutes_root")
    return folder


def find_root(*starts: Path) -> Path:
    """The first project among folders and their parents.

    Raises:
        ConfigError: The folder does not contain a project.
    """
    for start in starts:
        for folder in (start, *start.parents):
            if _is_project(folder):
                return folder
    problem = f"{str(starts[0])!r} and the folders above it have no functions/ with routes"
    hint = "Run pytest in the project, or name its folder with --edgeroutes-root, or edgeroutes_root in the ini file"
    raise ConfigError(problem, where="edgeroutes fixtures", hint=hint)


def _is_project(folder: Path) -> bool:
    """Whether a folder has a folder of routes; unreadable settings are an error later."""
    try:
        return (folder / load_config(folder).app_dir).is_dir()
    except EdgeroutesError:
        return (folder / CONFIG_FILE).is_file()
