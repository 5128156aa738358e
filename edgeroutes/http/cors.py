"""`CORS`: which pages of other origins may read a route's answers, and what an answer says of it. Ground floor, loaded where it is used.

Values and rules alone: the runtime, the template, `doctor` and the dev server all ask here.
Source: fetch.spec.whatwg.org §3.3 "CORS protocol", read 2026-11-21.
"""

from __future__ import annotations

from edgeroutes.http.headers import is_token
from edgeroutes.http.origins import ANY, VARIABLE, Origins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Fields = list[tuple[str, str]]

ALLOW_ORIGIN = "access-control-allow-origin"
REQUEST_METHOD = "access-control-request-method"
REQUEST_HEADERS = "access-control-request-headers"
REQUEST_PRIVATE_NETWORK = "access-control-request-private-network"
# The header that pages send without being told, were it not for the values that JSON needs. Starlette always allows it, too.
ALWAYS_ALLOWED = "content-type"
# How long browsers keep a preflight at most. Source: chromium services/network/cors/preflight_result.cc, webkit
# CrossOriginPreflightResultCache.cpp, gecko nsCORSListenerProxy.cpp, read 2026-11-21.
BROWSERS_MAX_AGE_SECONDS = {"Chromium": 7_200, "Safari": 600, "Firefox": 86_400}
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# Allowed without being asked for: a preflight cannot refuse one by leaving it out. Source: Fetch, "CORS-safelisted method".
_SAFELISTED_METHODS = ("GET", "HEAD", "POST")


