# /// script
# dependencies = ["opentelemetry-sdk"]
# ///
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider


def GET():
    provider = TracerProvider(resource=Resource.create({"service.name": "x"}))
    with provider.get_tracer("t").start_as_current_span("s") as span:
        return {"name": span.name, "service": span.resource.attributes["service.name"]}
