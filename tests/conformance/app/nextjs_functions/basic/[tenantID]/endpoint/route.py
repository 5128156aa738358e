from nextjs_functions._shared.handlers import hello

GET = HEAD = OPTIONS = POST = PUT = DELETE = PATCH = hello
