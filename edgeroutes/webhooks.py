"""Verification of webhook signatures: `from edgeroutes.webhooks import verify`."""

from edgeroutes.services.webhooks import verify

__all__ = ["verify"]
