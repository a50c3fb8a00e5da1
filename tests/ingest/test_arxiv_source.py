"""The real client, over real HTTP, against a server on this machine.

SYNTHETIC: the Atom answers are written from arXiv's API User's Manual, not recorded.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from ingest.arxiv_http import MAX_WAIT, Manners, retry_after
from ingest.arxiv_source import ArxivSource
from ingest.errors import SourceError

ENTRY = """<entry>
 <id>http://arxiv.org/abs/{id}</id>
 <updated>{updated}T10:00:00Z</updated><published>2025-06-30T17:59:59Z</published>
 <title>A synthetic\n  paper {id}</title>
 <summary>  It says\n something about {id}. Code is at this https URL . </summary>
 <author><name>Ada  Fischer</name></author><author><name>Jiro Tanaka</name></author>
 <arxiv:doi>10.1145/{number}</arxiv:doi>
 <arxiv:primary_category term="cs.SE" scheme="http://arxiv.org/schemas/atom"/>
 <category term="cs.AI" scheme="http://arxiv.org/schemas/atom"/>
 <category term="cs.SE" scheme="http://arxiv.org/schemas/atom"/>
 <link title="pdf" href="http://arxiv.org/pdf/{id}" rel="related" type="application/pdf"/>
</entry>"""


def feed(ids: list[str], total: int | None = None, updated: str = "2025-07-01") -> bytes:
    entries = "".join(
        ENTRY.format(id=one, updated=updated, number=at) for at, one in enumerate(ids, start=1)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom"'
        ' xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">'
        f"<opensearch:totalResults>{len(ids) if total is None else total}</opensearch:totalResults>"
        f"<opensearch:startIndex>0</opensearch:startIndex>{entries}</feed>\n"
    ).encode()


@dataclass
class Answer:
    """What the server says to one request."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None
    """Length it announces, where that is not the truth."""
    hang: bool = False


Play = Callable[[str, dict[str, str]], Answer]


@dataclass
class Server:
    """A server that plays answers, and what it was asked."""

    url: str
    play: Play = lambda path, query: Answer(status=500)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)

    def source(self, **manners: float) -> ArxivSource:
        """A source that asks this server, and only notes how long it would wait."""
        chosen = Manners(**{"delay_seconds": 3.0, "timeout": 5.0, **manners})  # type: ignore[arg-type]
        return ArxivSource(
            f"{self.url}/api/query", f"{self.url}/pdf", manners=chosen, sleep=self.waited.append
        )


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            playing.asked.append((parts.path, query))
            answer = playing.play(parts.path, query)
            if answer.hang:
                playing.release.wait(20)
                return
            self.send_response(answer.status)
            length = len(answer.body) if answer.promised is None else answer.promised
            for key, value in {"Content-Length": str(length), **answer.headers}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    playing = Server(f"http://127.0.0.1:{running.server_port}")
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield playing
    playing.release.set()
    running.shutdown()
    running.server_close()
    thread.join()


def in_turn(*answers: Answer) -> Play:
    waiting = list(answers)
    return lambda path, query: waiting.pop(0) if len(waiting) > 1 else waiting[0]


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(SourceError) as caught:
        call()
    assert caught.value.message
    assert caught.value.remedy
    return caught.value.code


def test_records_by_id_come_in_the_order_asked_and_missing_ones_are_told(server: Server) -> None:
    server.play = in_turn(Answer(feed(["2501.00002v3", "quant-ph/0201082v1"])))
    asked = ["quant-ph/0201082", "https://arxiv.org/abs/2501.00002v3", "2501.99999", "doi:10.1/x"]
    found = list(server.source().by_ids(asked))
    assert [one.item for one in found] == asked
    assert server.asked[0][1]["id_list"] == "quant-ph/0201082,2501.00002v3,2501.99999"
    paper = found[1].read()
    assert (paper.paper_id, paper.version, paper.arxiv_id) == ("2501.00002", "v3", "2501.00002")
    assert paper.title == "A synthetic paper 2501.00002v3"
    assert paper.abstract == "It says something about 2501.00002v3. Code is at."
    assert paper.authors == ("Ada Fischer", "Jiro Tanaka")
    assert paper.categories == ("cs.SE", "cs.AI")
    assert (paper.published, paper.doi, paper.source) == ("2025-06-30", "10.1145/1", "arxiv")
    assert found[0].read().paper_id == "quant-ph/0201082"
    assert code_of(found[2].read) == code_of(found[3].read) == "not_found"


