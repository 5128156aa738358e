"""What clients send about users. Shared by the list and the single user."""

from dataclasses import dataclass

from functions._shared.validation import require


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    name: str
    email: str

    def __post_init__(self) -> None:
        require(
            ("name", 1 <= len(self.name.strip()) <= 80, "must have 1 to 80 characters"),
            ("email", "@" in self.email, "must be an e-mail address"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanges:
    name: str | None = None
    email: str | None = None

    def __post_init__(self) -> None:
        require(
            ("name", self.name is None or 1 <= len(self.name.strip()) <= 80, "must have 1 to 80 characters"),
            ("email", self.email is None or "@" in self.email, "must be an e-mail address"),
        )
