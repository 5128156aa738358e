from .fields import Name


class User: ...
