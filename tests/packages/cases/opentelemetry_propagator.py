# /// script
# dependencies = ["opentelemetry-sdk", "opentelemetry-propagator-b3"]
# ///
import os

os.environ["OTEL_PROPAGATORS"] = "b3multi"
from opentelemetry import propagate


def GET():
    return sorted(propagate.get_global_textmap().fields)
