async def GET(id: str):
    return {"id": id, "name": "Ada"}
