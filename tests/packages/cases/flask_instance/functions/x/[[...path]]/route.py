from asgiref.wsgi import WsgiToAsgi
from flask import Flask, jsonify, render_template

from lib.app import make

app = WsgiToAsgi(make())
