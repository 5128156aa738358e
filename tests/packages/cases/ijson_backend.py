# /// script
# dependencies = ["ijson"]
# ///
import ijson


def GET():
    return {"backend": ijson.backend, "items": list(ijson.items(b'{"a": [1, 2]}', "a.item"))}
