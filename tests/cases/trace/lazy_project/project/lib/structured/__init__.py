import sys
from lib.lazy import _LazyModule

_import_structure = {'models': ['Model']}
sys.modules[__name__] = _LazyModule(__name__, globals()['__file__'], _import_structure)
