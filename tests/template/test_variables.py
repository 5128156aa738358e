"""Variables that functions read and would not have on Lambda: through a project on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes.pipeline import project_template, read_env_names

if TYPE_CHECKING:
    from pathlib import Path

READS = "import os\n\ndef GET():\n    return os.environ['STRIPE_KEY']\n"


def warnings(root: Path, files: dict[str, str]) -> list[str]:
    (root / "functions").mkdir(exist_ok=True)
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return [str(warning) for warning in project_template(root).warnings]


def warning(where: str, name: str, source: str, functions: str) -> str:
    return (
        f"{where}: the variable {name} is read here, and {source}: {functions} would not have it on Lambda. Set it under "
        "Environment in function.yaml, or in [tool.edgeroutes.env] for all functions: docs/configuration.md."
    )


def test_what_only_dot_env_provides_is_a_warning_with_its_line(tmp_path: Path) -> None:
    files = {
        "functions/pay/route.py": READS.replace("environ['STRIPE_KEY']", "getenv('STRIPE_KEY')"),
        ".env": "STRIPE_KEY=sk_1\n",
    }
    assert warnings(tmp_path, files) == [
        warning("functions/pay/route.py:4", "STRIPE_KEY", "only .env sets it", "PayFunction")
    ]
    (tmp_path / ".env").unlink()
    assert warnings(tmp_path, {}) == []  # without it nothing of this machine is different


def test_what_a_function_needs_and_nothing_provides_is_reported_too(tmp_path: Path) -> None:
    assert warnings(tmp_path, {"functions/pay/route.py": READS}) == [
        warning("functions/pay/route.py:4", "STRIPE_KEY", "nothing sets it", "PayFunction")
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("functions/function.yaml", "Environment: {Variables: {STRIPE_KEY: x}}\n"),
        ("functions/pay/function.yaml", "Environment: {Variables: {STRIPE_KEY: !Ref AWS::StackName}}\n"),
        ("infra/a.yaml", "Globals: {Function: {Environment: {Variables: {STRIPE_KEY: x}}}}\n"),
        ("infra/a.yaml", "Resources: {PayFunction: {Properties: {Environment: {Variables: {STRIPE_KEY: x}}}}}\n"),
        ("pyproject.toml", "[tool.edgeroutes.env]\nSTRIPE_KEY = 'x'\n"),
        (
            "functions/middleware.py",
            "import os\nos.environ.setdefault('STRIPE_KEY', 'x')\n\nasync def middleware(request, call_next): ...\n",
        ),
    ],
)
def test_what_the_project_provides_is_fine(path: str, text: str, tmp_path: Path) -> None:
    assert warnings(tmp_path, {"functions/pay/route.py": READS, ".env": "STRIPE_KEY=sk_1\n", path: text}) == []


def test_a_module_that_many_import_is_reported_once(tmp_path: Path) -> None:
    route = "from lib.keys import KEY\n\ndef GET():\n    return KEY\n"
    files = {f"functions/r{number}/route.py": route for number in range(3)}
    files |= {"lib/keys.py": "import os\nKEY = os.environ['STRIPE_KEY']\n", ".env.local": "export STRIPE_KEY = 1\n"}
    assert warnings(tmp_path, files) == [
        warning("lib/keys.py:2", "STRIPE_KEY", "only .env.local sets it", "R0Function and 2 more functions")
    ]


def test_a_function_of_a_module_that_another_route_uses_is_not(tmp_path: Path) -> None:
    module = "import os\n\ndef pay():\n    return os.environ['STRIPE_KEY']\n\ndef price():\n    return 1\n"
    files = {
        "lib/shop.py": module,
        "functions/pay/route.py": "from lib.shop import pay\n\ndef GET():\n    return pay()\n",
        "functions/price/route.py": "from lib.shop import price\n\ndef GET():\n    return price()\n",
        "functions/pay/function.yaml": "Environment: {Variables: {STRIPE_KEY: x}}\n",
    }
    assert warnings(tmp_path, files) == []


def test_what_lambda_and_edgeroutes_set_is_fine(tmp_path: Path) -> None:
    names = ("AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "TZ", "EDGEROUTES_ORIGIN_SECRET")
    lines = "\n".join(f"os.environ['{name}']" for name in names)
    assert warnings(tmp_path, {"functions/a/route.py": f"import os\n{lines}\ndef GET(): ...\n"}) == []


def test_names_in_a_dot_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# C=1\nA1=1\n export B_2 = 'x y'\nnot a line\n=1\n")
    assert read_env_names(tmp_path / ".env") == {"A1", "B_2"}
    assert read_env_names(tmp_path) == read_env_names(tmp_path / "none") == frozenset()
