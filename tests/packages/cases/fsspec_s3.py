# /// script
# dependencies = ["fsspec", "s3fs"]
# ///
import fsspec


def GET():
    return fsspec.get_filesystem_class("s3").__name__
