"""Users in one table, and the e-mail addresses in use in another."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

from edgeroutes import HTTPError
from functions._shared.models import User
from functions._shared.pages import Page, read_cursor, write_cursor
from functions._shared.table import ConditionFailedError, Table, write

_users = Table("USERS_TABLE")
_emails = Table("EMAILS_TABLE")


def find(user_id: int) -> User | None:
    found = find_with_generation(user_id)
    return found[0] if found else None


def find_with_generation(user_id: int) -> tuple[User, int] | None:
    """The user, and the generation of the user's sessions: sessions of an earlier generation are invalid."""
    item = _users.get(id=user_id)
    return (_user(item), item.get("sessions", 0)) if item and "kind" in item else None


def find_credentials(email: str) -> tuple[User, str] | None:
    """The user with this address, and the password's hash, which is empty for a user without a password."""
    taken = _emails.get(email=email.lower())
    item = _users.get(id=taken["user_id"]) if taken else None
    return (_user(item), item.get("password", "")) if item else None


def end_sessions(user: User) -> None:
    """End every session of a user, if the user still exists."""
    with suppress(ConditionFailedError):
        write(_users.increase({"id": user.id}, "sessions"))


def page(limit: int, cursor: str) -> Page[User]:
    """Some of the users, by id."""
    items, last_id = _users.query("kind", "user", after=read_cursor(cursor), limit=limit)
    return Page(items=[_user(item) for item in items], next=write_cursor(last_id))


def members(team: str) -> list[User]:
    """The members of a team. It reads all users: with many users, add an index by team."""
    return [user for item in _users.query_all("kind", "user") if team in (user := _user(item)).teams]


def add(name: str, email: str, password: str = "") -> User:
    """Create a user; 409 if the address is in use.

    Args:
        name: The displayed name.
        email: Unique, case-insensitive.
        password: The password's hash.
    """
    user = User(id=_users.next_id(), name=name, email=email)
    item = {"id": user.id, "kind": "user", "name": name, "email": email, "teams": [], "version": user.version}
    try:
        write(
            _emails.put(_taken(user), "attribute_not_exists(email)"),
            _users.put({**item, "password": password} if password else item, "attribute_not_exists(id)"),
        )
    except ConditionFailedError as error:
        raise HTTPError(409, "the e-mail address is in use") from error
    return user


def change(user: User, *, name: str, email: str, password: str = "") -> User:
    """Change a user; 409 if the address is in use, or if somebody else changed the user first.

    Args:
        user: The user as it was read.
        name: The displayed name.
        email: Unique, case-insensitive.
        password: The hash of a new password, which ends every session of the user; empty keeps the old one.
    """
    changed = replace(user, name=name, email=email, version=user.version + 1)
    changes = {"name": name, "email": email}
    if password:
        changes["password"] = password
        end_sessions(user)  # first: a stolen session must end even if a later step fails
    writes = [_users.update({"id": user.id}, changes, version=user.version)]
    if email.lower() != user.email.lower():
        writes.append(_emails.put(_taken(changed), "attribute_not_exists(email)"))
        writes.append(_emails.delete({"email": user.email.lower()}))
    try:
        write(*writes)
    except ConditionFailedError as error:
        raise HTTPError(409, _conflict(error)) from error
    return changed


def remove(user: User) -> None:
    """Delete a user and free the address; 409 if somebody else changed the user first."""
    try:
        write(_users.delete({"id": user.id}), _emails.delete({"email": user.email.lower()}))
    except ConditionFailedError as error:
        raise HTTPError(409, "the user has been changed meanwhile") from error


def _conflict(error: ConditionFailedError) -> str:
    return "the user has been changed meanwhile" if error.failed == 0 else "the e-mail address is in use"


def _taken(user: User) -> dict[str, str | int]:
    return {"email": user.email.lower(), "user_id": user.id}


def _user(item: dict[str, Any]) -> User:
    return User(
        id=item["id"], name=item["name"], email=item["email"], teams=tuple(item["teams"]), version=item["version"]
    )
