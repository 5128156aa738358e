"""All that moto holds, in a file, from one run of the server to the next. Floor 3; in the server's process alone.

moto's backends are ordinary objects, and most pickle as they are; a stack refers to the very tables and buckets that the services hold, so
all go into one pickle. What a run of another version of moto, Python or edgeroutes has kept is not read: names inside may be others.
"""

from __future__ import annotations

import marshal
import os
import pickle
import platform
import threading
import weakref
from collections import defaultdict
from contextlib import suppress
from importlib import import_module
from importlib.metadata import version
from types import FunctionType
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from moto.backends import get_backend
from moto.core.base_backend import BackendDict

from edgeroutes._version import __version__

if TYPE_CHECKING:
    from pathlib import Path

_LOCKS = (type(threading.Lock()), type(threading.RLock()))


def save(file: Path) -> None:
    """Write what moto holds, whole or not at all.

    Raises:
        OSError: The file cannot be written.
        pickle.PicklingError, TypeError, AttributeError: moto holds what cannot be written down.
    """
    used: list[Any] = list(BackendDict._instances)  # type: ignore[misc]  # noqa: SLF001 - moto's list of those in use
    held = {backend.service_name: dict(backend) for backend in used}
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(".new")
    try:
        # For nobody else's eyes: it may hold what a handler stored.
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:  # noqa: PTH123
            pickle.dump(_versions(), stream)
            _Pickler(stream).dump(held)
        unfinished.replace(file)
    finally:
        with suppress(FileNotFoundError):
            unfinished.unlink()


def load(file: Path) -> str:
    """Give moto what was kept.

    Returns:
        Why that could not be; empty where it could, or there is nothing.
    """
    try:
        # Written by `save` into the project's own folder; whoever can write there can change its routes as well.
        with file.open("rb") as stream:
            if pickle.load(stream) != _versions():  # noqa: S301
                return "another version of moto, Python or edgeroutes kept it"
            held = pickle.load(stream)  # noqa: S301
    except FileNotFoundError:
        return ""
    except Exception as err:  # noqa: BLE001  # a file that is no pickle, or not whole, raises whatever it likes
        return f"{type(err).__name__}: {err}"
    for service, accounts in held.items():
        backend: Any = get_backend(service)
        backend.update(accounts)
        if backend not in BackendDict._instances:  # type: ignore[misc]  # noqa: SLF001
            BackendDict._instances.append(backend)  # type: ignore[misc]  # noqa: SLF001
    return ""


class _Pickler(pickle.Pickler):
    """Knows the few kinds of things in moto that Python cannot write down by itself."""

    def reducer_override(self, value: Any) -> Any:
        """How to make such a thing again."""
        if isinstance(value, _LOCKS):  # nobody holds one while the server ends
            return (threading.RLock if isinstance(value, _LOCKS[1]) else threading.Lock), ()
        if isinstance(value, weakref.WeakValueDictionary):
            return weakref.WeakValueDictionary, (dict(value),)
        if isinstance(value, RSAPrivateKey):
            pem = value.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            return _rsa_key, (pem,)
        if isinstance(value, dict) and type(value).__module__.startswith("moto."):
            # Its __init__ may want anything, and its items() may tell of a part: of a bucket's keys the last version.
            state = (vars(value), dict(dict.items(value)), getattr(value, "default_factory", None))
            return type(value).__new__, (type(value),), state, None, None, _fill
        if isinstance(value, FunctionType) and "<" in value.__qualname__ and value.__closure__ is None:
            return _function, (value.__module__, marshal.dumps(value.__code__))
        return NotImplemented


def _rsa_key(pem: bytes) -> Any:
    return load_pem_private_key(pem, None)


def _fill(made: dict[Any, Any], state: tuple[dict[str, Any], dict[Any, Any], Any]) -> None:
    """Put everything into a kind of dict, past what it makes of it."""
    attributes, items, default_factory = state
    vars(made).update(attributes)
    for key, item in items.items():
        dict.__setitem__(made, key, item)
    if isinstance(made, defaultdict):
        made.default_factory = default_factory


def _function(module: str, code: bytes) -> FunctionType:
    """A function without a name to find it by, such as the lambda of a defaultdict. The code is of this very Python: see `_versions`."""
    return FunctionType(marshal.loads(code), vars(import_module(module)))  # noqa: S302


def _versions() -> tuple[str, ...]:
    return version("moto"), platform.python_version(), __version__
