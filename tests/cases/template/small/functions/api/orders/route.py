max_duration = 20


def POST():
    return {}
