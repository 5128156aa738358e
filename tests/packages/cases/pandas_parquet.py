# /// script
# dependencies = ["pandas", "pyarrow"]
# ///
from io import BytesIO

import pandas


def GET():
    file = BytesIO()
    pandas.DataFrame({"a": [1, 2]}).to_parquet(file)
    file.seek(0)
    return pandas.read_parquet(file).to_dict("list")
