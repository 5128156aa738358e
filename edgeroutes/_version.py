"""The version of edgeroutes."""

__version__ = "0.1.0"
