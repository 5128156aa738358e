import os

from lib.app import site

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lib.settings")


def GET():
    return site
