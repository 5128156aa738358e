import paramiko


def GET():
    return 1
