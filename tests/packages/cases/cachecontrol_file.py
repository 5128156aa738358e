# /// script
# dependencies = ["cachecontrol[filecache]"]
# ///
from cachecontrol.caches import FileCache


def GET():
    return FileCache("/tmp/edgeroutes-nothing").directory
