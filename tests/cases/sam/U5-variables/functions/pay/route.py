import os


def GET():
    return len(os.environ.get("STRIPE_KEY"))
