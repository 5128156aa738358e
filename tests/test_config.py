from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes.config import CdnConfig, Config, load_config, parse_config
from edgeroutes.errors import ConfigError, ProblemsError
from edgeroutes.http.cors import CORS

if TYPE_CHECKING:
    from pathlib import Path

EVERYTHING = """
    [project]
    name = "shop"

    [tool.edgeroutes]
    app_dir = "src/functions"
    name = "my-shop"
    runtime = "python3.12"
    architecture = "arm64"
    memory_mib = 1024
    timeout_s = 20
    stream_margin_ms = 500
    stage = "v1"
    isolate = "together"
    trailing_slash = true
    base_path = "/api/"

    [tool.edgeroutes.cors]
    origins = ["https://example.com"]

    [tool.edgeroutes.cdn]
    enabled = false
    tag_header = "cache-tag"
    domain_name = "example.com"

    [tool.edgeroutes.env]
    STAGE = "live"
"""


def written(root: Path, text: str) -> Path:
    (root / "pyproject.toml").write_text(text.replace("\n    ", "\n"))
    return root


def test_everything_can_be_set(tmp_path: Path) -> None:
    assert load_config(written(tmp_path, EVERYTHING)) == Config(
        app_dir="src/functions",
        name="my-shop",
        runtime="python3.12",
        architecture="arm64",
        memory_mib=1024,
        timeout_s=20,
        stream_margin_ms=500,
        stage="v1",
        isolate="together",
        cors=CORS(["https://example.com"]),
        trailing_slash=True,
        base_path="/api",
        cdn=CdnConfig(enabled=False, tag_header="cache-tag", domain_name="example.com"),
        env={"STAGE": "live"},
    )


def test_nothing_has_to_be_set() -> None:
    config = parse_config({})
    assert config == Config()
    assert (config.app_dir, config.runtime, config.architecture) == ("functions", "python3.13", "x86_64")
    assert (config.memory_mib, config.timeout_s, config.stage, config.isolate) == (512, 30, "live", "route")
    assert (config.trailing_slash, config.base_path, config.cors, config.env) == (False, "", None, {})
    assert config.cdn == CdnConfig(enabled=True, tag_header="x-cache-tag")


