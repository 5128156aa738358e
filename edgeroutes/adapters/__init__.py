"""Between the runtime and the places where it runs: Lambda events, ASGI servers."""
