import io
import pandas as pd


def table():
    b = io.BytesIO()
    pd.DataFrame({"a": [1]}).to_excel(b)
    return pd.read_excel(io.BytesIO(b.getvalue())).shape[0]