@pytest.mark.parametrize(
    ("folder", "text", "name"),
    [
        ("my_shop", None, "my-shop"),
        ("2nd", None, "app-2nd"),
        ("ümlaut", None, "mlaut"),
        ("folder", "[project]\nname = 'the.project'\n", "the-project"),
        ("folder", "[project]\nname = 'a'\n[tool.edgeroutes]\nname = 'b'\n", "b"),
        ("folder", "[tool.other]\nx = 1\n", "folder"),
    ],
)
def test_the_name_is_the_projects_or_the_folders(tmp_path: Path, folder: str, text: str | None, name: str) -> None:
    root = tmp_path / folder
    root.mkdir()
    if text is not None:
        written(root, text)
    assert load_config(root).name == name


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            {"trailing_slahs": True},
            "pyproject.toml, [tool.edgeroutes] trailing_slahs: the setting does not exist. Did you mean 'trailing_slash'?",
        ),
        (
            {"runtime": "python3.10"},
            (
                "pyproject.toml, [tool.edgeroutes] runtime: the value is 'python3.10'."
                " Allowed are python3.11, python3.12, python3.13, python3.14."
            ),
        ),
        (
            {"memory_mib": 64},
            "pyproject.toml, [tool.edgeroutes] memory_mib: the value is 64. Allowed are whole MiB from 128 to 10240.",
        ),
        (
            {"timeout_s": True},
            "pyproject.toml, [tool.edgeroutes] timeout_s: the value is True. Allowed are whole seconds from 1 to 900.",
        ),
        (
            {"cdn": {"enabeld": True}},
            "pyproject.toml, [tool.edgeroutes.cdn] enabeld: the setting does not exist. Did you mean 'enabled'?",
        ),
        (
            {"cdn": {"tag_header": "no header"}},
            ("pyproject.toml, [tool.edgeroutes.cdn] tag_header: the value is 'no header'. Allowed is a header name."),
        ),
    ],
)
def test_an_error_names_the_allowed_values(table: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(table)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("app_dir", ""),
        ("app_dir", "/functions"),
        ("app_dir", "../functions"),
        ("app_dir", 1),
        ("name", "two words"),
        ("name", "1st"),
        ("name", ""),
        ("runtime", 3.13),
        ("architecture", "aarch64"),
        ("memory_mib", 10_241),
        ("memory_mib", "512"),
        ("timeout_s", 0),
        ("timeout_s", 1.5),
        ("stream_margin_ms", -1),
        ("stage", ""),
        ("stage", 1),
        ("isolate", ""),
        ("isolate", "two words"),
        ("cors", True),
        ("trailing_slash", "yes"),
        ("base_path", "api"),
        ("base_path", "/a//b"),
        ("base_path", "/a b"),
        ("base_path", 1),
        ("cdn", False),
        ("env", {"A1": 1}),
        ("env", "A=1"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused(name: str, value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config({name: value})
    assert caught.value.where == f"pyproject.toml, [tool.edgeroutes] {name}"


@pytest.mark.parametrize(
    ("given", "kept"), [("", ""), ("/", ""), ("/api", "/api"), ("/api/", "/api"), ("/a/b.c", "/a/b.c")]
)
def test_a_base_path_ends_without_a_slash(given: str, kept: str) -> None:
    assert parse_config({"base_path": given}).base_path == kept


def test_all_problems_are_reported_together() -> None:
    with pytest.raises(ProblemsError) as caught:
        parse_config({"unknown": 1, "memory_mib": 1, "cdn": {"enabled": "yes"}})
    assert [problem.where for problem in caught.value.problems] == [
        "pyproject.toml, [tool.edgeroutes] unknown",
        "pyproject.toml, [tool.edgeroutes] memory_mib",
        "pyproject.toml, [tool.edgeroutes.cdn] enabled",
    ]


@pytest.mark.parametrize("text", ["[tool.edgeroutes\n", "name =\n", "\udcff"])
def test_invalid_toml_is_reported(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=r"^pyproject\.toml:1: (not valid TOML|byte 0xff is not UTF-8)"):
        load_config(tmp_path)


@pytest.mark.parametrize(
    ("text", "value"),
    [("tool = 3", "3"), ("tool.edgeroutes = []", "[]"), ("project = 1\ntool.edgeroutes = 'a'", "'a'")],
)
def test_settings_other_than_a_table_are_an_error(tmp_path: Path, text: str, value: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path)
    assert (
        str(caught.value)
        == f"pyproject.toml, tool.edgeroutes: the value is {value}. Allowed is a table, [tool.edgeroutes]."
    )


def test_a_byte_order_mark_and_windows_line_endings_are_read(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xef\xbb\xbf[tool.edgeroutes]\r\nname = 'a'\r\n")
    assert load_config(tmp_path).name == "a"


@pytest.mark.parametrize(
    ("cors", "said"),
    [
        ({}, "cors has no origins. Write origins = ['https://app.example.com'], or '*'."),
        ({"origin": "*"}, "cors has no 'origin'. Did you mean 'origins'?"),
        (
            {"allow": "*"},
            "cors has no 'allow'. Allowed are origins, methods, headers, expose, credentials, max_age, private_network.",
        ),
        (
            {"origins": [], "max_age": "1h"},
            (
                "max_age is '1h'. Allowed are whole seconds from 0. origins is empty. "
                "Allowed are origins such as 'https://app.example.com', and '*'."
            ),
        ),
    ],
)
def test_cors_takes_the_arguments_of_its_class(cors: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config({"cors": cors})
    assert str(caught.value) == f"pyproject.toml, [tool.edgeroutes.cors]: {said}"


def test_there_may_be_several_domains_and_each_must_be_one() -> None:
    assert parse_config({"cdn": {"domain_name": "a.example"}}).cdn.domain_names == ("a.example",)
    several = parse_config({"cdn": {"domain_name": ["a.example", "*.b.example"]}}).cdn
    assert several.domain_names == ("a.example", "*.b.example")
    assert several.has_several_hosts
    assert not parse_config({}).cdn.has_several_hosts
    for wrong in ("https://a.example", "A.example", "localhost", ["a.example", "b c"], [], 5, "a.*.example"):
        with pytest.raises(ConfigError, match=r"\[tool.edgeroutes.cdn\] domain_name: .* Allowed is a domain"):
            parse_config({"cdn": {"domain_name": wrong}})
    with pytest.raises(ConfigError, match="Allowed are PriceClass_100, PriceClass_200, PriceClass_All"):
        parse_config({"cdn": {"price_class": "100"}})


def test_variables_that_somebody_else_sets_are_refused_with_their_line(tmp_path: Path) -> None:
    text = """
[project]
name = "x"
[tool.edgeroutes.env]  # for every function
STAGE = "live"
"EDGEROUTES_ORIGIN_SECRET" = ""
AWS_SAM_LOCAL = "true"
LAMBDA_TASK_ROOT="/x"
"""
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(ProblemsError) as caught:
        load_config(tmp_path)
    assert [str(problem) for problem in caught.value.problems] == [
        (
            "pyproject.toml:6, [tool.edgeroutes.env] EDGEROUTES_ORIGIN_SECRET: the variable 'EDGEROUTES_ORIGIN_SECRET' is reserved: "
            "edgeroutes sets it. Use another name."
        ),
        (
            "pyproject.toml:7, [tool.edgeroutes.env] AWS_SAM_LOCAL: the variable 'AWS_SAM_LOCAL' is reserved: 'sam local' sets it, and "
            "functions then check less. Use another name."
        ),
        (
            "pyproject.toml:8, [tool.edgeroutes.env] LAMBDA_TASK_ROOT: the variable 'LAMBDA_TASK_ROOT' is reserved: Lambda sets it. "
            "Use another name."
        ),
    ]


@pytest.mark.parametrize("value", [0, -1, 1_000_001, "10", True, 1.5])
def test_a_throttle_is_a_number_of_requests(value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config({"throttle_rate": value})
    assert caught.value.problem == f"the value is {value!r}. Allowed are whole requests per second from 1 to 1000000"
