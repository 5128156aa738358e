# /// script
# dependencies = ["regex", "msgpack", "ujson", "orjson"]
# ///
import msgpack
import orjson
import regex
import ujson


def GET():
    return [
        msgpack.unpackb(msgpack.packb([1])),
        orjson.loads(orjson.dumps([1])),
        ujson.loads("[1]"),
        regex.findall(r"\p{L}", "a1"),
    ]
