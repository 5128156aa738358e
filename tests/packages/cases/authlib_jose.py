# /// script
# dependencies = ["joserfc"]
# ///
from joserfc import jwt
from joserfc.jwk import OctKey


def GET():
    key = OctKey.import_key("x" * 32)
    return jwt.decode(jwt.encode({"alg": "HS256"}, {"a": 1}, key), key).claims
