# /// script
# dependencies = ["kombu[sqs]"]
# ///
from kombu import Connection


def GET():
    return Connection("sqs://").get_transport_cls().__name__
