from edgeroutes import revalidate_tag


def GET(m: str, v: str):
    revalidate_tag(v, wait=m == "tag0")  # `{expire: 0}`: the next one to ask sees it
    return {}
