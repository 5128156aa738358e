import asttokens
import executing
import pure_eval


def GET():
    return {"value": [asttokens.__name__, executing.__name__, pure_eval.__name__]}
