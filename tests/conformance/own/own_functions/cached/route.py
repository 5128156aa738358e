revalidate = 60
tags = ["a", "b"]


def GET():
    return "cached"
