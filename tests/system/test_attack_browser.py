"""What a website that a developer visits can do to `edgeroutes dev` and its local AWS, in a real Chromium: nothing."""

from __future__ import annotations

import json
import threading
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from edgeroutes.local_aws.server import MotoProcess
from edgeroutes.local_aws.stack import Cloud
from tests.dev.serving import serving
from tests.system.browser import Browser, find_browser

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dev.serving import Served
    from tests.system.browser import Page

pytestmark = pytest.mark.system

PARTNER = "http://partner.example"
FILES = {
    "plain": """
        count = 0

        def GET():
            return {"count": count}

        def POST():
            global count
            count += 1
            return {"count": count}
    """,
    "image": """
        from edgeroutes import Response

        def GET():
            svg = '<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"/>'
            return Response(svg, headers={"content-type": "image/svg+xml"})
    """,
    "login": """
        from edgeroutes import Response

        def GET():
            return Response.html("<!doctype html><title>signed in</title>")
    """,
}
TEMPLATE = {
    "Resources": {
        "Key": {"Type": "AWS::SecretsManager::Secret", "Properties": {"SecretString": "s3cr3t"}},
        "Uploads": {"Type": "AWS::S3::Bucket"},
    }
}
# What the page of an attacker tries: each with what a page of this machine gets.
LIST = """fetch(moto, {method: 'POST', body: '{}', headers: {
    'x-amz-target': 'secretsmanager.ListSecrets', 'content-type': 'application/x-amz-json-1.1',
    'authorization': 'AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/secretsmanager/aws4_request, SignedHeaders=host, Signature=0',
}}).then(a => a.json()).then(a => a.SecretList.length)"""
IMAGE = """new Promise(done => {
    const image = new Image();
    image.onload = () => done(image.width);
    image.onerror = () => done(0);
    image.src = dev + '/image';
})"""
READS = {
    "secrets": (LIST, 1),
    "moto's own data": ("fetch(moto + '/moto-api/data.json').then(a => a.status)", 200),
    "a route": ("fetch(dev + '/plain').then(a => 'readable')", "TypeError"),
    "an image": (IMAGE, 7),
}
WRITES = (
    "fetch(moto + '/moto-api/reset', {method: 'POST'})",
    "fetch(moto + '/moto-api/reset', {method: 'POST', mode: 'no-cors'})",
    "navigator.sendBeacon(moto + '/moto-api/reset', '')",
    "fetch(moto + '/bucket-of-evil', {method: 'PUT'})",
    "fetch(moto + '/?Action=CreateTopic&Name=evil&Version=2010-03-31', {mode: 'no-cors'})",
    "fetch(dev + '/plain', {method: 'POST'})",
    "fetch(dev + '/plain', {method: 'POST', mode: 'no-cors', body: 'a=1'})",
    "navigator.sendBeacon(dev + '/plain', 'a')",
)
FORM = """
    const form = document.createElement('form'), frame = document.createElement('iframe');
    frame.name = 'target'; document.body.append(frame);
    form.method = 'POST'; form.action = url; form.target = 'target'; document.body.append(form);
    new Promise(done => { frame.onload = () => done('loaded'); form.submit(); })
"""


