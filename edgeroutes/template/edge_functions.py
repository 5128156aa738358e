"""The JavaScript that CloudFront runs at its edge, composed of parts. Build wing, floor 2; knows no CloudFormation.

Two functions, since a behaviour takes one of each kind: for requests, before the cache is asked, and for answers, after it.
Source: docs.aws.amazon.com/AmazonCloudFront "functions-event-structure", "edge-function-restrictions-all" (read 2026-11-21).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeroutes.http.freshness import BROWSERS_ASK

if TYPE_CHECKING:
    from collections.abc import Sequence

RUNTIME = "cloudfront-js-2.0"
# Source: docs.aws.amazon.com/AmazonCloudFront "cloudfront-limits" (read 2026-11-21).
MAX_CODE_BYTES = 10_240


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPart:
    """Something that is done with every request.

    Args:
        name: Of the function that does it: it is called with `(request, viewer)`, the two of the event. What it returns, if
            anything, is the answer, and no later part is asked.
        source: That declares this function, and whatever else it needs under names of its own.
    """

    name: str
    source: str


_NAME_VIEWER = """\
// API Gateway is asked under its own name by CloudFront: here is who asked, and for which host.
const domains = %s;

function nameViewer(request, viewer) {
    const asked = request.headers.host.value.toLowerCase().split(':')[0];
    const isOurs = domains.some((domain) => domain === asked || (domain[0] === '*' && asked.endsWith(domain.slice(1))));
    const own = domains.find((domain) => domain[0] !== '*');
    request.headers['x-forwarded-host'] = { value: isOurs ? asked : own || asked };
    request.headers['x-edgeroutes-client'] = { value: viewer.ip };
}
"""

_ANSWER = """\
// What is fresh here for s-maxage seconds a browser may not keep: it could not be told to forget it.
function handler(event) {
    const response = event.response;
    const said = response.headers['cache-control'];
    if (said && /(^|[\\s,])s-maxage\\s*=/i.test((said.multiValue || [said]).map((each) => each.value).join())) {
        response.headers['cache-control'] = { value: '%s' };
    }
    return response;
}
"""


def name_viewer(domain_names: Sequence[str]) -> RequestPart:
    """The part that says who asked and for which host, whatever the viewer claimed of either.

    Args:
        domain_names: The project's. A host that is none of them, such as the distribution's own, counts as the first;
            without any, the host that was asked counts.
    """
    return RequestPart(name="nameViewer", source=_NAME_VIEWER % json.dumps([*domain_names]))


def render_request_function(parts: Sequence[RequestPart]) -> str:
    """The code of the viewer-request function: its parts, asked in this order."""
    calls = "".join(
        f"    const answer{number} = {part.name}(event.request, event.viewer);\n"
        f"    if (answer{number}) {{\n        return answer{number};\n    }}\n"
        for number, part in enumerate(parts)
    )
    sources = "\n".join(part.source for part in parts)
    return f"{sources}\nfunction handler(event) {{\n{calls}    return event.request;\n}}\n"


def render_answer_function() -> str:
    """The code of the viewer-response function, which CloudFront runs for answers below 400."""
    return _ANSWER % BROWSERS_ASK
