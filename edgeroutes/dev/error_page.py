"""A 500 of the dev server as a page that can be read in a browser. Floor 3; knows no routes."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from edgeroutes.dev.gateway import HttpAnswer
from edgeroutes.http.problem import CONTENT_TYPE
from edgeroutes.http.response import HTML

if TYPE_CHECKING:
    from collections.abc import Sequence

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 3rem auto; padding: 0 1.5rem; color-scheme: light dark }}
  h1 {{ font-size: 1.25rem }} pre {{ white-space: pre-wrap; font: 14px/1.6 ui-monospace, monospace }}
  .what {{ border-left: 3px solid #c33; padding-left: 1rem }} small {{ opacity: .7 }}
</style>
<h1>{title}</h1>
<pre class="what">{what}</pre>
{trace}<p><small>{instance} · Other clients than browsers get this as problem+json. On AWS the body says nothing of the cause.</small></p>
</html>
"""


def for_browser(answer: HttpAnswer, accept: str) -> HttpAnswer:
    """The answer as a page, when it is a 500 that tells what happened and the client prefers HTML; else as it is."""
    if answer.status != 500 or not prefers_html(accept) or ("content-type", CONTENT_TYPE) not in answer.headers:
        return answer
    document = json.loads(answer.body)
    if "traceback" not in document and "problems" not in document:
        return answer
    headers = [(name, HTML if name == "content-type" else value) for name, value in answer.headers]
    return HttpAnswer(status=500, headers=headers, body=_render(document).encode())


def prefers_html(accept: str) -> bool:
    """Whether a client that sends this Accept would rather have a page than JSON: browsers say so."""
    qualities = dict(_qualities(accept))
    html = qualities.get("text/html", 0.0)
    return html > 0 and html >= max(qualities.get("application/json", 0.0), qualities.get(CONTENT_TYPE, 0.0))


def _qualities(accept: str) -> Sequence[tuple[str, float]]:
    found = []
    for part in accept.split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
        try:
            found.append((kind, float(quality)))
        except ValueError:
            found.append((kind, 0.0))
    return found


def _render(document: dict[str, Any]) -> str:
    lines = [escape(str(line)) for line in document.get("traceback", ())]
    return _PAGE.format(
        title=escape(f"{document.get('status')} {document.get('title')}"),
        what=escape(str(document.get("detail", ""))),
        trace="<pre>" + "\n".join(lines) + "</pre>\n" if lines else "",
        instance=escape(str(document.get("instance", ""))),
    )
