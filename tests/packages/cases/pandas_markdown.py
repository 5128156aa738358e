# /// script
# dependencies = ["pandas", "tabulate"]
# ///
import pandas as pd


def GET():
    return pd.DataFrame({"a": [1, 2]}).to_markdown()
