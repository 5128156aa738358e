"""The version of edgeroutes. Cellar: knows nobody."""

__version__ = "0.1.0"
