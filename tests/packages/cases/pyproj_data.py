# /// script
# dependencies = ["pyproj"]
# ///
from pyproj import Transformer


def GET():
    return {"value": round(Transformer.from_crs(4326, 3857, always_xy=True).transform(10, 50)[0])}
