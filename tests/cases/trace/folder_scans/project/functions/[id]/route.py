from pathlib import Path

from lib import by_glob, by_name, by_package, data


def GET(kind):
    for file in Path(__file__).parent.glob("steps/*.py"):
        print(file)
