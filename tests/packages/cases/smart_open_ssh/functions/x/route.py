import smart_open.transport


def GET():
    return smart_open.transport.get_transport("sftp").__name__
