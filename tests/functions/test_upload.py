from __future__ import annotations

import gc
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgeroutes.testing import RouteClient


PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def test_a_file_of_a_form_is_taken_with_the_field_beside_it(client: RouteClient) -> None:
    answer = client.post("/api/upload", files={"file": ("cat.png", PNG, "image/png")}, data={"title": "A cat"})
    assert answer.status_code == 201
    assert answer.json() == {
        "id": 1,
        "name": "A cat",
        "type": "image/png",
        "size_bytes": 108,
        "sha256": sha256(PNG).hexdigest(),
    }
    assert client.get("/api/upload").json() == [answer.json()]


def test_without_a_title_it_has_the_name_of_the_file(client: RouteClient) -> None:
    answer = client.post("/api/upload", files={"file": ("cat.png", PNG, "image/png")})
    assert answer.json()["name"] == "cat.png"


def test_a_file_that_is_too_large_is_413(client: RouteClient) -> None:
    largest = PNG + bytes(1_000_000 - len(PNG))
    assert client.post("/api/upload", files={"file": ("a.png", largest, "image/png")}).status_code == 201
    answer = client.post("/api/upload", files={"file": ("a.png", largest + b"!", "image/png")})
    assert answer.status_code == 413
    assert answer.json()["detail"] == "the file 'file' has 1000001 bytes: 1000000 are allowed"


def test_a_file_of_another_type_is_415(client: RouteClient) -> None:
    answer = client.post("/api/upload", files={"file": ("a.svg", b"<svg/>", "image/svg+xml")})
    assert answer.status_code == 415
    assert (
        answer.json()["detail"] == "the file 'file' is image/svg+xml: image/png, image/jpeg, application/pdf are taken"
    )


def test_a_file_that_only_claims_its_type_is_415(client: RouteClient) -> None:
    answer = client.post("/api/upload", files={"file": ("a.png", b"<script>", "image/png")})
    assert (answer.status_code, answer.json()["detail"]) == (415, "the file does not look like image/png")
    assert client.get("/api/upload").json() == []


def test_a_form_without_the_file_is_400(client: RouteClient) -> None:
    answer = client.post("/api/upload", data={"title": "A cat"})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "file", "message": "is required"}]


def test_a_text_where_the_file_should_be_is_400(client: RouteClient) -> None:
    answer = client.post("/api/upload", data={"file": "cat.png"})
    assert answer.json()["errors"] == [{"field": "file", "message": "must be a file"}]


def test_a_body_that_is_no_form_is_415(client: RouteClient) -> None:
    assert client.post("/api/upload", json={"file": "cat.png"}).status_code == 415


def test_a_file_leaves_nothing_open_behind(client: RouteClient) -> None:
    client.post("/api/upload", files={"file": ("cat.png", PNG, "image/png")})
    gc.collect()  # an open file would warn here, and warnings are errors
