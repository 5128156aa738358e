from asgiref.wsgi import WsgiToAsgi

from shop import flask_app

app = WsgiToAsgi(flask_app)
