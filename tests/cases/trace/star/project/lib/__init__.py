__all__ = ["a", "value"]
__all__ += ["b"]
value = 1
