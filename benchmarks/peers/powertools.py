"""The event handler of Powertools for AWS Lambda, validating by hand."""

from aws_lambda_powertools.event_handler import APIGatewayRestResolver

app = APIGatewayRestResolver()


@app.get("/users/<id>")
def get_user(id):
    return {"id": id, "name": "Ada"}


@app.post("/posts")
def create_post():
    data = app.current_event.json_body
    title, content, published = data.get("title"), data.get("content"), data.get("published", False)
    if isinstance(title, str) and 1 <= len(title) <= 200 and isinstance(content, str) and isinstance(published, bool):
        return {"title": title, "content": content, "published": published}, 201
    return {"detail": "no post"}, 400


def handler(event, context):
    return app.resolve(event, context)
