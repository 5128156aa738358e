"""What users test their routes with. Roof: `client` runs routes through the real Lambda event path."""

from edgeroutes.testing.client import RouteClient, TestResponse

__all__ = ["RouteClient", "TestResponse"]
