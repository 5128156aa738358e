def POST():
    return "hello, world"
