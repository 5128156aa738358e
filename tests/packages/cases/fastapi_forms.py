# /// script
# dependencies = ["fastapi", "python-multipart"]
# ///
from typing import Annotated

from fastapi import FastAPI, Form

app = FastAPI()


@app.post("/x")
def create(name: Annotated[str, Form()]):
    return name


@app.get("/{rest:path}")
def show():
    return sorted(app.openapi()["paths"])
