# /// script
# dependencies = ["python-pptx"]
# ///
from pptx import Presentation


def GET():
    return {"value": len(Presentation().slide_layouts)}
