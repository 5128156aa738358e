"""CORS: the origins that may read a route's responses, and the header fields that allow it. Loaded where a project uses it.

The runtime, the template, `doctor` and the dev server use these values and rules. Browsers compare origins byte by byte, so the project's
entries are brought into a browser's spelling once.
Source: fetch.spec.whatwg.org §3.3 "CORS protocol", HTML §7.1.1 "serialization of an origin", URL §4.5 "host serializing" (read 2026-11-21).
"""

from __future__ import annotations

import re

from edgeroutes.http.headers import is_token

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Fields = list[tuple[str, str]]

ANY = "*"
REGEX = "regex:"
VARIABLE = "env:"

_DEFAULT_PORTS = {"http": "80", "https": "443"}
# Patterns are compiled when they are used: most cold starts need none, and all take half a millisecond.
_WRITTEN = r"(?i:([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[^\s/\\?#@:%\[\]]+)(?::([0-9]{1,5}))?)"
_HOST = r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?"
_ADDRESS = r"((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(?=.)|$)){4}"
_SUBDOMAINS = r"[a-z0-9_-]+(\.[a-z0-9_-]+)*"
_SENT = r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:[0-9]{1,5})?"
# A host has at most 253 characters; longer origins match no pattern.
_MAX_LENGTH = 300
_UNKNOWN_ORIGIN = "https://allowed-by-nobody.invalid:61234"


def _canonical_entry(entry: str) -> str:
    """An entry in a browser's spelling: `HTTPS://App.Example.com:443/` → `https://app.example.com`.

    Raises:
        ValueError: No page can have this origin.
    """
    if not isinstance(entry, str):
        raise ValueError(f"origins has {entry!r}. Allowed are strings such as 'https://app.example.com'")  # noqa: TRY004
    if entry == ANY:
        return entry
    if entry.startswith(VARIABLE):
        return _checked_variable(entry)
    if entry.startswith(REGEX):
        return _checked_pattern(entry)
    if entry == "null":
        raise ValueError(
            "origins has 'null', which any page can send from a sandboxed frame. Allow '*' or real origins"
        )
    if "://*." in entry:
        scheme, _, domain = entry.partition("://*.")
        canonical = canonical_origin(f"{scheme}://{domain}", entry)
        host = canonical.partition("://")[2].partition(":")[0]
        if "." not in host.rstrip(".") and host != "localhost":
            raise ValueError(f"origins has {entry!r}, a whole top-level domain. Allowed are '*.' and your own domain")
        return canonical.replace("://", "://*.", 1)
    return canonical_origin(entry, entry)


def canonical_origin(text: str, shown: str = "") -> str:
    """An origin as a browser sends it.

    Args:
        text: Scheme, host and port, with or without a final slash.
        shown: Its name in an error.

    Raises:
        ValueError: It is not an origin.
    """
    if _is_plain(text):
        return text
    shown = shown or text
    match = re.fullmatch(_WRITTEN, text.removesuffix("/"))
    if match is None:
        hint = "Allowed is scheme://host, with a port unless it is the scheme's default, and without a path"
        raise ValueError(f"origins has {shown!r}. {hint}")
    scheme, host, port = match[1].lower(), match[2].lower(), (match[3] or "").lstrip("0")
    if scheme in _DEFAULT_PORTS or not re.fullmatch(_HOST, host):
        host = _canonical_host(match[2], shown)
    if match[3] is not None and int(match[3]) > 65_535:
        raise ValueError(f"origins has {shown!r}. A port is at most 65535")
    if match[3] is None or port == _DEFAULT_PORTS.get(scheme):
        return f"{scheme}://{host}"
    return f"{scheme}://{host}:{port or 0}"


def _is_plain(text: str) -> bool:
    """Whether it needs no change, as most: lower-case letters, digits and dots, without a port."""
    scheme, _, host = text.partition("://")
    labels = host.split(".")
    return (
        scheme in _DEFAULT_PORTS
        and host.isascii()
        and host.islower()
        and all(label.isalnum() for label in labels)
        and labels[-1].isalpha()
    )


