from edgeroutes import Response, cookies, not_found, redirect


def plain():
    cookies().set("a", "1")


def multi():
    cookies().set("a", "1")
    cookies().set("b", "2")
    cookies().set("a", "3")


def delete_cookie():
    cookies().delete("a")


def empty():
    cookies().set("a", "")


def expnum():
    cookies().set("a", "1", expires=0)


def obj():
    cookies().set("a", "1", same_site=True)


def merge_res():
    cookies().set("a", "fromcookies")
    cookies().set("b", "fromcookies")
    return Response("ok", headers={"Set-Cookie": "a=fromres; Path=/z"})


def merge_multi():
    cookies().set("b", "fromcookies")
    return nomerge_multi("raw=va%20l; Foo=bar")


def nomerge_multi(raw="raw=va%20l; Foo=bar; Expires=Thu, 01 Jan 1970 00:00:00 GMT"):
    lines = ["a=1", "c=3; HttpOnly", raw]
    return Response("ok", headers=[("Set-Cookie", line) for line in lines])


def to_endpoint():
    cookies().set("a", "1")
    redirect("/basic/endpoint")


def notfound():
    cookies().set("a", "1")
    not_found()


KINDS = {
    "plain": plain,
    "multi": multi,
    "delete": delete_cookie,
    "empty": empty,
    "expnum": expnum,
    "obj": obj,
    "merge-res": merge_res,
    "merge-multi": merge_multi,
    "nomerge-multi": nomerge_multi,
    "redirect": to_endpoint,
    "notfound": notfound,
}


def GET(m: str):
    return KINDS[m]() or "ok"