class PageHandler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = b"<!doctype html><title>page</title><body></body>"
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def pages() -> Iterator[int]:
    """A server of one page; its port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), PageHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


class Place:
    """The servers, and what is in them."""

    def __init__(self, served: Served, cloud: Cloud, port: int) -> None:
        self.served = served
        self.cloud = cloud
        self.here = f"http://127.0.0.1:{port}"
        self.here_by_name = f"http://localhost:{port}"
        self.evil = f"http://evil.example:{port}"
        self.moto = str(cloud.endpoint_url)
        self.dev = f"http://127.0.0.1:{served.server.port}"

    def state(self) -> Any:
        """All that a page could change."""
        return (
            self.cloud.client("secretsmanager").list_secrets()["SecretList"][0]["Name"],
            [each["Name"] for each in self.cloud.client("s3").list_buckets()["Buckets"]],
            self.cloud.client("sns").list_topics()["Topics"],
            self.served.get("/plain").json(),
        )

    def tried(self, page: Page, expression: str) -> Any:
        """What a page's script gets; the name of what it throws."""
        return page.evaluate(
            f"const moto = {json.dumps(self.moto)}, dev = {json.dumps(self.dev)};"
            f" await Promise.resolve({expression}).catch(error => error.name)"
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with ExitStack() as used:
        moto = used.enter_context(MotoProcess())
        cloud = Cloud(moto.url)
        cloud.put(TEMPLATE)
        served = used.enter_context(serving(tmp_path_factory.mktemp("project"), FILES))
        yield Place(served, cloud, used.enter_context(pages()))


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser for which every foreign name is this machine, as after DNS rebinding."""
    program = find_browser()
    if program is None:
        pytest.skip("Chromium is not on PATH: install it, or name it in EDGEROUTES_CHROMIUM")
    # The prompt for local networks would hide what is tested: other browsers have none.
    flags = (
        "--host-resolver-rules=MAP *.example 127.0.0.1",
        "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
    )
    browser = Browser(program, tmp_path_factory.mktemp("profile"), flags)
    yield browser
    browser.stop()


@pytest.fixture
def victim(attacked: Browser) -> Iterator[Page]:
    with attacked.open_page() as page:
        yield page


@pytest.mark.parametrize("what", READS)
def test_a_page_of_another_site_reads_nothing(what: str, victim: Page, place: Place) -> None:
    expression, expected = READS[what]
    victim.navigate(place.evil)
    assert place.tried(victim, expression) in ("TypeError", 0)
    victim.navigate(place.here_by_name)  # shows that the attack itself works
    assert place.tried(victim, expression) == expected


def test_a_page_of_another_site_changes_nothing(victim: Page, place: Place) -> None:
    before = place.state()
    victim.navigate(place.evil)
    for expression in WRITES:
        place.tried(victim, expression)
    for url in (f"{place.moto}/moto-api/reset", f"{place.dev}/plain"):
        victim.evaluate(f"const url = {json.dumps(url)}; {FORM}")
    assert place.state() == before


def test_a_name_that_leads_to_this_machine_reads_and_changes_nothing(victim: Page, place: Place) -> None:
    """DNS rebinding: the page and the server have one origin, so that the browser itself allows everything."""
    before = place.state()
    for port in (place.moto.rpartition(":")[2], place.dev.rpartition(":")[2]):
        response = victim.navigate(f"http://rebound.example:{port}/")
        assert response.status == 403
        found = victim.evaluate(
            "await Promise.all(['/moto-api/data.json', '/plain', '/'].map(p => fetch(p).then(a => a.status)))"
        )
        assert found == [403, 403, 403]
        reset = (
            "await Promise.all(['/moto-api/reset', '/plain'].map(p => fetch(p, {method: 'POST'}).then(a => a.status)))"
        )
        assert victim.evaluate(reset) == [403, 403]
    assert place.state() == before


def test_a_scan_of_ports_finds_no_difference_it_can_read(victim: Page, place: Place) -> None:
    """The attacker has to find moto first: no probe of it is readable."""
    victim.navigate(place.evil)
    probes = ("/", "/moto-api/", "/moto-api/data.json", "/latest/meta-data/", "/favicon.ico")
    for probe in probes:
        assert place.tried(victim, f"fetch(moto + {probe!r}).then(a => a.status)") == "TypeError"


def test_a_page_of_this_machine_uploads_and_downloads_by_presigned_urls(victim: Page, place: Place) -> None:
    s3 = place.cloud.client("s3")
    bucket = place.cloud.resources["Uploads"].physical_id
    put = s3.generate_presigned_url(
        "put_object", Params={"Bucket": bucket, "Key": "a.txt", "ContentType": "text/plain"}
    )
    post = s3.generate_presigned_post(bucket, "b.txt")
    get = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a.txt"})
    upload = f"fetch({json.dumps(put)}, {{method: 'PUT', body: 'hello', headers: {{'content-type': 'text/plain'}}}})"
    form = f"""(() => {{
        const data = new FormData(), fields = {json.dumps(post["fields"])};
        for (const name in fields) data.append(name, fields[name]);
        data.append('file', new Blob(['posted']), 'b.txt');
        return fetch({json.dumps(post["url"])}, {{method: 'POST', body: data}});
    }})()"""
    for page in (place.here, place.here_by_name):
        victim.navigate(page)
        assert place.tried(victim, f"{upload}.then(a => a.status)") == 200
        assert place.tried(victim, f"{form}.then(a => a.ok)") is True
        assert place.tried(victim, f"fetch({json.dumps(get)}).then(a => a.text())") == "hello"
        assert s3.get_object(Bucket=bucket, Key="b.txt")["Body"].read() == b"posted"
        s3.delete_object(Bucket=bucket, Key="b.txt")


def test_links_and_redirects_from_other_sites_still_lead_here(victim: Page, place: Place) -> None:
    victim.navigate(place.evil)
    loaded = f"location.href = {json.dumps(place.dev + '/login?code=1')}"
    victim.evaluate(loaded)
    victim.wait_for("document.title === 'signed in'")
