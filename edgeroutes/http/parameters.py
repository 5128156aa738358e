"""Where an argument comes from, said in its annotation: `Annotated[str, Header()]`. Ground floor."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Source:
    """What the markers share.

    Args:
        name: What it is called there, where that is not the argument's name.
    """

    __slots__ = ("name",)
    place = ""

    def __init__(self, name: str = "") -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class Query(Source):
    """A query parameter: `Annotated[list[str], Query("tag")]`. A plain scalar argument is one without being marked."""

    __slots__ = ()
    place = "query"


class Header(Source):
    """A request header; the name is the argument's with `-` for `_`: `user_agent: Annotated[str, Header()]`."""

    __slots__ = ()
    place = "header"


class Cookie(Source):
    """A cookie of the request."""

    __slots__ = ()
    place = "cookie"


class Form(Source):
    """A field of an HTML form."""

    __slots__ = ()
    place = "form"


class File(Source):
    """A file of an HTML form, as Starlette's UploadFile; `list[UploadFile]` for several.

    Args:
        name: The form field, where that is not the argument's name.
        max_bytes: A larger one is a 413.
        types: Media types that are taken, `image/*` allowed; another one is a 415. Empty takes any.
    """

    __slots__ = ("max_bytes", "types")
    place = "form"

    def __init__(self, name: str = "", *, max_bytes: int | None = None, types: Sequence[str] = ()) -> None:
        super().__init__(name)
        self.max_bytes = max_bytes
        self.types = (types,) if isinstance(types, str) else tuple(types)


class Status:
    """The status of a handler's response, in its return annotation: `-> Annotated[Order, Status(201)]`.

    Args:
        status: 200 to 599.

    Raises:
        ValueError: For another status.
    """

    __slots__ = ("status",)

    def __init__(self, status: int) -> None:
        given: object = status
        if isinstance(given, bool) or not isinstance(given, int) or not 200 <= given <= 599:
            raise ValueError(f"Status({given!r}): a status is a number from 200 to 599")
        self.status = int(given)

    def __repr__(self) -> str:
        return f"Status({self.status})"
