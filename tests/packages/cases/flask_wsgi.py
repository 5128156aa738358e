# /// script
# dependencies = ["flask", "asgiref"]
# ///
from asgiref.wsgi import WsgiToAsgi
from flask import Flask, jsonify

flask = Flask(__name__)


@flask.get("/", defaults={"rest": ""})
@flask.get("/<path:rest>")
def show(rest):
    return jsonify(hello="flask")


app = WsgiToAsgi(flask)
