from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from edgeroutes.dev.isolation import drop_modules
from tests.dev.serving import write_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = {
    "pyproject.toml": "[tool.edgeroutes]\nname = 'cli-project'\n",
    "hello": "async def GET(name: str = 'world'):\n    return {'hello': name}\n",
    "echo": """
        from edgeroutes import Request, Response

        async def POST(request: Request):
            print("the handler was here")
            return Response(await request.body(), 201, {"content-type": request.headers["content-type"], "x-one": "1"})
    """,
    "stream": "def GET():\n    yield 'one '\n    yield 'two'\n",
    "cut": "def GET():\n    yield 'one '\n    raise ValueError('midway')\n",
    "raises": "def GET():\n    raise ValueError('inside')\n",
    "exits": "def GET():\n    raise SystemExit(3)\n",
    "(shop)/products/[id]": "revalidate = 60\ntags = ['products', 'shop']\n\ndef GET(id):\n    return id\n\ndef PUT(id):\n    return id\n",
    "files/[...path]": "streaming = True\n\ndef GET(path: list[str]):\n    return path\n",
    "mounted/[[...path]]": "import starlette.applications\n\napp = starlette.applications.Starlette()\n",
    "functions/(shop)/middleware.py": "async def middleware(request, call_next):\n    return await call_next(request)\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A project with a route of every kind; its modules are unloaded afterwards."""
    write_files(tmp_path, FILES)
    yield tmp_path
    drop_modules(tmp_path)
    if str(tmp_path) in sys.path:
        sys.path.remove(str(tmp_path))