def test_many_ids_are_asked_for_by_the_hundred_three_seconds_apart(server: Server) -> None:
    ids = [f"2501.{n:05d}" for n in range(1, 251)]
    server.play = lambda path, query: Answer(feed([f"{i}v1" for i in query["id_list"].split(",")]))
    papers = [found.read() for found in server.source().by_ids(ids)]
    assert [paper.paper_id for paper in papers] == ids
    assert [len(query["id_list"].split(",")) for _, query in server.asked] == [100, 100, 50]
    assert len(server.waited) == 2
    assert all(2.5 < wait <= 3.0 for wait in server.waited)


def test_a_query_stops_at_the_maximum(server: Server) -> None:
    def play(path: str, query: dict[str, str]) -> Answer:
        start = int(query["start"])
        return Answer(feed([f"2501.{n:05d}v1" for n in range(start + 1, start + 101)], total=10**6))

    server.play = play
    found = list(server.source().by_query("cat:cs.SE", 150))
    assert len(found) == 150
    assert len(server.asked) == 2
    assert server.asked[0][1]["search_query"] == "cat:cs.SE"
    assert server.asked[0][1]["sortBy"] == "relevance"


def test_an_update_asks_newest_first_and_ends_at_the_day(server: Server) -> None:
    def play(path: str, query: dict[str, str]) -> Answer:
        new = query["start"] == "0"
        ids = [f"250{1 if new else 2}.{n:05d}v2" for n in range(1, 101)]
        return Answer(feed(ids, total=900, updated="2025-07-01" if new else "2025-01-01"))

    server.play = play
    found = list(server.source().by_query("cat:cs.SE", 1000, date(2025, 6, 1)))
    assert len(found) == 100
    assert len(server.asked) == 2
    assert server.asked[0][1]["sortBy"] == "lastUpdatedDate"
    assert server.asked[0][1]["sortOrder"] == "descending"


def test_an_empty_answer_is_no_error(server: Server) -> None:
    server.play = in_turn(Answer(feed([])))
    assert list(server.source().by_query("cat:none", 10)) == []


def test_a_busy_server_is_given_the_time_it_asks_for(server: Server) -> None:
    server.play = in_turn(
        Answer(status=429, headers={"Retry-After": "17"}), Answer(feed(["2501.00001v1"]))
    )
    assert [found.read().paper_id for found in server.source().by_ids(["2501.00001"])] == [
        "2501.00001"
    ]
    assert server.waited[0] == 17.0


@pytest.mark.parametrize(
    ("answer", "code", "requests"),
    [
        (Answer(status=429, headers={"Retry-After": "1"}), "rate_limited", 4),
        (Answer(status=429, headers={"Retry-After": str(int(MAX_WAIT) + 1)}), "rate_limited", 1),
        (Answer(status=429), "rate_limited", 4),
        (Answer(status=503), "unreachable", 4),
        (Answer(status=503, headers={"Retry-After": "5"}), "rate_limited", 4),
        (Answer(status=404), "not_found", 1),
        (Answer(status=400), "bad_query", 1),
        (Answer(status=418), "unreachable", 1),
        (Answer(b"<html>Sorry</html>"), "malformed", 1),
        (Answer(b""), "malformed", 1),
        (Answer(feed(["2501.00001v1"])[:-30]), "malformed", 1),
        (Answer(feed(["2501.00001v1"])[:300], promised=5000), "unreachable", 4),
        (Answer(status=302, headers={"Location": "http://example.org/"}), "not_allowed", 1),
        (Answer(status=302, headers={"Location": "/api/query"}), "malformed", 4),
    ],
)
def test_every_failure_has_its_name_and_its_number_of_tries(
    server: Server, answer: Answer, code: str, requests: int
) -> None:
    server.play = in_turn(answer)
    assert code_of(lambda: list(server.source().by_ids(["2501.00001"]))) == code
    assert len(server.asked) == requests


