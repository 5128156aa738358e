# /// script
# dependencies = ["cryptography"]
# ///
from cryptography.fernet import Fernet


def GET():
    fernet = Fernet(Fernet.generate_key())
    return fernet.decrypt(fernet.encrypt(b"x")).decode()
