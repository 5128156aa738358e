"""Idempotency: `idempotent = Idempotency()` in a route file or a folder's middleware.py."""

from edgeroutes.guards.replays import Idempotency

__all__ = ["Idempotency"]
