from pathlib import Path

from lib import texts


def GET():
    return (Path(texts.__file__).parent / "shared" / "hi.txt").read_text()
