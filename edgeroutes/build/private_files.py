"""Files that are private by their names or contents: keys, credentials, databases, dumps. They ship only if `include` names them.

`.env` files are another matter: they never ship. The table below is what docs/bundles.md shows.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from edgeroutes.routing.reading import read_file

if TYPE_CHECKING:
    from pathlib import Path

KEYS = "*.key *.pem *.p12 *.pfx *.jks *.keystore *.kdbx *.ppk *.p8 .netrc .npmrc .pypirc .pgpass .htpasswd *.env *.tfstate *.tfvars"
"""Of files that hold keys and passwords."""

WORDS = "*credentials* *service-account* *service_account* *serviceaccount* *secrets* *dump* *backup*"
"""Of files that are called so, unless they are made to be shown (`PAGES`)."""

DATABASES = (
    "*.sqlite *.sqlite3 *.sqlite-* *.sqlite3-* *.db-wal *.db-journal *.mdb *.rdb *.dmp *.bak "
    "*.sql.gz *.sql.bz2 *.sql.xz *.sql.zst *.sql.zip"
)
"""Of whole databases and what is dumped from them. `*.sql` is a query, unless it is large."""

FOLDERS = "dump dumps backup backups secrets credentials .ssh .aws .gnupg"
"""Of folders all of whose files are private."""

PAGES = (
    ".html",
    ".htm",
    ".jinja",
    ".jinja2",
    ".j2",
    ".mako",
    ".md",
    ".rst",
    ".css",
    ".js",
    ".svg",
    ".png",
    ".po",
    ".mo",
)
MAX_QUERY_BYTES = 1024 * 1024
_SNIFFED_BYTES = 64 * 1024
_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY")
_PUBLIC = re.compile(rb"-----BEGIN (?:TRUSTED )?(?:CERTIFICATE|PUBLIC KEY|RSA PUBLIC KEY|X509 CRL|DH PARAMETERS)-----")
_SERVICE_ACCOUNT = re.compile(rb'"private_key"\s*:\s*"')
_SQLITE = b"SQLite format 3\0"  # Source: sqlite.org/fileformat.html section 1.3
_MAY_BE_PUBLIC = (".pem", ".key")


def is_environment_file(name: str) -> bool:
    """Whether this is a `.env` file by its name, `.env.local` and `.ENV` included: those never ship."""
    return name.lower().startswith(".env")


def private_folder(name: str) -> str:
    """The pattern by which a folder's files are private; empty for an ordinary folder."""
    return _matching(name, FOLDERS)


def private_by_name(name: str) -> str:
    """The pattern by which a file is private; empty for an ordinary one, and for those whose content decides."""
    if re.fullmatch(r"id_\w+(\.pub)?|id_(rsa|dsa|ecdsa|ed25519).*", name.lower()):
        return "id_*"
    word = "" if name.lower().endswith(PAGES) else _matching(name, WORDS)
    return word or _matching(name, f"{KEYS} {DATABASES}")


def private_reason(path: Path, where: str) -> str:
    """Why the file is private; empty for an ordinary one.

    Args:
        path: The file.
        where: Its name for errors.

    Raises:
        ProjectError: It cannot be read.
    """
    name = path.name
    pattern = private_by_name(name)
    if pattern and not name.lower().endswith(_MAY_BE_PUBLIC):
        return f"its name is like {pattern}"
    size = path.stat().st_size
    if name.lower().endswith(".sql") and size > MAX_QUERY_BYTES:
        return f"with {size:,} bytes it is a dump rather than a query"
    head = _head(path, where)
    if _PRIVATE_KEY.search(head):
        return "it contains a private key"
    if pattern:
        return "" if _PUBLIC.search(head) else f"its name is like {pattern}, and it is not a certificate"
    if head.startswith(_SQLITE):
        return "it is a SQLite database"
    return "it contains the key of a service account" if _SERVICE_ACCOUNT.search(head) else ""


def _head(path: Path, where: str) -> bytes:
    """The file's first bytes, where it is small or may be a database; large files are not keys."""
    if path.stat().st_size <= _SNIFFED_BYTES:
        return read_file(path, where, limit_bytes=_SNIFFED_BYTES)
    with path.open("rb") as file:
        return file.read(len(_SQLITE))


def _matching(name: str, patterns: str) -> str:
    return next((pattern for pattern in patterns.split() if fnmatchcase(name.lower(), pattern)), "")
