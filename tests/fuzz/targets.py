"""What is fuzzed: every reader of what strangers write, as a function of bytes and a folder.

A reader gives a value or raises one of its own errors; anything else is a bug.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import streamlit

from ingest.arxiv_http import retry_after
from ingest.arxiv_source import ArxivSource
from ingest.bibliography import bibliography
from ingest.errors import IngestError, SourceError
from ingest.network import Answer
from ingest.pdf import Limits, Parser
from ingest.sources import jsonl
from ingest.url import BadUrl, Gate, is_web_address, parse
from kb.bundle import check_bundle
from kb.commands.common import read_years
from kb.errors import KbError
from kb.exports.reading import quoted_edges
from kb.map_reading import from_json
from kb.pages.parts import state
from kb.pages.parts.markup import escaped, link, marked, plain
from kb.query import parse as parse_query
from kb.settings import FILE, load_settings
from kb.shown import visible, visible_json
from kb.trec import read_run
from kb.writing.instructions import speaks_to_machine
from kb.writing.plain_text import bare, one_line
from taxonomy.codebook import CodebookError, load
from taxonomy.codebook_file import read as read_codebook
from taxonomy.edition import Edition
from taxonomy.labels import LabelsError, lines

Run = Callable[[bytes, Path], object]
BOOK = load()
EDITION = Edition(BOOK.facets)
FIXTURES = Path(__file__).parents[1] / "fixtures"


@dataclass(frozen=True)
class Target:
    """One reader."""

    run: Run
    errors: tuple[type[Exception], ...]
    """What it may raise."""
    words: tuple[str, ...] = ()
    """Pieces that its inputs are made of, besides any text and bytes."""
    seeds: tuple[bytes, ...] = ()
    """Proper inputs, to be damaged."""
    examples: int = 60
    """Inputs tried in a plain run."""


def text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def of_file(name: str, read: Callable[[Path], object]) -> Run:
    def run(data: bytes, folder: Path) -> object:
        path = folder / name
        path.write_bytes(data)
        return read(path)

    return run


def all_of(items: Iterable[Any]) -> int:
    """Read every item; one that is refused costs only itself."""
    count = 0
    for item in items:
        count += 1
        try:
            item.read()
        except IngestError as error:
            assert error.message  # noqa: PT017 - either outcome is right
    return count


def query(data: bytes, _: Path) -> object:
    return parse_query(text(data), EDITION)


def address(data: bytes, _: Path) -> object:
    typed = text(data)
    is_web_address(typed)
    assert "javascript:" not in link(typed, "x").lower()[:24]
    found = parse(typed)
    assert parse(str(found)).place == found.place
    gate = Gate(frozenset({found.place}))
    try:
        return gate.follow(found, typed[::-1])
    except SourceError:
        return found


def atom(data: bytes, _: Path) -> object:
    source = ArxivSource()

    class Played:
        def get(self, url: str, headers: dict[str, str] | None = None) -> Answer:
            return Answer(200, {}, data)

    source._session = Played()  # type: ignore[assignment]
    return all_of(source.by_query("x", 5))


@dataclass
class Parameters:
    """The parameters of an address, as the app's framework gives them."""

    values: dict[str, list[str]] = field(default_factory=dict)

    def get(self, name: str, default: str) -> str:
        return [default, *self.values.get(name, [])][-1]

    def get_all(self, name: str) -> list[str]:
        return self.values.get(name, [])


def parameters(data: bytes, _: Path) -> object:
    typed = text(data)
    given = Parameters({"x": [typed, typed[:9]], "n": typed.split()})
    with mock.patch.object(streamlit, "query_params", given):
        assert len(state.one("x")) <= state.MOST
        assert 1 <= state.number("n", 1, low=1, high=9) <= 9
        return state.several("n", ("testing", typed[:5]))


def screen(data: bytes, _: Path) -> object:
    typed = text(data)
    for shown in (visible(typed), plain(typed), escaped(typed), marked(typed, typed[:40])):
        assert not set(shown) & set("\x00\x07\x08\x0d\x1b\x7f\x85\x9b\u202e\u2066\ud83d")
    assert json.loads(visible_json(typed)) == typed
    bare(typed)
    one_line(typed)
    return speaks_to_machine(typed)


def chart(data: bytes, _: Path) -> object:
    quoted_edges(data)
    return from_json(json.loads(data))


def years(data: bytes, _: Path) -> object:
    from datetime import UTC, datetime

    retry_after(text(data), datetime(2025, 1, 1, tzinfo=UTC))
    return read_years(text(data))


