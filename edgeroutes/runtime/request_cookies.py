"""The cookies of the request, read and set by one mapping: `cookies()`. Loaded with its first call."""

from __future__ import annotations

from collections.abc import Mapping

from edgeroutes.errors import HandlerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from typing import Self, Unpack

    from edgeroutes.http.cookies import CookieAttributes, ResponseCookies
    from edgeroutes.runtime.context import RequestScope


class Cookies(Mapping[str, str]):
    """The cookies of the request, and those that the response will set; what was set is read back."""

    __slots__ = ("_scope", "_sent")

    def __init__(self, scope: RequestScope) -> None:
        self._scope = scope
        self._sent = scope.request.cookies

    def __await__(self) -> Generator[None, None, Self]:
        """Itself, for `await cookies()` as in Next.js 15."""
        yield from ()
        return self

    def set(self, name: str, value: str | None = "", **attributes: Unpack[CookieAttributes]) -> None:
        """Set a cookie on whatever the handler returns, redirects included, errors excluded: see `ResponseCookies.set`."""
        self._jar().set(name, value, **attributes)

    def delete(self, name: str, *, path: str = "/", domain: str | None = None) -> None:
        """Make the browser delete a cookie, which reads as "" from here on.

        `path` and `domain` must be those it was set with.
        """
        self._jar().delete(name, path=path, domain=domain)

    def _jar(self) -> ResponseCookies:
        if self._scope.dynamic == "force-static":
            hint = 'Set it in a route without dynamic = "force-static"'
            problem = "a static response is the same for everyone and sets no cookie"
            raise HandlerError(problem, where=self._scope.where, hint=hint)
        if self._scope.sealed:
            hint = "Set it before the handler returns"
            raise HandlerError(f"a cookie was set {self._scope.sealed}", where=self._scope.where, hint=hint)
        if self._scope.jar is None:
            from edgeroutes.http.cookies import ResponseCookies

            self._scope.jar = ResponseCookies()
        return self._scope.jar

    def _all(self) -> dict[str, str]:
        jar = self._scope.jar
        return {**self._sent, **{cookie.name: jar.get(cookie.name) or "" for cookie in jar}} if jar else self._sent

    def __getitem__(self, name: str) -> str:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __repr__(self) -> str:
        return f"Cookies({self._all()!r})"
