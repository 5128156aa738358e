# /// script
# dependencies = ["pyarrow"]
# ///
import pyarrow
import pyarrow.compute


def GET():
    return {"value": pyarrow.compute.sum(pyarrow.array([1, 2])).as_py()}
