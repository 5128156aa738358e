__all__ = ["beside"]
beside = 1
