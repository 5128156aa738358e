# /// script
# dependencies = ["stripe"]
# ///
import stripe


def GET():
    try:
        stripe.Webhook.construct_event(b"{}", "t=1,v1=x", "secret")
    except stripe.SignatureVerificationError as error:
        return str(error)
