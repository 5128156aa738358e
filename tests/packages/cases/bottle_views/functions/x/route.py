from bottle import template


def GET():
    return template("hello", name="a").strip()
