from flask import Flask, jsonify, render_template

flask_app = Flask(__name__)


@flask_app.get("/", defaults={"rest": ""})
@flask_app.get("/<path:rest>")
def show(rest):
    with flask_app.open_resource("words.txt") as file:
        return jsonify(page=render_template("page.html"), static=len(flask_app.send_static_file("a.css").response.file.read()), words=file.read().decode())
