"""The app behind a real nginx that has the README's own lines.

A stand-in for oauth2-proxy keeps its contract: /oauth2/auth says who a cookie is, /oauth2/sign_in
is shown to everybody else.
"""

from __future__ import annotations

import getpass
import json
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from websockets.exceptions import InvalidStatus

from kb.settings import USER_HEADER
from tests.browser.session import Session

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

README = Path(__file__).resolve().parents[2] / "README.md"
COOKIE = "_oauth2_proxy"

AROUND = """
user {user};  worker_processes 1;  daemon off;  pid {place}/pid;  error_log {place}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {place}/body;  proxy_temp_path {place}/proxy;
  fastcgi_temp_path {place}/fastcgi;  uwsgi_temp_path {place}/uwsgi;  scgi_temp_path {place}/scgi;
  server {{
    listen 127.0.0.1:{port};
    {lines}
  }}
}}
"""


class SignsIn(BaseHTTPRequestHandler):
    """Whoever brings a cookie is who it says."""

    def do_GET(self) -> None:
        """Answer as oauth2-proxy does with --set-xauthrequest."""
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get(COOKIE)
        asked = self.path.startswith("/oauth2/auth")
        self.send_response((202 if cookie else 401) if asked else 200)
        if cookie:
            self.send_header("X-Auth-Request-User", cookie.value)
        self.end_headers()
        if not asked:
            back = self.headers.get("X-Auth-Request-Redirect", "")
            self.wfile.write(f"Sign in, and go to {back}".encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class Nginx:
    """A proxy that can be stopped and started again."""

    program: str
    place: Path
    port: int
    running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start, and wait until it listens."""
        self.running = subprocess.Popen([self.program, "-c", str(self.place / "nginx.conf")])
        for _ in range(100):
            assert self.running.poll() is None, (self.place / "error.log").read_text()
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError("nginx does not listen")

    def stop(self) -> None:
        """Stop at once; connections are cut."""
        if self.running:
            self.running.terminate()
            self.running.wait(timeout=20)


@contextmanager
def signing_in() -> Iterator[str]:
    """Host and port of the stand-in, while it runs."""
    with ThreadingHTTPServer(("127.0.0.1", 0), SignsIn) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def proxy(
    invented: Path,
    serving: Callable[..., AbstractContextManager[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Nginx]:
    """nginx before the app, as the README has it; skips where there is none."""
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program is None:
        pytest.skip("no nginx on this machine (Debian: apt install nginx)")
    readme = README.read_text(encoding="utf-8")
    lines = re.findall(r"```nginx\n(.*?)```", readme, re.DOTALL)[0]
    told = re.search(r"^\$ ((?:\w+=\S+ )+)kb app", readme, re.MULTILINE)
    assert told
    assert USER_HEADER in told[1]
    for one in told[1].split():
        name, _, value = one.partition("=")
        monkeypatch.setenv(name, value)
    folder = tmp_path / "library"
    shutil.copytree(invented, folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    with serving(folder) as app, signing_in() as service:
        lines = lines.replace(":8501", f":{urlsplit(app).port}")
        lines = lines.replace("127.0.0.1:4180", service)
        around = AROUND.format(user=getpass.getuser(), place=tmp_path, port=port, lines=lines)
        (tmp_path / "nginx.conf").write_text(around, encoding="utf-8")
        nginx = Nginx(program, tmp_path, port)
        nginx.start()
        yield nginx
        nginx.stop()


Enter = Callable[..., Page]


@pytest.fixture
def enter(
    browser: Browser, proxy: Nginx, still: Callable[[Page], None]
) -> Iterator[Callable[[str, str], Page]]:
    """Opens a page as one who is signed in."""
    contexts = []

    def entered(who: str, path: str) -> Page:
        contexts.append(browser.new_context(accept_downloads=True))
        contexts[-1].add_cookies([{"name": COOKIE, "value": who, "url": proxy.url}])
        page = contexts[-1].new_page()
        page.goto(proxy.url + path)
        page.wait_for_selector('[data-testid="stHeading"]', timeout=60_000)
        still(page)
        return page

    yield entered
    for context in contexts:
        context.close()


def test_who_is_not_signed_in_is_asked_to_and_then_is_back(proxy: Nginx) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{proxy.url}ask?chat=abc&lang=zh_CN", timeout=20)
    assert refused.value.code == 403
    assert refused.value.read().decode() == "Sign in, and go to /ask?chat=abc&lang=zh_CN"
    with pytest.raises(InvalidStatus, match="403"):
        Session(proxy.url, {"X-Forwarded-User": "ada"})


def test_a_forged_name_is_replaced(proxy: Nginx) -> None:
    forged = {"X-Forwarded-User": "grace", "X-Auth-Request-User": "grace"}
    session = Session(proxy.url, {**forged, "Cookie": f"{COOKIE}=ada"})
    label = session.load("label")
    session.close()
    assert "Signed in as ada" in label.text
    assert "grace" not in label.text


def test_two_upload_download_and_outlast_a_restart(
    proxy: Nginx, enter: Enter, still: Callable[[Page], None], tmp_path: Path
) -> None:
    people = {who: enter(who, "library") for who in ("ada", "grace")}
    for number, (who, page) in enumerate(people.items()):
        record = json.dumps({"id": f"2512.0009{number}", "title": f"Brought by {who}"})
        file = tmp_path / f"{who}.jsonl"
        # Larger than nginx lets through of itself, 1 MB.
        file.write_text(record + "\n" * 3_000_000, encoding="utf-8")
        page.get_by_role("tab", name="By PDF").click()
        with page.expect_response(re.compile("upload_file")) as sent:
            page.locator('input[type="file"]').set_input_files(file)
        assert sent.value.status == 204
    for page in people.values():
        still(page)
        page.get_by_role("tabpanel").get_by_role("button", name="Add", exact=True).last.click()
    for number, page in enumerate(people.values()):
        done = page.get_by_role("link", name=f"2512.0009{number}")
        expect(done.first).to_be_visible(timeout=60_000)
        page.goto(f"{proxy.url}?q=licensed+code")
        page.wait_for_selector("[data-testid=stHeading]", timeout=60_000)
        still(page)
    proxy.stop()
    proxy.start()
    for page in people.values():
        box = page.get_by_label("Search papers")
        expect(box).to_be_enabled(timeout=60_000)  # the page has connected again of itself
        box.fill("brought by")
        box.press("Enter")
        expect(page.get_by_text("Brought by grace").first).to_be_visible(timeout=60_000)
        page.get_by_role("button", name="Export").first.click()
        with page.expect_download() as kept:
            page.get_by_role("button", name="CSV").click()
        assert "Brought by ada" in Path(kept.value.path()).read_text(encoding="utf-8")
