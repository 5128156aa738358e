# /// script
# dependencies = ["reportlab"]
# ///
from io import BytesIO

from reportlab.pdfgen import canvas


def GET():
    file = BytesIO()
    page = canvas.Canvas(file)
    page.setFont("Helvetica", 12)
    page.drawString(10, 10, "x")
    page.save()
    return file.getvalue()[:4].decode()
