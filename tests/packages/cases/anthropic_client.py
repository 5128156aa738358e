# /// script
# dependencies = ["anthropic"]
# ///
import anthropic


def GET():
    return type(anthropic.Anthropic(api_key="x").messages).__name__
