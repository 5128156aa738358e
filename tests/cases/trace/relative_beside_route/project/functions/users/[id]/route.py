from .schemas import User
from . import queries
from ..shared import page
