def __getattr__(name):
    import asyncio
