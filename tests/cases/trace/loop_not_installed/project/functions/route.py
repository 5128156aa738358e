try:
    from anyio import sleep
except ImportError:
    sleep = None
