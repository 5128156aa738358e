"""What clients send about users. Shared by the list and the single user."""

from dataclasses import dataclass

from functions._shared.validation import is_email, require


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeUser:
    """With the `version` that it is made upon, a change is refused when somebody else was quicker."""

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
