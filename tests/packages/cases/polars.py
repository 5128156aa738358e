# /// script
# dependencies = ["polars"]
# ///
import polars


def GET():
    return {"value": polars.DataFrame({"a": [1, 2]}).select(polars.col("a").sum()).item()}
