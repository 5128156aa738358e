from edgeroutes.http import headers


def form():
    from edgeroutes.http import form_reader
