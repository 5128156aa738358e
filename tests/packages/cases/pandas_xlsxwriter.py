# /// script
# dependencies = ["pandas", "xlsxwriter"]
# ///
import io

import pandas as pd


def GET():
    file = io.BytesIO()
    with pd.ExcelWriter(file) as writer:
        pd.DataFrame({"a": [1]}).to_excel(writer)
        return type(writer).__name__
