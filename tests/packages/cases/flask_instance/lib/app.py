from flask import Flask, jsonify


def make():
    app = Flask(__name__, instance_relative_config=True)
    app.config.from_pyfile("config.py", silent=True)
    with app.open_instance_resource("note.txt") as file:
        note = file.read().decode().strip()

    @app.get("/", defaults={"rest": ""})
    @app.get("/<path:rest>")
    def show(rest):
        return jsonify(greeting=app.config.get("GREETING"), note=note)

    return app
