"""The values of HTTP: headers, cookies, URLs, requests, responses. Ground floor: no server, no Lambda, no Starlette.

Every module here may be loaded at a cold start, so each imports only what awslambdaric has loaded already.
"""
