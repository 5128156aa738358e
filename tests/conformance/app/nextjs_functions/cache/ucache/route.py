from itertools import count

from edgeroutes import cached

made = count()


@cached(tags=["utag"])
def find(k: str) -> dict[str, object]:
    return {"k": k, "made": next(made)}


def GET(k: str):
    return find(k)
