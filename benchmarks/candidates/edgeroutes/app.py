"""edgeroutes: two route files in one function, as a bundle has them."""

import os

from edgeroutes.adapters.proxy import LambdaHandler
from edgeroutes.runtime.manifest import Manifest, ManifestRoute

handler = LambdaHandler(
    Manifest(
        [
            ManifestRoute("/users/[id]", "functions/users/[id]/route.py", needs_loop=False),
            ManifestRoute("/posts", "functions/posts/route.py", needs_loop=False),
        ]
    ),
    os.path.dirname(os.path.abspath(__file__)),  # noqa: PTH100, PTH120  # pathlib is not free at a cold start
)
