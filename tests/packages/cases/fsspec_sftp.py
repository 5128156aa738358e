# /// script
# dependencies = ["fsspec[sftp]"]
# ///
import fsspec


def GET():
    return fsspec.get_filesystem_class("sftp").__name__