_PARSER: list[Parser] = []


def pdf(data: bytes, folder: Path) -> object:
    if not _PARSER:
        _PARSER.append(Parser(Limits(seconds=5.0, megabytes=5, pages=20)))
    path = folder / "x.pdf"
    path.write_bytes(data)
    return _PARSER[0].parse(path)


def close() -> None:
    """End the parser's child process."""
    while _PARSER:
        _PARSER.pop().close()


BIB = (
    "@article{",
    "@string{",
    "@comment{",
    "title",
    " = ",
    "{",
    "}",
    '"',
    ",",
    "#",
    "\\",
    "$",
    "%",
    "author",
    " and ",
    "year",
    "month",
    "jan",
    "file",
    "eprint",
    "arXiv",
    "doi",
    "\n",
    "@",
)
RIS = (
    "TY  - ",
    "ER  - ",
    "TI  - ",
    "AU  - ",
    "PY  - ",
    "DA  - ",
    "DO  - ",
    "L1  - ",
    "\r\n",
    "\n",
    "JOUR",
    "2024/13/99",
    "0000",
    "//",
    ",",
)
JSONISH = (
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    '"',
    "null",
    "true",
    "1e999",
    "-0",
    "NaN",
    "9" * 400,
    '"title"',
    '"id"',
    '"DOI"',
    '"issued"',
    '"date-parts"',
    '"author"',
    '"family"',
    '"\\ud800"',
    '"edges"',
    '"nodes"',
    '"meta"',
    "\n",
)
CSVISH = (
    "title",
    "authors",
    "year",
    "doi",
    ",",
    ";",
    "\t",
    '"',
    "\n",
    "\r",
    "=1+1",
    "\0",
    "paper_id",
    "2024",
    "arxiv_id",
    "'",
)
TOMLISH = (
    "model",
    " = ",
    '"',
    "threads",
    "[",
    "]",
    "[[category]]",
    "key",
    "name",
    "plural",
    "\n",
    "1",
    "inf",
    "nan",
    "-1",
    "1979-05-27",
    "'''",
    "{",
    "}",
    ",",
    "#",
    "allow_hosts",
    "llm_url",
    "arxiv_delay",
    "definition",
    "question",
    "http://u:p@h",
    ".",
)
QUERYISH = (
    "title:",
    "author:",
    "year:",
    "phase:",
    "category:",
    "-",
    '"',
    "“",
    "OR",
    "NOT",
    "AND",
    "(",
    ")",
    " ",
    "2023..2025",
    "..",
    "testing",
    "²",
    "١٩٩٩",
    "*",
    "a",
)
URLISH = (
    "http",
    "https",
    "://",
    "//",
    "@",
    ":",
    "/",
    "?",
    "#",
    "[",
    "]",
    "::1",
    "127.0.0.1",
    "0x7f",
    "localhost",
    "arxiv.org",
    ".",
    "%2e",
    "\\",
    "xn--",
    "443",
    "0",
    "\t",
)
XMLISH = (
    "<feed",
    ">",
    "<entry>",
    "</entry>",
    "</feed>",
    "<id>http://arxiv.org/abs/2501.00001v1</id>",
    "<title>",
    "</title>",
    "<updated>",
    "</updated>",
    "<published>",
    "2025-01-01T00:00:00Z",
    "<author><name>A</name></author>",
    "&",
    "&lt;",
    "<!DOCTYPE x [<!ENTITY a 'b'>]>",
    "&a;",
    "<link href='http://arxiv.org/pdf/1'/>",
    "<summary>s</summary>",
    "x",
    "<arxiv:primary_category term='cs.SE'/>",
    ' xmlns="http://www.w3.org/2005/Atom"',
    ' xmlns:arxiv="http://arxiv.org/schemas/atom"',
)

FEED = (
    b'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" '
    b'xmlns:arxiv="http://arxiv.org/schemas/atom"><entry><id>http://arxiv.org/abs/2501.00001v1</id>'
    b"<updated>2025-01-02T00:00:00Z</updated><published>2025-01-01T00:00:00Z</published>"
    b"<title>T</title><summary>S</summary><author><name>A B</name></author>"
    b'<arxiv:primary_category term="cs.SE"/><category term="cs.SE"/></entry></feed>'
)

