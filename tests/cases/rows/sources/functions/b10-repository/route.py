from from_git import tell


def GET():
    return tell()
