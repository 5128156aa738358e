# /// script
# dependencies = ["pypdf[crypto]"]
# ///
from io import BytesIO

from pypdf import PdfReader, PdfWriter


def GET():
    writer, file = PdfWriter(), BytesIO()
    writer.add_blank_page(10, 10)
    writer.encrypt("x", algorithm="AES-256")
    writer.write(file)
    return {"encrypted": PdfReader(file).is_encrypted, "pages": len(PdfReader(file, password="x").pages)}
