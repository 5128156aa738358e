"""The values of HTTP: headers, cookies, URLs, requests, responses. No server, no Lambda, no Starlette.

A cold start may load each module, so it imports only what awslambdaric has loaded.
"""
