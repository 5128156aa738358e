"""Real distributions respond from their bundle as they do from the source tree, and bring the machine code of its architecture.

A fast share runs with all tests; `make packages` runs every case. Distributions come from the package registry.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.packages.matrix import Tools, case_names, make_tools, run_case

if TYPE_CHECKING:
    from pathlib import Path

# Small, and of each way in which packaging goes wrong at least one.
FAST = (
    "bs4_html5lib", "celery_include", "certifi_path", "dictconfig_class", "dictconfig_own", "import_by_prefix", "langdetect_sdist",
    "markdown_extensions", "metadata_files", "optional_group", "own_executable", "own_version", "package_loader", "plugin_scan",
    "pydantic_email",
    "requests_socks", "resources_package", "sqlalchemy_pg8000", "src_layout", "symlinked_data", "toml_words", "zoneinfo_tzdata",
)  # fmt: skip
CHOSEN = case_names() if os.environ.get("PACKAGES") == "all" else FAST

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Tools:
    """An interpreter, a wheel of this checkout, and what the Lambda runtime has."""
    try:
        return make_tools(tmp_path_factory.mktemp("tools"))
    except LookupError as error:
        pytest.skip(str(error))
    except subprocess.CalledProcessError as error:
        pytest.skip(f"the package registry cannot be reached: {error.stderr.strip()[:200]}")


@pytest.mark.parametrize("name", CHOSEN)
def test_the_bundle_responds_as_the_source_tree_does(name: str, tmp_path: Path, tools: Tools) -> None:
    outcome = run_case(name, tmp_path, tools)

    assert outcome.source["status"] == 200, outcome.source
    assert outcome.bundle == outcome.source
    for architecture, files in outcome.machine_code.items():
        assert files
        assert {path: machine for path, machine in files.items() if machine != architecture} == {}
