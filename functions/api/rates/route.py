"""Another server's answer, asked for at most once an hour by all sandboxes together; while it is down, the last one is given."""

import os

from edgeroutes import FetchError, HTTPError, fetch

revalidate = 3600
tags = ["rates"]


async def GET(base: str = "EUR") -> dict[str, object]:
    url = os.environ.get("UPSTREAM_URL")
    if not url:
        raise RuntimeError("the environment variable UPSTREAM_URL is not set")
    try:
        answer = await fetch(f"{url.rstrip('/')}/rates/{base}", revalidate=3600, tags=["rates"], timeout_seconds=5)
    except FetchError as error:
        raise HTTPError(502, "there are no rates") from error
    if not answer.ok:
        raise HTTPError(502, "there are no rates")
    return {"base": base, "rates": answer.json()}
