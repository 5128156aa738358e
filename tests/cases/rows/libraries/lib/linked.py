from pathlib import Path


def read():
    return Path(__file__).with_name("data").joinpath("note.txt").read_text()
