from edgeroutes import Response

EXPIRES = "Wed, 01 Jan 2044 00:00:00 GMT"


def GET():
    response = Response()
    response.headers.append("set-cookie", f"foo=bar; Expires={EXPIRES}")
    response.headers.append("set-cookie", f"bar=foo; Expires={EXPIRES}")
    return response
