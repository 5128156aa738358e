import sentry_sdk
from sentry_sdk.integrations.pure_eval import PureEvalIntegration

sentry_sdk.init(integrations=[PureEvalIntegration()])


def GET():
    return {"value": sentry_sdk.get_client().get_integration(PureEvalIntegration) is not None}
