def HEAD():
    return "hello, world"
