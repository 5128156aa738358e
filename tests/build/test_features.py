from __future__ import annotations

from typing import TYPE_CHECKING

from edgeroutes import pipeline
from edgeroutes.build.modules import SearchPath
from edgeroutes.build.own_parts import feature_names
from edgeroutes.build.trace import Tracer

if TYPE_CHECKING:
    from pathlib import Path


def features(root: Path, files: dict[str, str]) -> dict[str, frozenset[str]]:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return feature_names(pipeline.plan_project(root).functions, Tracer(SearchPath(project_root=root)))


def test_what_a_route_imports_of_the_project_counts_for_it_and_for_no_other(tmp_path: Path) -> None:
    found = features(
        tmp_path,
        {
            "functions/a/route.py": "from edgeroutes import revalidate_tag\ndef GET():\n    revalidate_tag('a')\n",
            "functions/b/route.py": "from lib.store import save\ndef PUT():\n    save()\n",
            "functions/c/route.py": "from lib.plain import read\ndef GET():\n    return read()\n",
            "functions/d/route.py": "def GET():\n    return {}\n",
            "functions/d/middleware.py": "import edgeroutes\nasync def middleware(request, call_next):\n"
            "    edgeroutes.revalidate_path('/d')\n    return await call_next(request)\n",
            "lib/store.py": "from edgeroutes import revalidate_path as refresh\ndef save():\n    refresh('/b')\n",
            "lib/plain.py": "revalidate_tag = None\ndef read():\n    return {}\n",
        },
    )
    revalidates = frozenset({"revalidation"})
    assert found == {
        "AFunction": revalidates,
        "BFunction": revalidates,
        "CFunction": frozenset(),
        "DFunction": revalidates,
    }


def test_the_template_gives_leave_to_those_alone(tmp_path: Path) -> None:
    features(
        tmp_path,
        {
            "functions/a/route.py": "from edgeroutes import revalidate_tag\ndef GET():\n    revalidate_tag('a')\n",
            "functions/b/route.py": "def GET():\n    return {}\n",
        },
    )
    text = pipeline.project_template(tmp_path).text
    assert text.count("EDGEROUTES_DISTRIBUTION_PARAMETER") == 1
    assert "RevalidationPolicy" in text
