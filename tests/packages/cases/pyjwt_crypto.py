# /// script
# dependencies = ["pyjwt[crypto]"]
# ///
import jwt
from jwt.algorithms import has_crypto


def GET():
    return {"crypto": has_crypto, "algorithms": sorted(jwt.algorithms.get_default_algorithms())[:3]}