TARGETS: dict[str, Target] = {
    "query": Target(query, (KbError,), QUERYISH, (b'title:"a b" -c year:2023..2025',), 200),
    "bibtex": Target(
        of_file("x.bib", lambda path: all_of(bibliography(path).items())),
        (IngestError,),
        BIB,
        (b"@article{a, title={T}, author={A B and C D}, year=2024, eprint={2501.00001}}",),
    ),
    "ris": Target(
        of_file("x.ris", lambda path: all_of(bibliography(path).items())),
        (IngestError,),
        RIS,
        (b"TY  - JOUR\r\nTI  - T\r\nAU  - B, A\r\nPY  - 2024\r\nER  - \r\n",),
    ),
    "csl": Target(
        of_file("x.json", lambda path: all_of(bibliography(path).items())),
        (IngestError,),
        JSONISH,
        (b'[{"id":"a","title":"T","issued":{"date-parts":[[2024,1]]},"author":[{"family":"A"}]}]',),
    ),
    "csv": Target(
        of_file("x.csv", lambda path: all_of(bibliography(path).items())),
        (IngestError,),
        CSVISH,
        (b"title,authors,year\nT,A B; C D,2024\n",),
    ),
    "tsv": Target(
        of_file("x.tsv", lambda path: all_of(bibliography(path).items())), (IngestError,), CSVISH
    ),
    "jsonl": Target(
        of_file("x.jsonl", lambda path: all_of(jsonl(path).items())),
        (IngestError,),
        JSONISH,
        (b'{"id":"2501.00001","title":"T","authors":["A B"],"year":2024}\n',),
    ),
    "gzipped jsonl": Target(
        of_file("x.jsonl.gz", lambda path: all_of(jsonl(path).items())),
        (IngestError,),
        (),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\xff",),
    ),
    "arXiv's feed": Target(atom, (IngestError,), XMLISH, (FEED,)),
    "bundle": Target(
        of_file("x.kbz", lambda path: check_bundle(path, BOOK)),
        (KbError,),
        (),
        (
            (FIXTURES / "v1" / "library.kbz").read_bytes(),
            (FIXTURES / "v3" / "library.kbz").read_bytes(),
        ),
        80,
    ),
    "settings": Target(
        of_file(FILE, lambda path: load_settings(path.parent)),
        (KbError,),
        TOMLISH,
        (b'threads = 2\nllm_url = "http://localhost:1/v1"\nallow_hosts = ["http://[::1]:8"]\n',),
        150,
    ),
    "codebook": Target(
        lambda data, _: read_codebook(text(data), "x"),
        (CodebookError,),
        TOMLISH,
        tuple(
            path.read_bytes()[:3000]
            for path in sorted((Path(__file__).parents[2] / "taxonomy").glob("*.toml"))
        ),
        100,
    ),
    "codebook file": Target(
        of_file("x.toml", lambda path: load([path])), (CodebookError,), TOMLISH
    ),
    "labels": Target(of_file("x.jsonl", lambda path: list(lines(path))), (LabelsError,), JSONISH),
    "run": Target(
        of_file("x.run", read_run), (KbError,), ("q1", " ", "Q0", "d1", "1", "0.5", "nan", "\n")
    ),
    "exported map": Target(
        chart, (ValueError, KbError), JSONISH, (b'{"meta":{},"nodes":[],"edges":[]}',)
    ),
    "map as XML": Target(
        lambda data, _: quoted_edges(data),
        (ValueError,),
        (*XMLISH, "<graphml", "<gexf", "<graph>", "<node id='a'/>", "<key ", "<data key='a'>"),
        (b"<graphml xmlns='http://graphml.graphdrawing.org/xmlns'><graph></graph></graphml>",),
    ),
    "address": Target(address, (BadUrl,), URLISH, (b"https://arxiv.org:443/a?b#c",), 200),
    "parameters of the app": Target(parameters, (), ("0", "9" * 3000, "²", "-1", "testing", " ")),
    "text on a screen": Target(
        screen,
        (),
        (
            "\x1b[",
            "]8;;",
            "\x07",
            "\x9b",
            "\u202e",
            "<script>",
            "](",
            "&#",
            ":smile:",
            "\U000e0041",
            "a",
            "`",
            "$",
            "[",
            "]",
        ),
    ),
    "years and waiting": Target(
        years, (KbError,), ("2024", "-", "..", "٢٠٢٤", "Mon, ", "99", ":", " GMT")
    ),
    "PDF": Target(
        pdf,
        (IngestError,),
        (),
        tuple(
            (Path(__file__).parents[1] / "ingest" / "latex" / name).read_bytes()
            for name in ("styles/short_two_pages.pdf",)
        ),
        12,
    ),
}
