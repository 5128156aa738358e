from operator import delitem, setitem

from edgeroutes import headers


def attempt(change):
    try:
        change()
    except (AttributeError, TypeError) as error:
        return type(error).__name__
    return "done"


def GET():
    return {
        "set": attempt(lambda: setitem(headers(), "x-a", "1")),
        "append": attempt(lambda: headers().append("x-a", "1")),
        "delete": attempt(lambda: delitem(headers(), "x-a")),
    }
