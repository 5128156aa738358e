from dataclasses import dataclass

from edgeroutes import Response


@dataclass
class Post:
    title: str
    likes: int = 0


def POST(post: Post):
    return Response.json(post, status=201, headers={"Location": "/posts/1"})
