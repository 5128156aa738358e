import jwt
ALG = "RS256"


def sign():
    return sorted(jwt.algorithms.get_default_algorithms())[:3]
