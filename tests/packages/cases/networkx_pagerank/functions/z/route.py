import scipy, numpy


def GET():
    return 1
