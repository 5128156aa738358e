"""Origins as browsers write them, and the ways in which a project names those that it allows. Ground floor, loaded where CORS is.

A browser's `Origin` is compared as it stands, byte for byte, as browsers compare what a server allows; it is the project's side that
is brought into a browser's spelling, once.
Source: Fetch §3.3.6 "CORS check", HTML §7.1.1 "serialization of an origin", URL §4.5 "host serializing", read 2026-11-21.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

ANY = "*"
REGEX = "regex:"
VARIABLE = "env:"

_DEFAULT_PORTS = {"http": "80", "https": "443"}
# Expressions as text: compiling all of them would be half a millisecond of a cold start that mostly needs none.
_WRITTEN = r"(?i:([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[^\s/\\?#@:%\[\]]+)(?::([0-9]{1,5}))?)"
_HOST = r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?"
_ADDRESS = r"((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(?=.)|$)){4}"
_SUBDOMAINS = r"[a-z0-9_-]+(\.[a-z0-9_-]+)*"
_SENT = r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:[0-9]{1,5})?"
# A host has at most 253 characters; what is longer no expression is asked about.
_LONGEST = 300
_NOBODYS = "https://allowed-by-nobody.invalid:61234"


class Origins:
    """Origins that are allowed.

    Args:
        entries: Exact origins, `https://*.example.com` for all subdomains at any depth (not the domain itself),
            `regex:` with an expression for the whole origin, or `*` alone.

    Raises:
        ValueError: Saying which entry cannot be used, and what can.
    """

    __slots__ = ("_exact", "_patterns", "_subdomains", "allows_any", "entries")

    def __init__(self, entries: Iterable[str]) -> None:
        try:
            self.entries = tuple(dict.fromkeys(map(canonical_entry, entries)))
        except TypeError as error:
            raise ValueError(f"origins is {entries!r}. Allowed are a text and a list of them") from error
        self.allows_any = ANY in self.entries
        if not self.entries:
            raise ValueError("origins is empty. Allowed are origins such as 'https://app.example.com', and '*'")
        if self.allows_any and len(self.entries) > 1:
            raise ValueError("origins has '*' beside others. '*' allows every origin, so it stands alone")
        self._exact = frozenset(entry for entry in self.entries if not _is_rule(entry))
        self._patterns = [re.compile(entry[len(REGEX) :]) for entry in self.entries if entry.startswith(REGEX)]
        wildcards = [entry for entry in self.entries if _is_rule(entry) and not entry.startswith((REGEX, VARIABLE))]
        self._subdomains = [(entry.partition("*")[0], entry.partition("*")[2]) for entry in wildcards]

    @property
    def variables(self) -> list[str]:
        """The environment variables that hold more of them."""
        return [entry[len(VARIABLE) :] for entry in self.entries if entry.startswith(VARIABLE)]

    @property
    def only(self) -> str | None:
        """The one exact origin that is all there is, or `*`; None where the answer depends on who asks."""
        entry = self.entries[0]
        return entry if len(self.entries) == 1 and not _is_rule(entry) else None

    def allow(self, origin: str) -> bool:
        """Whether a page of this origin is allowed; `origin` as the browser sent it."""
        if self.allows_any or origin in self._exact:
            return True
        if len(origin) > _LONGEST or not (self._subdomains or self._patterns) or not re.fullmatch(_SENT, origin):
            return False
        for start, end in self._subdomains:
            between = origin[len(start) : -len(end)]
            if origin.startswith(start) and origin.endswith(end) and re.fullmatch(_SUBDOMAINS, between):
                return True
        return any(pattern.fullmatch(origin) for pattern in self._patterns)


def canonical_entry(entry: str) -> str:
    """One entry in the spelling that browsers have: `HTTPS://App.Example.com:443/` → `https://app.example.com`.

    Raises:
        ValueError: For what no page's origin can be.
    """
    if not isinstance(entry, str):
        raise ValueError(f"origins has {entry!r}. Allowed are texts such as 'https://app.example.com'")  # noqa: TRY004
    if entry == ANY:
        return entry
    if entry.startswith(VARIABLE):
        return _checked_variable(entry)
    if entry.startswith(REGEX):
        return _checked_pattern(entry)
    if entry == "null":
        raise ValueError(
            "origins has 'null', which any page can have, from a sandboxed frame. Allow '*' or real origins"
        )
    if "://*." in entry:
        scheme, _, domain = entry.partition("://*.")
        canonical = canonical_origin(f"{scheme}://{domain}", entry)
        host = canonical.partition("://")[2].partition(":")[0]
        if "." not in host.rstrip(".") and host != "localhost":
            raise ValueError(
                f"origins has {entry!r}, a whole top-level domain. Allowed are '*.' and a domain of one's own"
            )
        return canonical.replace("://", "://*.", 1)
    return canonical_origin(entry, entry)


def canonical_origin(text: str, said: str = "") -> str:
    """An origin as a browser would send it.

    Args:
        text: Scheme, host and port; one slash at the end is forgiven.
        said: How an error shall call it.

    Raises:
        ValueError: When it is none.
    """
    if _is_plain(text):
        return text
    said = said or text
    match = re.fullmatch(_WRITTEN, text.removesuffix("/"))
    if match is None:
        hint = "Allowed is scheme://host, with a port where it is not the scheme's own, and no path"
        raise ValueError(f"origins has {said!r}. {hint}")
    scheme, host, port = match[1].lower(), match[2].lower(), (match[3] or "").lstrip("0")
    if scheme in _DEFAULT_PORTS or not re.fullmatch(_HOST, host):
        host = _canonical_host(match[2], said)
    if match[3] is not None and int(match[3]) > 65_535:
        raise ValueError(f"origins has {said!r}. A port is at most 65535")
    if match[3] is None or port == _DEFAULT_PORTS.get(scheme):
        return f"{scheme}://{host}"
    return f"{scheme}://{host}:{port or 0}"


def _is_plain(text: str) -> bool:
    """Whether it is a name of small letters, digits and dots without a port, as most are: then nothing has to be changed."""
    scheme, _, host = text.partition("://")
    labels = host.split(".")
    return (
        scheme in _DEFAULT_PORTS
        and host.isascii()
        and host.islower()
        and all(label.isalnum() for label in labels)
        and labels[-1].isalpha()
    )


def _canonical_host(host: str, said: str) -> str:
    if host.startswith("["):
        import ipaddress

        try:
            address = ipaddress.IPv6Address(host[1:-1])
        except ValueError as error:
            raise ValueError(f"origins has {said!r}. {error}") from error
        if address.ipv4_mapped is not None:  # which Python writes with dots since 3.13
            return "[::ffff:{:x}:{:x}]".format(*divmod(int(address.ipv4_mapped), 1 << 16))
        return f"[{address.compressed}]"
    ascii_host = host.lower() if host.isascii() else _punycode(host, said)
    last = ascii_host.rstrip(".").rpartition(".")[2]
    if last.isdigit() and not re.fullmatch(_ADDRESS, ascii_host):
        raise ValueError(f"origins has {said!r}. An address has four numbers up to 255, without leading zeros")
    if not re.fullmatch(_HOST, ascii_host) or ".." in ascii_host:
        hint = "Allowed is one '*', for all subdomains: 'https://*.example.com'" if "*" in host else "That is no host"
        raise ValueError(f"origins has {said!r}. {hint}")
    return ascii_host


def _punycode(host: str, said: str) -> str:
    """The host as it is in DNS, which is how browsers send it.

    Only where nothing but capitals is changed, by Python's codec (IDNA 2003) and by today's Unicode alike: there browsers (UTS #46)
    agree with it. Source: unicode.org/reports/tr46 §4, §7.
    """
    from unicodedata import normalize

    hint = "Write it as browsers send it, with 'xn--'"
    try:
        encoded = host.encode("idna")
        decoded = encoded.decode("idna")
        is_the_same = normalize("NFC", host.lower()) == decoded == normalize("NFKC", decoded.casefold())
    except UnicodeError as error:
        raise ValueError(f"origins has {said!r}, which cannot be encoded for DNS: {error}. {hint}") from error
    if not is_the_same:
        raise ValueError(f"origins has {said!r}, whose letters browsers and Python encode differently. {hint}")
    return encoded.decode().lower()


def _checked_variable(entry: str) -> str:
    if not re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*", entry):
        raise ValueError(f"origins has {entry!r}. After 'env:' stands the name of an environment variable")
    return entry


def _checked_pattern(entry: str) -> str:
    try:
        pattern = re.compile(entry[len(REGEX) :])
    except re.error as error:
        raise ValueError(f"origins has {entry!r}, which is no regular expression: {error}") from error
    if pattern.fullmatch(_NOBODYS):
        raise ValueError(f"origins has {entry!r}, which allows any origin. Say so with '*', or name the hosts in it")
    return entry


def _is_rule(entry: str) -> bool:
    """Whether it stands for other origins than the one that it spells."""
    return entry.startswith((REGEX, VARIABLE)) or "://*." in entry
