def DELETE():
    return "hello, world"
