import logging


class Quiet(logging.NullHandler): ...
