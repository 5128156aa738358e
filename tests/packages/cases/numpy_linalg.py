# /// script
# dependencies = ["numpy"]
# ///
import numpy


def GET():
    return {"det": round(float(numpy.linalg.det([[1, 2], [3, 4]])), 6), "fft": len(numpy.fft.fft([1, 2, 3]))}
