# /// script
# dependencies = ["scikit-image"]
# ///
import skimage


def GET():
    return {"value": skimage.filters.gaussian(skimage.data.binary_blobs(8, rng=1).astype(float)).shape}
