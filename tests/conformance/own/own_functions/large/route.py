def GET(size: int):
    return b"0123456789abcdef" * (size // 16)
