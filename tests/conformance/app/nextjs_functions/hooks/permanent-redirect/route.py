from edgeroutes import permanent_redirect


def GET():
    permanent_redirect("https://nextjs.org/")
