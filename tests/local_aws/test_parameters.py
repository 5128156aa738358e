"""Values of parameters without a default: given, or by samconfig.toml, or asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgeroutes.errors import ConfigError, ProblemsError
from edgeroutes.local_aws.parameters import read_overrides, require_parameters

if TYPE_CHECKING:
    from pathlib import Path

TEMPLATE = {"Parameters": {"Mail": {"Type": "String"}, "Key": {"Type": "String"}, "Model": {"Default": ""}}}


def write(root: Path, overrides: str, command: str = "deploy") -> None:
    (root / "samconfig.toml").write_text(f"[default.{command}.parameters]\nparameter_overrides = {overrides}\n")


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ('"Mail=a@b.org Key=\\"two words\\""', {"Mail": "a@b.org", "Key": "two words"}),
        ('"ParameterKey=Mail,ParameterValue=a=b ParameterKey=Key,ParameterValue=k"', {"Mail": "a=b", "Key": "k"}),
        ('["Mail=a", "Key=k"]', {"Mail": "a", "Key": "k"}),
        ("{Mail = 1, Key = true, Zones = ['a', 'b']}", {"Mail": "1", "Key": "true", "Zones": "a,b"}),
        ('""', {}),
    ],
)
@pytest.mark.parametrize("command", ["global", "deploy"])
def test_overrides_are_read_in_every_form_that_sam_takes(
    tmp_path: Path, overrides: str, said: dict[str, str], command: str
) -> None:
    write(tmp_path, overrides, command)
    assert read_overrides(tmp_path) == said


def test_only_what_has_no_default_takes_them_and_what_is_given_wins(tmp_path: Path) -> None:
    write(tmp_path, '"Mail=of-sam Key=of-sam Model=of-sam Unknown=1"')
    assert require_parameters(tmp_path, TEMPLATE, {"Key": "given"}) == {"Mail": "of-sam", "Key": "given"}


def test_all_that_have_no_value_are_named_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ProblemsError) as caught:
        require_parameters(tmp_path, TEMPLATE, None)
    way_out = "Give it a Default, or a value by parameter_overrides in samconfig.toml"
    way_out += "; in tests, the fixture edgeroutes_parameters does, too."
    assert [str(each) for each in caught.value.problems] == [
        f"template.yaml: the parameter 'Mail' has no value. {way_out}",
        f"template.yaml: the parameter 'Key' has no value. {way_out}",
    ]


@pytest.mark.parametrize("text", ["[default", '[default.deploy.parameters]\nparameter_overrides = "A=\'x"\n'])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "samconfig.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"^samconfig\.toml: (not valid TOML|parameter_overrides cannot be read): "):
        read_overrides(tmp_path)


def test_other_settings_are_none_of_it(tmp_path: Path) -> None:
    (tmp_path / "samconfig.toml").write_text("version = 0.1\ndefault = 1\n")
    assert read_overrides(tmp_path) == {}
    assert read_overrides(tmp_path / "nowhere") == {}
