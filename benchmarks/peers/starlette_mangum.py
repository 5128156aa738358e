"""Starlette behind Mangum."""

from mangum import Mangum
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route


async def get_user(request):
    return JSONResponse({"id": request.path_params["id"], "name": "Ada"})


async def create_post(request):
    data = await request.json()
    title, content, published = data.get("title"), data.get("content"), data.get("published", False)
    if isinstance(title, str) and 1 <= len(title) <= 200 and isinstance(content, str) and isinstance(published, bool):
        return JSONResponse({"title": title, "content": content, "published": published}, 201)
    return JSONResponse({"detail": "no post"}, 400)


handler = Mangum(
    Starlette(routes=[Route("/users/{id}", get_user), Route("/posts", create_post, methods=["POST"])]), lifespan="off"
)