def _canonical_host(host: str, shown: str) -> str:
    if host.startswith("["):
        import ipaddress

        try:
            address = ipaddress.IPv6Address(host[1:-1])
        except ValueError as error:
            raise ValueError(f"origins has {shown!r}. {error}") from error
        if address.ipv4_mapped is not None:  # which Python writes with dots since 3.13
            return "[::ffff:{:x}:{:x}]".format(*divmod(int(address.ipv4_mapped), 1 << 16))
        return f"[{address.compressed}]"
    ascii_host = host.lower() if host.isascii() else _punycode(host, shown)
    last = ascii_host.rstrip(".").rpartition(".")[2]
    if last.isdigit() and not re.fullmatch(_ADDRESS, ascii_host):
        raise ValueError(f"origins has {shown!r}. An address has four numbers up to 255, without leading zeros")
    if not re.fullmatch(_HOST, ascii_host) or ".." in ascii_host:
        hint = (
            "Allowed is one '*', for all subdomains: 'https://*.example.com'"
            if "*" in host
            else "The host is not valid"
        )
        raise ValueError(f"origins has {shown!r}. {hint}")
    return ascii_host


def _punycode(host: str, shown: str) -> str:
    """The host as in DNS, which is what browsers send.

    Only where Python's codec (IDNA 2003) and current Unicode change nothing but capitals: there browsers (UTS #46) agree.
    Source: unicode.org/reports/tr46 §4, §7.
    """
    from unicodedata import normalize

    hint = "Write it as browsers send it, with 'xn--'"
    try:
        encoded = host.encode("idna")
        decoded = encoded.decode("idna")
        is_the_same = normalize("NFC", host.lower()) == decoded == normalize("NFKC", decoded.casefold())
    except UnicodeError as error:
        raise ValueError(f"origins has {shown!r}, which cannot be encoded for DNS: {error}. {hint}") from error
    if not is_the_same:
        raise ValueError(f"origins has {shown!r}, whose letters browsers and Python encode differently. {hint}")
    return encoded.decode().lower()


def _checked_variable(entry: str) -> str:
    if not re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*", entry):
        raise ValueError(f"origins has {entry!r}. Allowed after 'env:' is the name of an environment variable")
    return entry


def _checked_pattern(entry: str) -> str:
    try:
        pattern = re.compile(entry[len(REGEX) :])
    except re.error as error:
        raise ValueError(f"origins has {entry!r}, which is not a regular expression: {error}") from error
    if pattern.fullmatch(_UNKNOWN_ORIGIN):
        raise ValueError(f"origins has {entry!r}, which allows any origin. Say so with '*', or name the hosts in it")
    return entry


def _is_rule(entry: str) -> bool:
    """Whether it stands for other origins than the one that it spells."""
    return entry.startswith((REGEX, VARIABLE)) or "://*." in entry


ALLOW_ORIGIN = "access-control-allow-origin"
REQUEST_METHOD = "access-control-request-method"
REQUEST_HEADERS = "access-control-request-headers"
REQUEST_PRIVATE_NETWORK = "access-control-request-private-network"
# Pages set it for JSON. Starlette always allows it, too.
ALWAYS_ALLOWED = "content-type"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# Allowed by default: a preflight cannot refuse one by leaving it out. Source: Fetch, "CORS-safelisted method".
SAFELISTED_METHODS = ("GET", "HEAD", "POST")


