# /// script
# dependencies = ["markdown-it-py[linkify,plugins]"]
# ///
from markdown_it import MarkdownIt
from mdit_py_plugins.footnote import footnote_plugin


def GET():
    return MarkdownIt("gfm-like").use(footnote_plugin).render("see example.com")
