from __future__ import annotations

from lib.models import Person


def POST(person: Person):
    return person


def GET():
    return Person(email="ada@example.com")
