import connexion


def GET():
    app = connexion.AsyncApp(__name__, specification_dir="../../spec")
    app.add_api("openapi.yaml")
    return app.test_client().get("/hello").json()
