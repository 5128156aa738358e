# /// script
# dependencies = ["tiktoken"]
# ///
import tiktoken


def GET():
    return sorted(tiktoken.list_encoding_names())
