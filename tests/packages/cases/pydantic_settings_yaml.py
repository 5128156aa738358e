# /// script
# dependencies = ["pydantic-settings[yaml]"]
# ///
from pydantic_settings import BaseSettings, YamlConfigSettingsSource


class Settings(BaseSettings):
    name: str = "x"


def GET():
    return {"name": Settings().name, "yaml": YamlConfigSettingsSource(Settings).__class__.__name__}
