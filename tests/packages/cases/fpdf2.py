# /// script
# dependencies = ["fpdf2"]
# ///
from fpdf import FPDF


def GET():
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica")
    pdf.cell(text="x")
    return bytes(pdf.output())[:4].decode()
