"""A query of arXiv's as a repeatable update, over real HTTP against a server on this machine.

SYNTHETIC: the answers are written from arXiv's API User's Manual, not recorded.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from ingest.errors import SourceError
from kb.catalogue.values import StoredTag, Vector
from kb.cli import main
from kb.embed import Embedder
from kb.library import Library

PDF = Path(__file__).parents[1] / "ingest" / "latex" / "article_two.pdf"
QUERY = "cat:cs.SE"

ENTRY = """<entry><id>http://arxiv.org/abs/{id}{version}</id>
<updated>{updated}T10:00:00Z</updated><published>2025-01-30T17:59:59Z</published>
<title>Submarine {id}</title><summary>{summary}</summary>
<author><name>Ada Fischer</name></author>{comment}
<arxiv:primary_category term="cs.SE"/><category term="cs.SE"/></entry>"""


@dataclass(frozen=True)
class Record:
    id: str
    updated: str
    version: str = "v1"
    summary: str = "Periscopes remain hard to keep dry."
    comment: str = ""


@dataclass
class Played:
    """What the server holds, newest first, how it answers, and what it was asked."""

    folder: Path
    records: list[Record] = field(default_factory=list)
    faults: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """(status, headers) of the next answers."""
    broken_from: int | None = None
    """First result of a page that is cut off."""
    empty_once: set[int] = field(default_factory=set)
    pdf_status: int = 200
    asked: list[dict[str, str]] = field(default_factory=list)
    pdfs: list[str] = field(default_factory=list)

    def page(self, query: dict[str, str]) -> bytes:
        self.asked.append(query)
        start, most = int(query.get("start", 0)), int(query.get("max_results", 10))
        shown = self.records[start : start + most]
        if query.get("id_list"):
            shown = [one for one in self.records if one.id in query["id_list"]]
        if start in self.empty_once:
            self.empty_once.remove(start)
            shown = []
        entries = "".join(
            ENTRY.format(
                id=one.id,
                version=one.version,
                updated=one.updated,
                summary=one.summary,
                comment=one.comment and f"<arxiv:comment>{one.comment}</arxiv:comment>",
            )
            for one in shown
        )
        whole = (
            '<feed xmlns="http://www.w3.org/2005/Atom" '
            'xmlns:arxiv="http://arxiv.org/schemas/atom" '
            'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">'
            f"<opensearch:totalResults>{len(self.records)}</opensearch:totalResults>"
            f"<opensearch:startIndex>{start}</opensearch:startIndex>{entries}</feed>"
        ).encode()
        cut = self.broken_from is not None and start >= self.broken_from
        return whole[: len(whole) // 2] if cut else whole


def handler_of(played: Played) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            status, body = 200, b""
            headers: dict[str, str] = {}
            if parts.path.startswith("/pdf/"):
                played.pdfs.append(parts.path.removeprefix("/pdf/"))
                status, body = played.pdf_status, PDF.read_bytes()
            elif played.faults:
                status, headers = played.faults.pop(0)
            else:
                body = played.page({k: v[0] for k, v in parse_qs(parts.query).items()})
            self.send_response(status)
            for key, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    return Handler


def plain(_: Embedder, texts: Sequence[str]) -> Vector:
    """Vectors without the model: what is asked and kept does not hang on them."""
    return np.tile(np.eye(1, 384, dtype=np.float32), (len(texts), 1))


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Played]:
    """An empty library whose settings name the played arXiv."""
    monkeypatch.setattr(Embedder, "encode", plain)
    folder = tmp_path / "library"
    folder.mkdir()
    playing = Played(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(playing))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    at = f"http://127.0.0.1:{server.server_port}"
    (folder / "settings.toml").write_text(
        f'arxiv_url = "{at}/api/query"\narxiv_pdf_url = "{at}/pdf/"\narxiv_delay = 0.0\n'
    )
    assert main(["--library", str(folder), "init"]) == 0
    yield playing
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def kb(played: Played, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*words: str, status: int = 0) -> Any:
        capsys.readouterr()
        assert main(["--library", str(played.folder), *words, "--json"]) == status
        return json.loads(capsys.readouterr().out)

    return run


def ids(first: int, last: int, updated: str) -> list[Record]:
    return [Record(f"2501.{n:05d}", updated) for n in range(last, first - 1, -1)]


def query(*words: str) -> tuple[str, ...]:
    return ("add", "--no-pdf", "--arxiv-query", QUERY, *words)


def test_the_same_command_fetches_only_what_is_new_or_revised(played: Played, kb: Any) -> None:
    played.records = ids(1, 120, "2025-06-01")
    assert kb(*query("--since", "last"), status=2)["error"]["code"] == "never_complete"
    first = kb(*query("--since", "2025-01-01", "--max", "1000"))
    assert (first["added"], len(played.asked)) == (120, 2)
    assert played.asked[0]["sortBy"] == "lastUpdatedDate"
    today = datetime.now(UTC).date()
    revised = Record("2501.00007", str(today), "v2", "Now they are dry.")
    played.records = [
        *ids(121, 122, str(today)),
        revised,
        *(one for one in played.records if one.id != revised.id),
    ]
    for words in (("--since", "2025-01-01", "--max", "1000"), ("--since", "last")):
        played.asked.clear()
        again = kb(*query(*words))
        assert len(played.asked) == 1  # ends at what is known
        if words[0] == "--since" and words[1] != "last":
            assert (again["added"], again["updated"]) == (2, 1)
        else:
            assert (again["added"], again["updated"], again["unchanged"]) == (0, 0, 3)
    assert kb("show", "2501.00007")["abstract"] == "Now they are dry."


def test_a_query_cut_short_goes_on_where_it_was(played: Played, kb: Any) -> None:
    played.records = ids(1, 700, "2025-06-01")
    played.broken_from = 600
    words = query("--since", "2025-01-01", "--max", "5000")
    cut = kb(*words, status=1)
    assert (cut["added"], [one["step"] for one in cut["failed"]]) == (600, ["fetch"])
    played.broken_from = None
    played.asked.clear()
    rest = kb(*words)
    assert rest["added"] == 100
    # The top again, for what is new; then not from the first page, but near the cut.
    assert [int(one["start"]) for one in played.asked] == [0, 300, 400, 500, 600]
    assert kb("status")["papers"] == 700


def test_max_takes_the_next_ones_each_time(played: Played, kb: Any) -> None:
    played.records = ids(1, 50, "2025-06-01")
    words = query("--since", "2025-01-01", "--max", "20")
    assert [kb(*words)["added"] for _ in range(4)] == [20, 20, 10, 0]


def test_until_is_asked_of_arxiv(played: Played, kb: Any) -> None:
    played.records = ids(1, 3, "2025-06-01")
    kb(*query("--since", "2025-01-01", "--until", "2025-03-31"))
    asked = played.asked[0]["search_query"]
    assert asked == "(cat:cs.SE) AND submittedDate:[199108010000 TO 202503312359]"
    assert kb("add", "2501.00001", "--until", "2025-01-01", status=2)["error"]["code"] == "usage"


def test_a_new_version_replaces_the_text_and_keeps_the_decision(played: Played, kb: Any) -> None:
    played.records = [Record("2501.00001", "2025-06-01")]
    kb("add", "2501.00001")
    before = kb("passages", "2501.00001")
    library = Library.open(played.folder)
    with library.catalogue.write() as writer:
        number = writer.numbers(["2501.00001"])["2501.00001"]
        tag = StoredTag("phase", "testing-and-evaluation", 1.0, (), "human", "person", "1")
        writer.set_tags(number, [tag], {})
    library.close()
    played.records = [Record("2501.00001", "2025-07-01", "v2", "Now they are dry.")]
    report = kb("add", "2501.00001")
    assert (report["updated"], played.pdfs) == (1, ["2501.00001v1", "2501.00001v2"])
    card = kb("show", "2501.00001")
    assert card["abstract"] == "Now they are dry."
    assert ("testing-and-evaluation", "human") in {(t["key"], t["by"]) for t in card["phases"]}
    after = kb("passages", "2501.00001")
    assert "Periscopes remain hard" in " ".join(one["text"] for one in before)
    assert "Periscopes remain hard" not in " ".join(one["text"] for one in after)
    assert kb("add", "2501.00001")["unchanged"] == 1
    assert len(played.pdfs) == 2  # what is held of this version is not fetched again
    faults = kb("doctor", status=3)["faults"]
    assert [one["code"] for one in faults] == ["weak_retrieval"]  # the vectors are made up here


def test_a_pdf_that_cannot_be_fetched_is_told_and_tried_again(played: Played, kb: Any) -> None:
    played.records = [Record("2501.00001", "2025-06-01")]
    played.pdf_status = 503
    report = kb("add", "2501.00001", status=1)
    assert (report["added"], report["failed"][0]["step"]) == (1, "fetch")
    played.pdf_status = 200
    again = kb("add", "--retry")
    assert (again["updated"], again["failed"]) == (1, [])
    assert kb("status")["full_text"] == 1


def test_ids_are_tried_again_when_arxiv_itself_had_failed(
    played: Played, kb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    played.records = [Record("2501.00001", "2025-06-01")]

    def offline(*_: object) -> None:
        raise SourceError("unreachable", "arXiv cannot be reached.", "", "Check the connection.")

    with monkeypatch.context() as patch:
        patch.setattr("ingest.arxiv_source.ArxivSource.by_ids", offline)
        assert kb("add", "2501.00001", status=1)["added"] == 0
    assert kb("add", "--retry")["added"] == 1


def test_a_newer_version_that_cannot_be_fetched_leaves_the_text(played: Played, kb: Any) -> None:
    played.records = [Record("2501.00001", "2025-06-01")]
    kb("add", "2501.00001")
    played.records = [Record("2501.00001", "2025-07-01", "v2")]
    played.pdf_status = 503
    assert kb("add", "2501.00001", status=1)["failed"][0]["step"] == "fetch"
    assert kb("status")["full_text"] == 1


def test_a_withdrawn_paper_is_kept_with_a_note(played: Played, kb: Any) -> None:
    comment = "This paper has been withdrawn by the authors"
    played.records = [Record("2501.00001", "2025-06-01", "v2", comment=comment)]
    played.pdf_status = 404
    assert kb("add", "2501.00001")["added"] == 1
    library = Library.open(played.folder)
    with library.catalogue.read() as reader:
        notes = dict(next(iter(reader.papers().values())).notes)
    library.close()
    assert notes["withdrawn"] == comment
    assert "no_pdf" in notes


def test_an_empty_page_is_asked_for_again(played: Played, kb: Any) -> None:
    played.records = ids(1, 150, "2025-06-01")
    played.empty_once = {0, 100}
    assert kb(*query("--since", "2025-01-01", "--max", "1000"))["added"] == 150


def test_retry_after_is_obeyed_as_a_date(played: Played, kb: Any) -> None:
    played.records = ids(1, 3, "2025-06-01")
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
    played.faults = [(429, {"Retry-After": soon}), (503, {"Retry-After": "0"})]
    assert kb(*query("--since", "2025-01-01"))["added"] == 3
