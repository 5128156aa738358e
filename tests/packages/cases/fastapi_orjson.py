# /// script
# dependencies = ["fastapi", "orjson"]
# ///
from fastapi import FastAPI
from fastapi.responses import ORJSONResponse

app = FastAPI(default_response_class=ORJSONResponse)


@app.get("/{rest:path}")
def show():
    return {"made": ORJSONResponse({"a": 1}).body.decode()}
