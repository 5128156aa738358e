# /// script
# dependencies = ["pillow"]
# ///
from io import BytesIO

from PIL import Image


def GET():
    found = {}
    for form in ("PNG", "JPEG", "WEBP", "GIF", "TIFF"):
        file = BytesIO()
        Image.new("RGB", (2, 2), "red").save(file, form)
        found[form] = Image.open(BytesIO(file.getvalue())).size
    return found
