"""The three redirects. Each ends the handler, so nothing is returned after it."""

from typing import Literal, NoReturn

from edgeroutes import permanent_redirect, redirect, see_other


async def GET(kind: Literal["temporary", "permanent", "see-other"]) -> NoReturn:
    if kind == "temporary":
        redirect("/api/hello?name=307")  # the method and the body stay
    if kind == "permanent":
        permanent_redirect("/api/hello?name=308")  # like 307, and browsers cache it
    see_other("/api/hello?name=303")  # continues with GET, whatever the method was


POST = GET
