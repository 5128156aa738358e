from typing import Annotated

from edgeroutes import Form, cookies, see_other


def POST(name: Annotated[str, Form()], remember: Annotated[bool, Form()] = False):
    cookies().set("session", name, http_only=True, max_age=60 if remember else None)
    see_other("/hello")
