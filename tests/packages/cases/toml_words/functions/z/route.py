import humanize, tabulate


def GET():
    return 1
