# /// script
# dependencies = ["imageio", "pillow"]
# ///
import imageio.v3
import numpy


def GET():
    return imageio.v3.imwrite("<bytes>", numpy.zeros((2, 2), "uint8"), extension=".png")[:4].hex()
