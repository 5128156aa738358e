"""Webhooks whose sender is who he says: `from edgeroutes.webhooks import verify`. Porch."""

from edgeroutes.services.webhooks import verify

__all__ = ["verify"]
