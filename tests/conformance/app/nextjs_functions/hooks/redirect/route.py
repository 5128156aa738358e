from edgeroutes import redirect


def GET():
    redirect("https://nextjs.org/")


POST = PUT = DELETE = GET
