"""No framework: what any of them is measured against."""

import json

JSON = {"content-type": "application/json"}


def respond(status, value):
    return {"statusCode": status, "headers": JSON, "body": json.dumps(value), "isBase64Encoded": False}


def handler(event, context):
    method, path = event["httpMethod"], event["path"]
    if method == "GET" and path.startswith("/users/"):
        return respond(200, {"id": path[7:], "name": "Ada"})
    if method == "POST" and path == "/posts":
        data = json.loads(event["body"])
        title, content, published = data.get("title"), data.get("content"), data.get("published", False)
        if (
            isinstance(title, str)
            and 1 <= len(title) <= 200
            and isinstance(content, str)
            and isinstance(published, bool)
        ):
            return respond(201, {"title": title, "content": content, "published": published})
        return respond(400, {"detail": "no post"})
    return respond(404, {"detail": "Not Found"})
