"""Runs a route file's handlers with the arguments that they declare.

A request passes: application (match, 308, 404) → endpoint (405, OPTIONS, HEAD) → middleware → binding (arguments) → the
handler → results (any value to a Response) → the response's head (cookies, cache). What leaves early leaves as an exception
from `http/interrupts.py`; what was not foreseen becomes a 500 and a line in the log.
"""
