from .deep import pool
from lib.db import connect as again


def connect(): ...
