# /// script
# dependencies = ["msgspec", "pyyaml"]
# ///
import msgspec


def GET():
    return msgspec.yaml.decode(b"a: [1, 2]")
