import logging


class Sink(logging.NullHandler):
    pass
