"""The cloud on the desk: what API Gateway and CloudFront do, done here, around the production adapter. Floor 3.

HTTP comes in over uvicorn (`server`), becomes an API Gateway event (`gateway`), goes through the adapter that Lambda calls, and its
result becomes HTTP again. `project` says what there is to serve; `reload` makes it anew when a file changes.
"""
