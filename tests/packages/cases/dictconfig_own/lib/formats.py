import logging


class Loud(logging.Formatter):
    pass
