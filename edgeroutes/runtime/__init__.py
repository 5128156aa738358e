"""What answers a request: the route file's handlers, called with what they ask for.

A request passes: application (match, 308, 404) → endpoint (405, OPTIONS, HEAD) → middleware → binding (arguments) → the
handler → results (any value to a Response) → the answer's head (cookies, cache). What leaves early leaves as an exception
from `http/interrupts.py`; what was not foreseen becomes a 500 and a line in the log.
"""
