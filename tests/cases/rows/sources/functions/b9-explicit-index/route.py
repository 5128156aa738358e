from corp_lib import tell


def GET():
    return tell()
