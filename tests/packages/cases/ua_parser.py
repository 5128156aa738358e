# /// script
# dependencies = ["ua-parser", "ua-parser-builtins"]
# ///
from ua_parser import parse


def GET():
    return parse("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0").user_agent.family
