def hello():
    return {"hello": "x"}
