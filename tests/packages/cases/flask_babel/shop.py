from flask import Flask, jsonify
from flask_babel import Babel, gettext

flask_app = Flask(__name__)
Babel(flask_app, default_locale="de")


@flask_app.get("/", defaults={"rest": ""})
@flask_app.get("/<path:rest>")
def show(rest):
    return jsonify(gettext("hello"))
