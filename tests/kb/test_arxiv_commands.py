"""`kb add` and `kb fetch` against arXiv, played by a server on this machine.

SYNTHETIC: the answers are written from arXiv's API User's Manual, not recorded.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from kb.cli import main

LATEX = Path(__file__).parents[1] / "ingest" / "latex"

ENTRY = """<entry><id>http://arxiv.org/abs/{id}v1</id>
<updated>2025-07-01T10:00:00Z</updated><published>2025-06-30T17:59:59Z</published>
<title>A synthetic paper on submarines {id}</title>
<summary>Periscopes of model {id} remain hard to keep dry.</summary>
<author><name>Ada Fischer</name></author>
<arxiv:primary_category term="cs.SE"/><category term="cs.SE"/></entry>"""


class Arxiv(BaseHTTPRequestHandler):
    """Answers every id that does not end in 9, and any PDF with one of our own papers."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path.startswith("/pdf/"):
            body = (LATEX / "article_two.pdf").read_bytes()
        else:
            ids = parse_qs(parts.query).get("id_list", [""])[0].split(",")
            known = [one.split("v")[0] for one in ids if not one.endswith("9")]
            entries = "".join(ENTRY.format(id=one) for one in known)
            body = (
                '<feed xmlns="http://www.w3.org/2005/Atom" '
                'xmlns:arxiv="http://arxiv.org/schemas/atom" '
                'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">'
                f"<opensearch:totalResults>{len(known)}</opensearch:totalResults>"
                f"<opensearch:startIndex>0</opensearch:startIndex>{entries}</feed>"
            ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An empty library whose settings name the played arXiv."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Arxiv)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    at = f"http://127.0.0.1:{server.server_port}"
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "settings.toml").write_text(
        f'arxiv_url = "{at}/api/query"\narxiv_pdf_url = "{at}/pdf/"\narxiv_delay = 0.0\n'
    )
    assert main(["--library", str(folder), "init"]) == 0
    yield folder
    server.shutdown()
    server.server_close()
    thread.join()


def run(folder: Path, capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> Any:
    capsys.readouterr()
    assert main(["--library", str(folder), *words, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def test_records_and_full_text_by_id(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = run(folder, capsys, "add", "https://arxiv.org/abs/2506.00001v1")
    assert (report["added"], report["failed"]) == (1, [])
    card = run(folder, capsys, "show", "2506.00001")
    assert card["title"] == "A synthetic paper on submarines 2506.00001"
    assert card["full_text"] is True
    held = run(folder, capsys, "passages", "2506.00001")
    assert len(held) > 3
    assert {one["page"] for one in held} - {None}
    assert not any(one["section"].lower() == "references" for one in held)
    assert run(folder, capsys, "add", "2506.00001")["unchanged"] == 1
    assert run(folder, capsys, "status")["full_text"] == 1


def test_an_id_that_arxiv_does_not_have_costs_only_itself(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = run(folder, capsys, "add", "--no-pdf", "2506.00009", "2506.00002", status=1)
    assert report["added"] == 1
    assert [one["item"] for one in report["failed"]] == ["2506.00009"]
    assert report["failed"][0]["error"]


def test_missing_abstracts_are_fetched_for_what_is_held(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare.jsonl"
    bare.write_text(
        '{"arxiv_id": "2506.00003", "title": "Bare"}\n'
        '{"arxiv_id": "2506.00004", "title": "Full", "abstract": "It has one."}\n'
    )
    run(folder, capsys, "add", str(bare))
    report = run(folder, capsys, "fetch", "--missing")
    assert (report["updated"], report["failed"]) == (1, [])
    assert "Periscopes" in run(folder, capsys, "show", "2506.00003")["abstract"]
    assert run(folder, capsys, "show", "2506.00004")["abstract"] == "It has one."
    assert run(folder, capsys, "fetch", "--missing")["updated"] == 0


def test_full_text_for_a_record_held(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(folder, capsys, "add", "--no-pdf", "2506.00005")
    assert run(folder, capsys, "status")["full_text"] == 0
    assert run(folder, capsys, "fetch", "2506.00005")["updated"] == 1
    assert run(folder, capsys, "status")["full_text"] == 1


def test_no_arxiv_is_one_clear_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "settings.toml").write_text(
        'arxiv_url = "http://127.0.0.1:9/api"\narxiv_delay = 0.0\narxiv_timeout = 1.0\n'
    )
    report = run(folder, capsys, "add", "--no-pdf", "2506.00001", status=1)
    assert len(report["failed"]) == 1
    assert "arXiv" in report["failed"][0]["error"]
    assert run(folder, capsys, "doctor")["ok"] is True
