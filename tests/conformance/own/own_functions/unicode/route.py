def GET():
    return {"text": "\u2713 \U0001f600", "\u00e9": "\u00fc"}
