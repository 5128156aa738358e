# /// script
# dependencies = ["markdown", "pymdown-extensions", "pygments"]
# ///
import markdown

TEXT = "| a |\n|---|\n| 1 |\n\n```python\nx = 1\n```\n"


def GET():
    return markdown.markdown(TEXT, extensions=["tables", "codehilite", "pymdownx.superfences"])
