# /// script
# dependencies = ["argon2-cffi"]
# ///
from argon2 import PasswordHasher


def GET():
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    return {"value": hasher.verify(hasher.hash("x"), "x")}
