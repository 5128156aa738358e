"""Request bodies for users, shared by the collection and the item."""

from dataclasses import dataclass

from functions._shared.validation import is_email, require


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeUser:
    """With a `version`, a change is a 409 if somebody else changed the user first."""

    name: str
    email: str
    version: int | None = None

    def __post_init__(self) -> None:
        require(
            ("name", self.name.strip() != "" and len(self.name) <= 80, "must have 1 to 80 characters"),
            ("email", is_email(self.email), "must be an e-mail address"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """Without a password nobody can sign in as this user."""

    name: str
    email: str
    password: str = ""

    def __post_init__(self) -> None:
        require(
            ("name", self.name.strip() != "" and len(self.name) <= 80, "must have 1 to 80 characters"),
            ("email", is_email(self.email), "must be an e-mail address"),
            ("password", not self.password or 8 <= len(self.password) <= 200, "must have 8 to 200 characters"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanges:
    name: str | None = None
    email: str | None = None
    password: str = ""
    old_password: str = ""
    version: int | None = None

    def __post_init__(self) -> None:
        require(
            (
                "name",
                self.name is None or (self.name.strip() != "" and len(self.name) <= 80),
                "must have 1 to 80 characters",
            ),
            ("email", self.email is None or is_email(self.email), "must be an e-mail address"),
            ("password", not self.password or 8 <= len(self.password) <= 200, "must have 8 to 200 characters"),
            ("old_password", len(self.old_password) <= 200, "must have at most 200 characters"),
        )