class CORS:
    """The pages of other origins that may read a route's responses: the value of `cors` in a route file.

    Args:
        origins: One or several of `https://app.example.com`; `https://*.example.com` for every subdomain; `regex:` with a pattern for
            the whole origin; `env:NAME` for an environment variable with such a list, separated by commas or spaces; or `"*"` for all.
        methods: The methods that a preflight allows; by default those that the route exports. `"*"` for all.
        headers: The request headers that a preflight allows; `content-type` is always allowed. `"*"` for all.
        expose: The response headers that pages may read, beside those that browsers always expose. `"*"` for all.
        credentials: Whether requests may have cookies and HTTP authentication. Not together with a `"*"`.
        max_age: Seconds for which a browser may cache a preflight; Chromium's limit is 7200.
        private_network: Whether pages of public sites may send requests to this one in a private network.

    Attributes:
        origins: The entries, in a browser's spelling.
        static_origin: The `Access-Control-Allow-Origin` of every response, one exact origin or `*`; None where it depends on the request.

    Raises:
        ValueError: With all problems of the arguments.

    >>> CORS(["https://app.example.com"], credentials=True).response_fields("https://app.example.com")
    [('access-control-allow-origin', 'https://app.example.com'), ('access-control-allow-credentials', 'true')]
    """

    __slots__ = (
        "_exact",
        "_patterns",
        "_subdomains",
        "credentials",
        "expose",
        "headers",
        "max_age",
        "methods",
        "origins",
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
        self.origins = _canonical_entries(origins, problems)
        problems += self._check_credentials()
        if problems:
            raise ValueError(". ".join(problems))
        rules = [entry for entry in self.origins if _is_rule(entry)]
        self.static_origin = self.origins[0] if len(self.origins) == 1 and not rules else None
        self._exact = frozenset(self.origins).difference(rules)
        self._patterns = [re.compile(entry[len(REGEX) :]) for entry in rules if entry.startswith(REGEX)]
        wildcards = [entry for entry in rules if not entry.startswith((REGEX, VARIABLE))]
        self._subdomains = [(entry.partition("*")[0], entry.partition("*")[2]) for entry in wildcards]

    def _check_credentials(self) -> list[str]:
        """Problems of a wildcard together with credentials: browsers read it as a name that is spelled `*`."""
        if not self.credentials:
            return []
        problems = []
        if ANY in self.origins:
            problems.append("credentials is True and origins is '*', which browsers reject. List the origins")
        for name in ("methods", "headers", "expose"):
            if ANY in (getattr(self, name) or ()):
                reason = "which is not a wildcard for requests with credentials"
                problems.append(f"credentials is True and {name} has '*', {reason}. List them")
        return problems

    @property
    def variables(self) -> list[str]:
        """The environment variables with more origins, which are known at the start of the function."""
        return [entry[len(VARIABLE) :] for entry in self.origins if entry.startswith(VARIABLE)]

    @property
    def varies_by_origin(self) -> bool:
        """Whether responses differ by the request's `Origin`, as `Vary` and the cache key must show."""
        return self.static_origin is None

    def allows(self, origin: str) -> bool:
        """Whether a page of this origin, as its browser writes it, is allowed."""
        if self.static_origin == ANY or origin in self._exact:
            return True
        if len(origin) > _MAX_LENGTH or not (self._subdomains or self._patterns) or not re.fullmatch(_SENT, origin):
            return False
        for start, end in self._subdomains:
            between = origin[len(start) : -len(end)]
            if origin.startswith(start) and origin.endswith(end) and re.fullmatch(_SUBDOMAINS, between):
                return True
        return any(pattern.fullmatch(origin) for pattern in self._patterns)

    def response_fields(self, origin: str | None) -> Fields:
        """The header fields of a response other than to a preflight, without `Vary`.

        Args:
            origin: The request's `Origin`; it has no effect with a `static_origin`.
        """
        allowed = self.static_origin
        if allowed is None:
            if origin is None or not self.allows(origin):
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
        """The header fields of the response to a preflight, without `Vary`: the allowed part of the request.

        None for an origin that is not allowed, and for a method that is not allowed although browsers allow it by default.

        Args:
            origin: The request's `Origin`.
            method: Its `Access-Control-Request-Method`.
            headers: Its `Access-Control-Request-Headers`.
            private_network: Whether it has `Access-Control-Request-Private-Network: true`.
        """
        methods = self.methods or ()
        allows_method = method in methods or (ANY in methods and method in _METHODS)
        if not self.allows(origin) or (not allows_method and method in SAFELISTED_METHODS):
            return []
        fields = [(ALLOW_ORIGIN, self.static_origin or origin)]
        if self.credentials:
            fields.append(("access-control-allow-credentials", "true"))
        if allows_method:
            fields.append(("access-control-allow-methods", method))
        allowed = self._allowed_headers(headers or "")
        if allowed:
            fields.append(("access-control-allow-headers", ", ".join(allowed)))
        if private_network and self.private_network:
            fields.append(("access-control-allow-private-network", "true"))
        fields.append(("access-control-max-age", str(self.max_age)))
        return fields

    def _allowed_headers(self, requested: str) -> list[str]:
        names = [name.strip(" \t").lower() for name in requested.split(",")]
        allowed = (*self.headers, ALWAYS_ALLOWED)
        return [name for name in dict.fromkeys(names) if name in allowed or (ANY in self.headers and is_token(name))]

    def response_vary(self) -> tuple[str, ...]:
        """The request headers by which other responses differ, whether a request has them or not."""
        return ("Origin",) if self.varies_by_origin else ()

    def preflight_vary(self) -> tuple[str, ...]:
        """The request headers by which responses to preflights differ."""
        by_origin = () if self.static_origin == ANY else ("Origin",)
        sent = ("Access-Control-Request-Method", "Access-Control-Request-Headers")
        return (*by_origin, *sent, *(("Access-Control-Request-Private-Network",) if self.private_network else ()))

    def with_methods(self, methods: Iterable[str]) -> CORS:
        """The same with these methods, unless it has its own."""
        return self if self.methods is not None else self._changed(methods=tuple(methods))

    def with_environment(self, environ: Mapping[str, str]) -> CORS:
        """The same with the origins of its environment variables.

        Raises:
            ValueError: A variable is not set, is empty, or contains an invalid origin.
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
                raise ValueError(
                    f"the environment variable {name} is {there}. It must contain the origins that CORS allows"
                )
            origins += found
        try:
            return self._changed(origins=origins)
        except ValueError as error:
            names = " and ".join(self.variables)
            raise ValueError(f"with the environment variable {names}, {error}") from error

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
        """The call that creates it, without default values."""
        defaults = {"methods": None, "headers": (), "expose": (), "credentials": False, "max_age": 600}
        given = {name: value for name, value in self._arguments().items() if value != defaults.get(name, False)}
        shown = (f"{name}={list(value) if isinstance(value, tuple) else value!r}" for name, value in given.items())
        return f"CORS({', '.join([repr(list(self.origins)), *shown])})"


def _canonical_entries(origins: str | Iterable[str], problems: list[str]) -> tuple[str, ...]:
    try:
        entries = tuple(dict.fromkeys(map(_canonical_entry, [origins] if isinstance(origins, str) else origins)))
    except TypeError:
        problems.append(f"origins is {origins!r}. Allowed are a string and a list of strings")
        return ()
    except ValueError as error:
        problems.append(str(error))
        return ()
    if not entries:
        problems.append("origins is empty. Allowed are origins such as 'https://app.example.com', and '*'")
    elif ANY in entries and len(entries) > 1:
        problems.append("origins has '*' and other entries. '*' allows every origin, so it must be the only entry")
    return entries


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
    problems += [f"{argument} has {name!r}. Allowed are header names, and '*'" for name in unknown]
    return tuple(name.lower() for name in names)


def _texts(argument: str, value: object, problems: list[str]) -> tuple[str, ...]:
    texts = (value,) if isinstance(value, str) else value
    if isinstance(texts, (list, tuple)) and all(isinstance(text, str) for text in texts):
        return tuple(dict.fromkeys(texts))
    problems.append(f"{argument} is {value!r}. Allowed are a string and a list of strings")
    return ()
