# /// script
# dependencies = ["sympy"]
# ///
from sympy import solve
from sympy.abc import x


def GET():
    return [str(each) for each in solve(x**2 - 4)]
