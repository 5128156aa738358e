# /// script
# dependencies = ["requests[socks]"]
# ///
from requests.adapters import HTTPAdapter


def GET():
    return type(HTTPAdapter().proxy_manager_for("socks5://127.0.0.1:9")).__name__
