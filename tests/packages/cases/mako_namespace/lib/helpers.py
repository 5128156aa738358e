def shout(context, t):
    return t.upper()
