import gzip

from edgeroutes import Response

BODY = gzip.compress(b'{"zipped":true}', mtime=0)


def GET():
    return Response(BODY, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
