# /// script
# dependencies = ["pynacl"]
# ///
from nacl.secret import SecretBox


def GET():
    box = SecretBox(b"k" * 32)
    return box.decrypt(box.encrypt(b"x")).decode()
