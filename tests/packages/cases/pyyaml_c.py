# /// script
# dependencies = ["pyyaml"]
# ///
import yaml


def GET():
    return {"c": yaml.__with_libyaml__, "value": yaml.load("a: [1]", yaml.CSafeLoader)}
