# /// script
# dependencies = ["strawberry-graphql[asgi]"]
# ///
import strawberry


def hello() -> str:
    return "world"


Query = type("Query", (), {"__annotations__": {"hello": str}, "hello": strawberry.field(resolver=hello)})


def GET():
    result = strawberry.Schema(strawberry.type(Query)).execute_sync("{ hello }")
    return {"data": result.data, "errors": [str(error) for error in result.errors or ()]}
