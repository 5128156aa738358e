from edgeroutes import Response


def multi():
    response = Response("x")
    for name, values in {"x-m": "12", "www-authenticate": ["Basic", "Bearer"], "vary": ["A", "B"]}.items():
        for value in values:
            response.headers.append(name, value)
    response.headers.append("link", "<a>; rel=x")
    response.headers.append("link", "<b>; rel=y")
    return response


def thrown():
    raise Response("thrown")


KINDS = {
    "response": thrown,
    "retstr": lambda: "a string",
    "retnum": lambda: 5,
    "101": lambda: Response(None, 101),
    "204": lambda: Response(None, 204),
    "undefbody": Response,
    "u8": lambda: Response(bytes([1, 2, 3])),
    "usp": lambda: Response("a=1&b=x+y", headers={"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"}),
    "json": lambda: Response.json({"a": 1, "é": "ü"}),
    "multi": multi,
}


def GET(m: str):
    return KINDS[m]()