class CORS:
    """Which pages of other origins may read a route's answers: the value of `cors` in a route file.

    Args:
        origins: One or several of `https://app.example.com`; `https://*.example.com` for every subdomain; `regex:` with an
            expression for the whole origin; `env:NAME` for an environment variable with such a list, apart by commas or
            spaces; or `"*"` for everybody.
        methods: That a preflight allows; by default those that the route exports. `"*"` for all.
        headers: That a request may have beside those that need no leave; `content-type` always may. `"*"` for all.
        expose: Headers of the answer that pages may read beside those that they always may. `"*"` for all.
        credentials: Whether requests may carry cookies and HTTP authentication. Never with a `"*"`.
        max_age: Seconds for which a browser may keep the answer to a preflight; Chromium keeps none longer than 7200.
        private_network: Whether pages of public sites may ask this one in a private network.

    Attributes:
        static_origin: What `Access-Control-Allow-Origin` says whoever asks: one exact origin or `*`; None where it depends on
            that.

    Raises:
        ValueError: With all that cannot be used of it.

    >>> CORS(["https://app.example.com"], credentials=True).answer_fields("https://app.example.com")
    [('access-control-allow-origin', 'https://app.example.com'), ('access-control-allow-credentials', 'true')]
    """

    __slots__ = (
        "_origins",
        "credentials",
        "expose",
        "headers",
        "max_age",
        "methods",
        "private_network",
        "static_origin",
    )

    def __init__(
        self,
        origins: str | Sequence[str],
        *,
        methods: str | Sequence[str] | None = None,
        headers: str | Sequence[str] = (),
        expose: str | Sequence[str] = (),
        credentials: bool = False,
        max_age: int = 600,
        private_network: bool = False,
    ) -> None:
        problems: list[str] = []
        self.credentials = _flag("credentials", credentials, problems)
        self.private_network = _flag("private_network", private_network, problems)
        self.methods = None if methods is None else _methods(methods, problems)
        self.headers = _names("headers", headers, problems)
        self.expose = _names("expose", expose, problems)
        self.max_age = max_age
        if type(max_age) is not int or max_age < 0:
            problems.append(f"max_age is {max_age!r}. Allowed are whole seconds from 0")
        try:
            self._origins = Origins([origins] if isinstance(origins, str) else origins)
        except ValueError as error:
            problems.append(str(error))
        else:
            self.static_origin = self._origins.only
            problems += self._check_credentials()
        if problems:
            raise ValueError(". ".join(problems))

    def _check_credentials(self) -> list[str]:
        """What a wildcard would mean together with credentials: to a browser, a name that is spelt `*`."""
        if not self.credentials:
            return []
        problems = []
        if self._origins.allows_any:
            problems.append("credentials is True and origins is '*', which browsers refuse. Name the origins")
        for name in ("methods", "headers", "expose"):
            if ANY in (getattr(self, name) or ()):
                reason = "which means the name '*' to browsers where credentials are sent"
                problems.append(f"credentials is True and {name} has '*', {reason}. Name the {name}")
        return problems

    @property
    def origins(self) -> tuple[str, ...]:
        """The entries, in a browser's spelling."""
        return self._origins.entries

    @property
    def variables(self) -> list[str]:
        """The environment variables that hold more origins; with any, the rest is known at start and not before."""
        return self._origins.variables

    @property
    def varies_by_origin(self) -> bool:
        """Whether answers differ by the request's `Origin`: a cache must keep them apart then, and `Vary` says so."""
        return self.static_origin is None

    def allows(self, origin: str) -> bool:
        """Whether a page of this origin, as its browser writes it, is allowed."""
        return self._origins.allow(origin)

    def answer_fields(self, origin: str | None) -> Fields:
        """The header fields of an answer that is no preflight's, without `Vary`.

        Args:
            origin: The request's `Origin`. Where `static_origin` is something, it does not matter.
        """
        allowed = self.static_origin
        if allowed is None:
            if origin is None or not self._origins.allow(origin):
                return []
            allowed = origin
        fields = [(ALLOW_ORIGIN, allowed)]
        if self.credentials:
            fields.append(("access-control-allow-credentials", "true"))
        if self.expose:
            fields.append(("access-control-expose-headers", ", ".join(self.expose)))
        return fields

    def preflight_fields(
        self, origin: str, method: str, headers: str | None = None, *, private_network: bool = False
    ) -> Fields:
        """The header fields of a preflight's answer, without `Vary`: of what was asked, what is allowed.

        Nothing for an origin that is not; nor for a method that is not and that browsers would take without our leave.

        Args:
            origin: The request's `Origin`.
            method: Its `Access-Control-Request-Method`.
            headers: Its `Access-Control-Request-Headers`.
            private_network: Whether it has `Access-Control-Request-Private-Network: true`.
        """
        methods = self.methods or ()
        allows_method = method in methods or (ANY in methods and method in _METHODS)
        if not self.allows(origin) or (not allows_method and method in _SAFELISTED_METHODS):
            return []
        fields = [(ALLOW_ORIGIN, self.static_origin or origin)]
        if self.credentials:
            fields.append(("access-control-allow-credentials", "true"))
        if allows_method:
            fields.append(("access-control-allow-methods", method))
        asked = self._allowed_headers(headers or "")
        if asked:
            fields.append(("access-control-allow-headers", ", ".join(asked)))
        if private_network and self.private_network:
            fields.append(("access-control-allow-private-network", "true"))
        fields.append(("access-control-max-age", str(self.max_age)))
        return fields

    def _allowed_headers(self, asked: str) -> list[str]:
        names = [name.strip(" \t").lower() for name in asked.split(",")]
        allowed = (*self.headers, ALWAYS_ALLOWED)
        return [name for name in dict.fromkeys(names) if name in allowed or (ANY in self.headers and is_token(name))]

    def answer_vary(self) -> tuple[str, ...]:
        """The request headers by which ordinary answers differ, whether a request has them or not."""
        return ("Origin",) if self.varies_by_origin else ()

    def preflight_vary(self) -> tuple[str, ...]:
        """The request headers by which answers to preflights differ."""
        by_origin = () if self._origins.allows_any else ("Origin",)
        asked = ("Access-Control-Request-Method", "Access-Control-Request-Headers")
        return (*by_origin, *asked, *(("Access-Control-Request-Private-Network",) if self.private_network else ()))

    def with_methods(self, methods: Iterable[str]) -> CORS:
        """The same with these methods, where it names none of its own."""
        return self if self.methods is not None else self._changed(methods=tuple(methods))

    def with_environment(self, environ: Mapping[str, str]) -> CORS:
        """The same with the origins that environment variables hold.

        Raises:
            ValueError: For a variable that is not set or empty, or holds something that cannot be used.
        """
        if not self.variables:
            return self
        origins: list[str] = []
        for entry in self.origins:
            if not entry.startswith(VARIABLE):
                origins.append(entry)
                continue
            name = entry[len(VARIABLE) :]
            found = environ.get(name, "").replace(",", " ").split()
            if not found or any(each.startswith(VARIABLE) for each in found):
                there = repr(environ[name]) if name in environ else "not set"
                raise ValueError(f"the environment variable {name} is {there}. It holds the origins that CORS allows")
            origins += found
        try:
            return self._changed(origins=origins)
        except ValueError as error:
            names = " and ".join(self.variables)
            raise ValueError(f"with what the environment variable {names} holds, {error}") from error

    def _arguments(self) -> dict[str, object]:
        names = ("methods", "headers", "expose", "credentials", "max_age", "private_network")
        return {name: getattr(self, name) for name in names}

    def _changed(self, **changes: object) -> CORS:
        return CORS(**{"origins": self.origins, **self._arguments(), **changes})  # type: ignore[arg-type]  # its own values

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CORS):
            return NotImplemented
        return self.origins == other.origins and self._arguments() == other._arguments()

    def __hash__(self) -> int:
        return hash((self.origins, *self._arguments().values()))

    def __repr__(self) -> str:
        """The call that makes it, without what is the default anyway."""
        defaults = {"methods": None, "headers": (), "expose": (), "credentials": False, "max_age": 600}
        said = {name: value for name, value in self._arguments().items() if value != defaults.get(name, False)}
        shown = (f"{name}={list(value) if isinstance(value, tuple) else value!r}" for name, value in said.items())
        return f"CORS({', '.join([repr(list(self.origins)), *shown])})"


def _flag(name: str, value: object, problems: list[str]) -> bool:
    if value is not True and value is not False:
        problems.append(f"{name} is {value!r}. Allowed are True and False")
    return value is True


def _methods(value: object, problems: list[str]) -> tuple[str, ...]:
    methods = _texts("methods", value, problems)
    unknown = [method for method in methods if method not in (*_METHODS, ANY)]
    problems += [f"methods has {method!r}. Allowed are {', '.join(_METHODS)}, and '*'" for method in unknown]
    return methods


def _names(argument: str, value: object, problems: list[str]) -> tuple[str, ...]:
    names = _texts(argument, value, problems)
    unknown = [name for name in names if not is_token(name)]
    problems += [f"{argument} has {name!r}. Allowed are names of headers, and '*'" for name in unknown]
    return tuple(name.lower() for name in names)


def _texts(argument: str, value: object, problems: list[str]) -> tuple[str, ...]:
    texts = (value,) if isinstance(value, str) else value
    if isinstance(texts, (list, tuple)) and all(isinstance(text, str) for text in texts):
        return tuple(dict.fromkeys(texts))
    problems.append(f"{argument} is {value!r}. Allowed are a text and a list of them")
    return ()
