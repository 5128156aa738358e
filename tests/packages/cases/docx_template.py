# /// script
# dependencies = ["python-docx"]
# ///
from io import BytesIO

from docx import Document


def GET():
    document, file = Document(), BytesIO()
    document.add_heading("x")
    document.save(file)
    return file.getvalue()[:2].decode()
