from dataclasses import dataclass

from edgeroutes import HTTPError, Response


@dataclass
class Post:
    title: str
    content: str
    published: bool = False


async def POST(post: Post):
    if not 1 <= len(post.title) <= 200:
        raise HTTPError(400, errors=[{"field": "title", "message": "must have 1 to 200 characters"}])
    return Response.json(post, status=201)