def test_a_server_that_says_nothing_is_left(server: Server) -> None:
    server.play = in_turn(Answer(hang=True))
    assert (
        code_of(lambda: list(server.source(timeout=0.2, tries=2).by_ids(["2501.00001"])))
        == "unreachable"
    )
    assert len(server.asked) == 2


def test_no_server_at_all_is_unreachable() -> None:
    source = ArxivSource("http://127.0.0.1:9/api", sleep=lambda _: None, timeout=0.5)
    assert code_of(lambda: list(source.by_query("x", 1))) == "unreachable"


def test_without_a_network_it_says_so_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    waited: list[float] = []
    source = ArxivSource(
        "http://nowhere.invalid/api",
        sleep=waited.append,
        timeout=0.5,
        allow=["http://nowhere.invalid"],
    )
    with pytest.raises(SourceError, match="cannot be looked up, as without a network") as caught:
        list(source.by_query("x", 1))
    assert caught.value.code == "unreachable"
    assert waited == []


def test_an_answer_without_end_is_cut(server: Server) -> None:
    server.play = in_turn(Answer(feed([f"2501.{n:05d}v1" for n in range(1, 100)])))
    assert code_of(lambda: list(server.source(page_bytes=9000).by_query("x", 10))) == "too_large"


def test_pages_that_repeat_end(server: Server) -> None:
    server.play = in_turn(Answer(feed([f"2501.{n:05d}v1" for n in range(1, 101)], total=10**9)))
    assert code_of(lambda: list(server.source().by_query("x", 10**6))) == "malformed"
    assert len(server.asked) <= 4


def test_pages_that_run_dry_are_an_error(server: Server) -> None:
    first = feed([f"2501.{n:05d}v1" for n in range(1, 101)], total=500)
    server.play = in_turn(Answer(first), Answer(feed([], total=500)))
    assert code_of(lambda: list(server.source().by_query("x", 500))) == "malformed"


def test_what_arxiv_reports_as_an_entry_is_an_error(server: Server) -> None:
    body = feed(["1"]).replace(b"http://arxiv.org/abs/1", b"http://arxiv.org/api/errors#query")
    server.play = in_turn(Answer(body))
    assert code_of(lambda: list(server.source().by_query("((", 5))) == "bad_query"


def test_a_pdf_is_fetched_whole_or_not_at_all(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "new" / "2501.00001.pdf"
    server.play = in_turn(Answer(b"%PDF-1.7 the rest"))
    assert server.source().fetch_pdf("2501.00001v2", target) == target
    assert target.read_bytes() == b"%PDF-1.7 the rest"
    assert server.asked[0][0] == "/pdf/2501.00001v2"
    for answer, code in (
        (Answer(b"<html>no</html>"), "malformed"),
        (Answer(b"%PDF-1.7 cut", promised=999), "unreachable"),
        (Answer(status=404), "not_found"),
    ):
        server.play = in_turn(answer)
        assert code_of(lambda: server.source().fetch_pdf("2501.00001", target)) == code
        assert target.read_bytes() == b"%PDF-1.7 the rest"
    server.play = in_turn(Answer(b"%PDF" + b"x" * 5000))
    assert (
        code_of(lambda: server.source(pdf_bytes=2000).fetch_pdf("2501.00001", target))
        == "too_large"
    )
    assert list(target.parent.iterdir()) == [target]
    assert code_of(lambda: server.source().fetch_pdf("doi:10.1/x", target)) == "not_found"


def test_retry_after_is_read_as_seconds_and_as_a_date() -> None:
    now = datetime(2025, 6, 30, 12, 0, 0, tzinfo=UTC)
    assert retry_after("7", now) == 7.0
    assert retry_after("Mon, 30 Jun 2025 12:00:30 GMT", now) == 30.0
    assert retry_after("Mon, 30 Jun 2025 11:00:00 GMT", now) == 0.0
    assert retry_after("soon", now) is retry_after("", now) is None
