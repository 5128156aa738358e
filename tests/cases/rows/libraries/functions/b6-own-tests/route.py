from corp_rows.checks import run


def GET():
    return run()
