# /// script
# dependencies = ["sentry-sdk", "httpx"]
# ///
import sentry_sdk


def GET():
    sentry_sdk.init(dsn="http://x@127.0.0.1:9/1", default_integrations=True)
    return {"value": "httpx" in sentry_sdk.get_client().integrations}
