# /// script
# dependencies = ["strawberry-graphql[asgi]"]
# ///
import strawberry


@strawberry.type
class Query:
    hello: str = "world"


def GET():
    return strawberry.Schema(Query).execute_sync("{ hello }").data
