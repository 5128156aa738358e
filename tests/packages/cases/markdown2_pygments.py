# /// script
# dependencies = ["markdown2", "pygments"]
# ///
import markdown2


def GET():
    return markdown2.markdown("```python\nx = 1\n```", extras=["fenced-code-blocks"])
