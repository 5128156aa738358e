from __future__ import annotations

import gc
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from edgeroutes.testing import Aws, RouteClient

pytestmark = pytest.mark.usefixtures("aws")


PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
ID = sha256(PNG).hexdigest()


def test_a_file_of_a_form_is_taken_with_the_field_beside_it(ada: RouteClient) -> None:
    response = ada.post("/api/upload", files={"file": ("cat.png", PNG, "image/png")}, data={"title": "A cat"})
    assert response.status_code == 201
    assert response.json() == {"id": ID, "name": "A cat", "type": "image/png", "size_bytes": 108}
    assert response.headers["location"] == f"/api/upload/{ID}"
    assert ada.get("/api/upload").json() == {"items": [{"id": ID, "size_bytes": 108}], "next": None}


def test_the_bucket_has_it_with_its_type_and_its_name(ada: RouteClient, aws: Aws) -> None:
    ada.post("/api/upload", files={"file": ("cat.png", PNG, "image/png")}, data={"title": 'Ça; a "cat"'})
    bucket = aws.resource("UploadsBucket")
    found = aws.client("s3").get_object(Bucket=bucket, Key=ID)
    assert found["Body"].read() == PNG
    assert found["ContentType"] == "image/png"
    assert found["ContentDisposition"] == "attachment; filename*=UTF-8''%C3%87a%3B%20a%20%22cat%22"


def test_the_same_file_is_stored_once(ada: RouteClient) -> None:
    for name in ("cat.png", "again.png"):
        ada.post("/api/upload", files={"file": (name, PNG, "image/png")})
    assert len(ada.get("/api/upload").json()["items"]) == 1


def test_files_are_listed_in_pages(ada: RouteClient) -> None:
    for number in range(3):
        ada.post("/api/upload", files={"file": ("a.png", PNG + bytes([number]), "image/png")})
    first = ada.get("/api/upload?limit=2").json()
    second = ada.get("/api/upload", params={"limit": 2, "cursor": first["next"]}).json()
    assert ([len(page["items"]) for page in (first, second)], second["next"]) == ([2, 1], None)
    assert len({file["id"] for file in first["items"] + second["items"]}) == 3


def test_whoever_has_the_signed_address_has_the_file(ada: RouteClient, aws: Aws) -> None:
    ada.post("/api/upload", files={"file": ("cat.png", PNG, "image/png")})
    response = ada.get(f"/api/upload/{ID}")
    assert (response.status_code, response.headers["cache-control"]) == (307, "private, no-store")
    address, _, query = response.headers["location"].partition("?")
    bucket = aws.resource("UploadsBucket")
    assert address == f"https://{bucket}.s3.amazonaws.com/{ID}"
    assert {"X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Expires=300"} <= set(query.split("&"))
    assert requests.get(response.headers["location"], timeout=5).content == PNG


@pytest.mark.parametrize("upload_id", ["0" * 64, "nothing", "..%2Fsecret"])
def test_a_file_that_is_not_there_is_404(ada: RouteClient, upload_id: str) -> None:
    assert ada.get(f"/api/upload/{upload_id}").status_code == 404


def test_without_a_title_it_has_the_name_of_the_file(ada: RouteClient) -> None:
    response = ada.post("/api/upload", files={"file": ("cat.png", PNG, "image/png")})
    assert response.json()["name"] == "cat.png"


def test_a_file_that_is_too_large_is_413(ada: RouteClient) -> None:
    largest = PNG + bytes(1_000_000 - len(PNG))
    assert ada.post("/api/upload", files={"file": ("a.png", largest, "image/png")}).status_code == 201
    response = ada.post("/api/upload", files={"file": ("a.png", largest + b"!", "image/png")})
    assert response.status_code == 413
    assert response.json()["detail"] == "the file 'file' has 1000001 bytes: 1000000 are allowed"


def test_a_file_of_another_type_is_415(ada: RouteClient) -> None:
    response = ada.post("/api/upload", files={"file": ("a.svg", b"<svg/>", "image/svg+xml")})
    assert response.status_code == 415
    assert (
        response.json()["detail"]
        == "the file 'file' is image/svg+xml: image/png, image/jpeg, application/pdf are taken"
    )


def test_a_file_that_only_claims_its_type_is_415(ada: RouteClient) -> None:
    response = ada.post("/api/upload", files={"file": ("a.png", b"<script>", "image/png")})
    assert (response.status_code, response.json()["detail"]) == (415, "the file does not look like image/png")
    assert ada.get("/api/upload").json() == {"items": [], "next": None}


def test_a_form_without_the_file_is_400(ada: RouteClient) -> None:
    response = ada.post("/api/upload", data={"title": "A cat"})
    assert response.status_code == 400
    assert response.json()["errors"] == [{"field": "file", "message": "is required"}]


def test_a_text_where_the_file_should_be_is_400(ada: RouteClient) -> None:
    response = ada.post("/api/upload", data={"file": "cat.png"})
    assert response.json()["errors"] == [{"field": "file", "message": "must be a file"}]


def test_a_body_other_than_a_form_is_415(ada: RouteClient) -> None:
    assert ada.post("/api/upload", json={"file": "cat.png"}).status_code == 415


def test_a_file_leaves_nothing_open_behind(ada: RouteClient) -> None:
    ada.post("/api/upload", files={"file": ("cat.png", PNG, "image/png")})
    gc.collect()  # an open file would warn here, and warnings are errors


@pytest.mark.parametrize("kind", ["image/png", "IMAGE/PNG", "image/png; charset=x", "Image/Png ;a=b"])
def test_a_type_may_be_written_in_any_way(ada: RouteClient, kind: str) -> None:
    response = ada.post("/api/upload", files={"file": ("a.png", PNG, kind)})
    assert (response.status_code, response.json()["type"]) == (201, "image/png")


def test_only_members_upload_and_only_users_download(client: RouteClient, eve: RouteClient) -> None:
    file = {"file": ("cat.png", PNG, "image/png")}
    statuses = [eve.post("/api/upload", files=file).status_code, eve.get("/api/upload").status_code]
    client.cookies.clear()
    statuses.append(client.post("/api/upload", files=file).status_code)
    statuses += [client.get(url).status_code for url in ("/api/upload", f"/api/upload/{ID}")]
    assert statuses == [403, 200, 401, 401, 401]
