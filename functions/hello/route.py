async def GET() -> dict[str, str]:
    return {"message": "Hello from edgeroutes"}
