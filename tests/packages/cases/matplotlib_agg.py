# /// script
# dependencies = ["matplotlib"]
# ///
from io import BytesIO

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot


def GET():
    figure, axes = pyplot.subplots()
    axes.plot([1, 2])
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()[:4].hex()
