"""Rate limits: `limit = RateLimit("100/minute")` in a route file or a folder's middleware.py."""

from edgeroutes.guards.limits import Decision, RateLimit

__all__ = ["Decision", "RateLimit"]
