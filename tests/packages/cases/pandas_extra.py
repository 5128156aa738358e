# /// script
# dependencies = ["pandas[output-formatting,excel]"]
# ///
from io import BytesIO

import pandas


def GET():
    frame = pandas.DataFrame({"a": [1, 2]})
    file = BytesIO()
    frame.to_excel(file, engine="xlsxwriter")
    return {"table": frame.to_markdown(), "is_zip": file.getvalue()[:2] == b"PK"}
