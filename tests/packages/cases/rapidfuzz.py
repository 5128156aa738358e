# /// script
# dependencies = ["rapidfuzz"]
# ///
from rapidfuzz import fuzz


def GET():
    return {"value": round(fuzz.ratio("this is", "this was"), 2)}
