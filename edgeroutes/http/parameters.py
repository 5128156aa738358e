"""Where an argument comes from, said in its annotation: `Annotated[str, Header()]`. Ground floor."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from typing import Any


class Source:
    """Where an argument comes from, and the constraints of its value.

    A bound is compared with the value. `multiple_of` is for numbers, `min_length` and `max_length` count characters or items,
    and `pattern` is a regular expression that the string contains a match of, as with `re.search`.

    Args:
        name: What it is called there, where that is not the argument's name.
    """

    __slots__ = ("constraints", "name")
    place = ""

    def __init__(
        self,
        name: str = "",
        *,
        ge: Any = None,
        gt: Any = None,
        le: Any = None,
        lt: Any = None,
        multiple_of: float | Decimal | None = None,
        min_length: int | None = None,
        max_length: int | None = None,
        pattern: str | None = None,
    ) -> None:
        self.name = name
        given = {
            "ge": ge,
            "gt": gt,
            "le": le,
            "lt": lt,
            "multiple_of": multiple_of,
            "min_length": min_length,
            "max_length": max_length,
            "pattern": pattern,
        }
        self.constraints = {key: value for key, value in given.items() if value is not None}

    def __repr__(self) -> str:
        given = [repr(self.name)] if self.name else []
        given += [f"{key}={value!r}" for key, value in self.constraints.items()]
        return f"{type(self).__name__}({', '.join(given)})"


class Query(Source):
    """A query parameter: `Annotated[list[str], Query("tag")]`, or several as a model: `Annotated[Filters, Query()]`."""

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
    """A field of an HTML form, or all of them as a model."""

    __slots__ = ()
    place = "form"


class Body(Source):
    """The JSON body, of any type: `Annotated[int, Body()]`. A model, `dict` or list of models is one without the marker."""

    __slots__ = ()
    place = "body"


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
