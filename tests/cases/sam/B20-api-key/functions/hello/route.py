from edgeroutes import CORS

cors = CORS(["https://app.example.com"])


def GET():
    return {}
