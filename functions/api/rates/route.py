"""Data of another server, fetched at most once an hour by all sandboxes together; while it is down, the last response is used."""

import os
import re
from urllib.parse import quote

from edgeroutes import FetchError, HTTPError, fetch
from functions._shared.validation import require

revalidate = 3600
tags = ["rates"]


async def GET(base: str = "EUR") -> dict[str, object]:
    require(("base", re.fullmatch("[A-Z]{3}", base) is not None, "must be a currency's code, such as EUR"))
    url = os.environ.get("UPSTREAM_URL")
    if not url:
        raise RuntimeError("the environment variable UPSTREAM_URL is not set")
    try:
        response = await fetch(
            f"{url.rstrip('/')}/rates/{quote(base, safe='')}", revalidate=3600, tags=["rates"], timeout_seconds=5
        )
    except FetchError as error:
        raise HTTPError(502, "there are no rates") from error
    if not response.ok:
        raise HTTPError(502, "there are no rates")
    return {"base": base, "rates": response.json()}
