"""Errors of the dev server as pages for a browser: the source around a failure, the routes where none matches.

Other clients get problem+json; where no route matches, it has the closest paths.
"""

from __future__ import annotations

import difflib
import json
import re
import time
from html import escape
from typing import TYPE_CHECKING, Any

from edgeroutes.dev.gateway import HttpResponse
from edgeroutes.http.problem import CONTENT_TYPE
from edgeroutes.http.response import HTML

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from edgeroutes.dev.reports import RouteLine

CHANGES_PATH = "/_edgeroutes/changes"
"""Sends the time of each change of the project, as server-sent events in seconds."""

_LINES_AROUND = 4
_MAX_EXCERPTS = 8
_PLACE = re.compile(r"^(?P<file>[^\s:][^:\n]*):(?P<line>\d+)(?: in (?P<name>[^:]+))?(?=:)")

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
  :root {{ --line: #8884; --soft: light-dark(#f5f5f4, #1d1d1f); --mark: light-dark(#fde3e1, #4a1f1d); --red: light-dark(#b3261e, #f2807a) }}
  body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 3rem auto; padding: 0 1.5rem }}
  h1 {{ font-size: 1.25rem }} h2 {{ font-size: 1rem; margin: 2rem 0 .5rem }}
  pre, code, td {{ font: 14px/1.6 ui-monospace, monospace }}
  pre {{ white-space: pre-wrap; overflow-wrap: anywhere; margin: 0 }}
  .what {{ border-left: 4px solid var(--red); padding: .25rem 0 .25rem 1rem }}
  figure {{ margin: 1rem 0; border: 1px solid var(--line); border-radius: 6px; overflow: hidden }}
  figcaption {{ background: var(--soft); padding: .35rem .8rem; font: 14px/1.5 ui-monospace, monospace }}
  figure div {{ overflow-x: auto; padding: .4rem 0 }}
  figure span {{ display: block; white-space: pre; padding: 0 .8rem; font: 14px/1.6 ui-monospace, monospace; min-width: max-content }}
  figure .here {{ background: var(--mark) }} i {{ font-style: normal; opacity: .5 }}
  table {{ border-collapse: collapse; width: 100% }} td {{ padding: .15rem 1rem .15rem 0; vertical-align: top }}
  td:first-child {{ white-space: nowrap; opacity: .7 }} td:last-child {{ opacity: .6 }}
  small {{ opacity: .7 }}
</style>
<h1>{title}</h1>
{body}<p><small>{note}</small></p>
<script>
  new EventSource({changes}).onmessage = (event) => {{ if (Number(event.data) > {now}) location.reload() }};
</script>
</html>
"""


def for_browser(response: HttpResponse, accept: str, root: Path) -> HttpResponse:
    """The response as a page, for a 500 with a cause and a client that prefers HTML; otherwise unchanged."""
    document = _problem(response, 500)
    if document is None or not prefers_html(accept) or not document.keys() & {"traceback", "problems"}:
        return response
    excerpts = "".join(_excerpts(document, root))
    body = f'<pre class="what">{escape(str(document.get("detail", "")))}</pre>\n{excerpts}'
    request_id = f"request {document['request_id']} · " if document.get("request_id") else ""
    note = (
        f"{document.get('instance', '')} · {request_id}This page reloads when a file is saved. Other clients than browsers"
        " get problem+json. On AWS the body does not contain the cause."
    )
    return _page(response, document, body, note)


def without_route(response: HttpResponse, accept: str, table: Sequence[RouteLine], path: str) -> HttpResponse:
    """The 404 of a path without a route, with the closest paths; for a browser a page with all routes."""
    document = _problem(response, 404)
    if document is None:
        return response
    near = close_paths(path, [each.path for each in table])
    if not prefers_html(accept):
        if not near:
            return response
        return HttpResponse(
            status=404, headers=response.headers, body=json.dumps({**document, "did_you_mean": near}).encode()
        )
    what = f"No route matches {path}." + (f" Did you mean {' or '.join(near)}?" if near else "")
    rows = "".join(map(_row, table))
    listed = f"<h2>Routes</h2>\n<table>{rows}</table>\n" if rows else "<p>The project has no routes yet.</p>\n"
    note = "Only edgeroutes dev lists the routes. This page reloads when a file is saved."
    return _page(response, document, f'<pre class="what">{escape(what)}</pre>\n{listed}', note)


def close_paths(path: str, patterns: Sequence[str]) -> list[str]:
    """At most three route patterns that are close to a path; `[id]` stands for the path's own segment."""
    parts = path.strip("/").split("/")
    candidates: dict[str, str] = {}
    for pattern in patterns:
        own = pattern.strip("/").split("/")
        filled = [
            part if segment.startswith("[") else segment
            for segment, part in zip(own, parts + own[len(parts) :], strict=False)
        ]
        candidates.setdefault("/" + "/".join(filled), pattern)
    found = difflib.get_close_matches(path, candidates, n=3, cutoff=0.75)
    as_long = [near for near in found if near.count("/") == path.rstrip("/").count("/")]
    return [candidates[near] for near in as_long or found]


def prefers_html(accept: str) -> bool:
    """Whether this Accept prefers a page to JSON, as browsers do."""
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


def _problem(response: HttpResponse, status: int) -> dict[str, Any] | None:
    """The problem document with this status; None for anything else."""
    headers = {name.lower(): value for name, value in response.headers}
    if response.status != status or headers.get("content-type") != CONTENT_TYPE or not response.body:
        return None
    document: dict[str, Any] = json.loads(response.body)
    return document


def _page(response: HttpResponse, document: dict[str, Any], body: str, note: str) -> HttpResponse:
    text = _PAGE.format(
        title=escape(f"{document.get('status')} {document.get('title')}"),
        body=body,
        note=escape(note),
        changes=json.dumps(CHANGES_PATH),
        now=time.time(),
    )
    headers = [(name, HTML if name.lower() == "content-type" else value) for name, value in response.headers]
    return HttpResponse(status=response.status, headers=headers, body=text.encode("utf-8", "replace"))


def _row(route: RouteLine) -> str:
    path = escape(route.path)
    is_link = "[" not in route.path and "GET" in route.methods
    shown = f'<a href="{path}">{path}</a>' if is_link else path
    return f"<tr><td>{escape(' '.join(route.methods))}</td><td>{shown}</td><td>{escape(route.source_file)}</td></tr>\n"


def _excerpts(document: dict[str, Any], root: Path) -> Iterator[str]:
    """The lines around each place of the project in a traceback or a problem, the innermost first."""
    lines = [*reversed(document.get("traceback", ())), *document.get("problems", ())]
    for line in lines[:_MAX_EXCERPTS]:
        place = _PLACE.match(str(line))
        excerpt = _excerpt(root, place["file"], int(place["line"])) if place else ""
        if place is not None and excerpt:
            name = f" in {place['name']}" if place["name"] else ""
            caption = escape(f"{place['file']}:{place['line']}{name}")
            yield f"<figure><figcaption>{caption}</figcaption><div>{excerpt}</div></figure>\n"
        else:
            yield f"<pre>{escape(str(line))}</pre>\n"


def _excerpt(root: Path, file: str, number: int) -> str:
    path = (root / file).resolve()
    if not path.is_relative_to(root.resolve()) or path.name.startswith(".env"):
        return ""
    try:
        lines = path.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    first, last = max(1, number - _LINES_AROUND), min(len(lines), number + _LINES_AROUND)
    return "".join(
        f"<span{' class=here' if each == number else ''}><i>{each:>5}</i>  {escape(lines[each - 1])}</span>"
        for each in range(first, last + 1)
    )
