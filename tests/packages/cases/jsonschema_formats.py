# /// script
# dependencies = ["jsonschema[format]"]
# ///
from jsonschema import Draft202012Validator, FormatChecker


def GET():
    schema = {"properties": {"u": {"format": "uri"}, "c": {"format": "color"}, "h": {"format": "idn-hostname"}}}
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    return sorted(error.message for error in validator.iter_errors({"u": "no uri", "c": "puce!", "h": "-"}))
