"""What goes out is harmless: hostile papers through every command and every export.

And nothing secret goes along: canaries are set wherever a secret may stand, and looked for in
every output and every file that is written.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources import jsonl
from kb.adding import add
from kb.cli import COMMANDS, main
from kb.exporting import FORMATS as PAPER_FORMATS
from kb.exports import FORMATS as MAP_FORMATS
from kb.exports.bibliography import bibtex, ris
from kb.exports.chat import escaped as of_chat
from kb.exports.csl import csl
from kb.exports.entries import Entry
from kb.exports.latex import escaped as tex
from kb.exports.literature import FORMATS as TABLE_FORMATS
from kb.exports.report import escaped as of_report
from kb.exports.tables import json_lines, sheet
from kb.exports.vault import file_name
from kb.library import Library
from kb.pages.parts.markup import escaped as of_page
from kb.pages.parts.markup import plain
from kb.settings import FILE
from kb.shown import visible, visible_json

HOSTILE = (
    "\x1b[2J\x1b[31mred\x1b]0;owned\x07",
    "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]52;c;cm0gLXJmIH4=\x07",
    "\x9b31mC1\x9d0;owned\x9c\x90q\x9c",
    "\u202egnihton\u202c and \u2066isolate\u2069",
    "back\x08\x08\x08\rover\x0b\x0c\x7f",
    "\U000e0041\U000e0042 tags \ufeff\u200b",
    '=HYPERLINK("http://evil.example","x")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "'=1+1",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "](javascript:alert(1)) [x](javascript:alert(1)) ![x](http://evil.example/p.png)",
    "</title></svg>]]>--><!--",
    "\\input{/etc/passwd}\\write18{id}$%&#_{}~^",
    "x},\n@article{evil, title={y}}",
    "TY  - JOUR\r\nER  - \r\nTY  - GEN",
    "---\nevil: true\n---\n[[../../x]] ![[secret]] %% hidden",
    "a: b # c & *d !e |f >g {h} [i]",
    "../../../../tmp/evil",
    "..\\..\\evil",
    "CON",
    "aux.txt",
    "a" * 400,
    "\ud800 half \udfff",
    "\ufffe\uffff\x00",
    "﹤＜full-width＞﹥ ＝1+1",
    "🏴\u200d☠\ufe0f e\u0301\u0301\u0301\u0301",
)
ANY = st.one_of(
    st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=[]), max_size=40)
)
# What may stand in no output: it drives a terminal, or reorders what is read.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069]")
RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")


def entry(text: str) -> Entry:
    return Entry(
        "2401.00001", text, (text, "A B"), "2024-01", text, "10.1/x", "2401.00001", "v1",
        ("cs.SE",), ("testing",), (), f"https://x.example/{text}",
    )  # fmt: skip


@given(ANY)
def test_no_exporter_lets_a_terminal_or_a_reader_be_driven(text: str) -> None:
    one = entry(text)
    written = {
        "bibtex": bibtex([one], {"2401.00001": "k"}),
        "ris": ris([one]),
        "csl": csl([one], {"2401.00001": "k"}),
        "csv": sheet([one]),
        "tex": tex(text),
        "report": of_report(text),
        "chat": of_chat(text),
        "page": of_page(text),
        "label": plain(text),
        "screen": visible(text),
        "json on a screen": visible_json(text),
        "name": file_name(text),
        "jsonl": json_lines([one]),
    }
    for form, content in written.items():
        assert not FORBIDDEN.search(content.replace("\r\n", "\n")), (form, content)
    assert json.loads(written["jsonl"]).get("title", "") == text
    assert json.loads(visible_json(text)) == text
    for row in csv.reader(io.StringIO(written["csv"].removeprefix("\ufeff"), newline="")):
        assert not any(cell.lstrip()[:1] in tuple("=+-@|%") for cell in row if cell.strip()), row
    assert "<" not in written["report"] + written["chat"] + written["page"]
    assert len(re.findall(r"(?m)^@", written["bibtex"])) == 1
    assert len(re.findall(r"(?m)^TY  - ", written["ris"])) == 1
    assert len(re.findall(r"(?m)^ER  - ", written["ris"])) == 1


@given(ANY)
def test_a_name_of_a_file_is_one_on_every_disk(text: str) -> None:
    name = file_name(text)
    assert name
    assert len(name) <= 105
    assert not set(name) & set('<>:"/\\|?*\0\n\r\t')
    assert name.strip(" .") == name
    assert not RESERVED.fullmatch(name)


@dataclass
class Said:
    """What one call of the command line gave."""

    words: list[str]
    status: int
    out: str
    err: str


# Cytoscape's file is JSON like the map's own, and a picture holds no text.
DRAWN = tuple(form for form in MAP_FORMATS if form not in ("cytoscape", "png"))
CANARY = "canary-7f3a91"
SECRETS = {
    "SIXFOLD_LLM_KEY": f"{CANARY}-key",
    "SIXFOLD_LLM_URL": f"http://user:{CANARY}-llm@127.0.0.1:9/v1",
    "SIXFOLD_LLM_MODEL": "m",
    "SIXFOLD_PROXY": f"http://user:{CANARY}-proxy@127.0.0.1:9",
    "SIXFOLD_CATALOGUE_URL": "",
    "HTTPS_PROXY": f"http://user:{CANARY}-env@127.0.0.1:9",
    "OPENAI_API_KEY": f"{CANARY}-openai",
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of papers that mean harm in every field."""
    folder = tmp_path_factory.mktemp("hostile")
    lines = [
        {
            "id": f"2401.{number:05}",
            "title": f"{text} A study of tests {number}",
            "abstract": f"However, {text} current models lack oracles and fail on tests. "
            f"We find that {text} raises accuracy by 12%. Future work should {text} look at it.",
            "authors": [text, "Ada Byron"],
            "categories": ["cs.SE"],
            "year": 2024,
            "url": f"https://x.example/{text}",
        }
        for number, text in enumerate(HOSTILE, 1)
    ]
    path = folder / "hostile.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))
    library = Library.create(folder / "library")
    assert add(library, [jsonl(path)]).added == len(HOSTILE)
    library.close()
    return folder / "library"


def commands(folder: Path, out: Path) -> Iterator[list[str]]:
    """A broad run: every way to show or write papers, and many that fail."""
    first, last = "2401.00001", f"2401.{len(HOSTILE):05}"
    evil = HOSTILE[0]
    yield from (
        ["status"], ["doctor"], ["search", "oracles tests"], ["search", evil], ["show", first],
        ["passages", first], ["related", first], ["challenges"], ["journal"], ["tags", "--queue"],
        ["duplicates"], ["ask", "What do models lack?"], ["ask", evil], ["searches"],
        ["collection", "add", "mine", first, last], ["collection", "list"],
        ["same", first, last], ["same", "--list"], ["agreement"], ["taxonomy", "show"],
        ["ask", "What raises accuracy?", "--writer", "llm"],
        ["bundle", str(out / "library.kbz")], ["backup", str(out / "copy.db")],
        ["show", evil], ["show", CANARY + evil], ["tag", evil, "x=y"], [evil], ["search"],
        ["add", str(out / evil[:5])], ["add", str(out / f"nothing{HOSTILE[4]}.pdf")],
        ["export", "--format", evil], ["collection", "add", evil, first],
        ["table", "--column", evil],
        ["taxonomy", "import", str(out / "none.toml")], ["map", "--format", "nonsense"],
        ["add", "--arxiv-query", "x", "--max", "1", "--no-pdf"], ["fetch", first],
        ["diff", str(out / "a"), str(out / "b")], ["verify", str(out / "none")], ["undo", evil],
    )  # fmt: skip
    yield from (["map", "--format", form, "-o", str(out / f"map.{form}")] for form in DRAWN)
    for form in PAPER_FORMATS:
        yield ["export", "--format", form, "-o", str(out / f"papers.{form}")]
    yield from (["table", "--format", form, "-o", str(out / f"t.{form}")] for form in TABLE_FORMATS)


@pytest.fixture(scope="module")
def run(hostile: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[Said]]:
    """The whole run once: library, folder of outputs, what was said."""
    folder = tmp_path_factory.mktemp("run")
    library, out = folder / "library", folder / "out"
    shutil.copytree(hostile, library)
    out.mkdir()
    (library / FILE).write_text(
        f'llm_url = "http://user:{CANARY}-file@127.0.0.1:9/v1"\narxiv_delay = 0.0\n'
        f'arxiv_timeout = 0.5\narxiv_url = "http://user:{CANARY}-arxiv@127.0.0.1:9/api"\n'
        f'arxiv_pdf_url = "http://user:{CANARY}-pdf@127.0.0.1:9/pdf"\n'
    )
    said = []
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SECRETS.items():
            patch.setenv(name, value)
        for words in commands(library, out):
            streams = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
            patch.setattr("sys.stdout", streams[0])
            patch.setattr("sys.stderr", streams[1])
            status = main(["--library", str(library), *words])
            streams[0].flush()
            raw = streams[0].buffer.getvalue()
            said.append(Said(words, status, raw.decode(errors="replace"), streams[1].getvalue()))
            if words[0] in ("status", "show", "search", "challenges", "doctor"):
                streams = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
                patch.setattr("sys.stdout", streams[0])
                patch.setattr("sys.stderr", streams[1])
                status = main(["--library", str(library), "--json", *words])
                streams[0].flush()
                raw = streams[0].buffer.getvalue()
                json.loads(raw)
                told = Said(["--json", *words], status, raw.decode(), streams[1].getvalue())
                said.append(told)
    return library, out, said


def test_the_run_is_broad(run: tuple[Path, Path, list[Said]]) -> None:
    _, out, said = run
    assert {0, 1, 2} <= {one.status for one in said}
    assert len({one.words[0] for one in said} & set(COMMANDS)) >= 25
    for form in DRAWN:
        assert (out / f"map.{form}").stat().st_size > 0, form
    for form in PAPER_FORMATS:
        assert (out / f"papers.{form}").exists(), form


def test_no_command_drives_the_terminal(run: tuple[Path, Path, list[Said]]) -> None:
    for one in run[2]:
        for stream in (one.out, one.err):
            found = FORBIDDEN.search(stream.replace("\r\n", "\n"))
            assert not found, (one.words, stream[max(0, found.start() - 80) : found.end() + 20])
        assert "Traceback" not in one.err, one.words
        assert "\ufeff" not in one.out


def test_no_exported_file_holds_what_a_reader_would_run(
    run: tuple[Path, Path, list[Said]],
) -> None:
    _, out, _ = run
    for path in out.rglob("*"):
        if not path.is_file() or path.suffix in (".kbz", ".db"):
            continue
        text = path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode()
        assert not FORBIDDEN.search(text.replace("\r\n", "\n")), path
        if path.suffix in (".svg", ".graphml", ".gexf"):
            root = ET.fromstring(text)
            assert not [e for e in root.iter() if e.tag.lower().endswith("script")], path
        if path.suffix == ".csv":
            for row in csv.reader(io.StringIO(text, newline="")):
                assert not any(re.match(r"\s*[=+@|%]|\s*-\D", cell) for cell in row), (path, row)
        if path.suffix in (".markdown", ".md"):
            # Between its marks, YAML and the edges as JSON are data, not Markdown.
            shown = re.sub(r"(?s)\A---\n.*?\n---\n|<!--.*?-->", "", text)
            assert not re.search(r"<(?:script|img)|(?<!\\)\]\(javascript:", shown), path
        if path.suffix == ".html":
            assert text.count("<script") == 2
            assert "<img" not in text


def test_notes_stay_in_their_folder(run: tuple[Path, Path, list[Said]]) -> None:
    folder = run[0].parent
    assert sorted(one.name for one in folder.iterdir()) == ["library", "out"]
    notes = list((run[1] / "papers.obsidian").rglob("*.md"))
    assert len(notes) >= len(HOSTILE)
    for note in notes:
        front = note.read_text().split("---\n")[1] if note.parent.name == "Papers" else ""
        for line in front.splitlines():
            name, _, value = line.partition(": ")
            json.loads(value)  # a JSON value on one line is YAML and can end nothing
            assert name.isalpha()


@pytest.mark.parametrize(
    "line",
    [
        f'chroma_url = "http://u:{CANARY}@127.0.0.1:8000"',
        f'catalogue_url = "postgresql+psycopg://u:{CANARY}@127.0.0.1:9/x"',
        f'catalogue_url = "postgresql+psycopg://127.0.0.1:9/x?password={CANARY}"',
        f'allow_hosts = ["https://u:{CANARY}@a.example"]',
        f'llm_key = "{CANARY}"',
        f'llm_url = ["http://u:{CANARY}@a.example"]',
        f'threads = "{CANARY}"',
        f"api_key = {CANARY}",
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_settings_that_are_refused_keep_their_secret(
    line: str, form: list[str], hostile: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(hostile, tmp_path / "library")
    (tmp_path / "library" / FILE).write_text(line + "\n")
    for command in ("status", "doctor"):
        assert main(["--library", str(tmp_path / "library"), *form, command]) != 0
        told = capsys.readouterr()
        assert told.out + told.err
        assert CANARY not in told.out + told.err
        assert "Traceback" not in told.err


def test_no_secret_is_in_any_output_or_file(run: tuple[Path, Path, list[Said]]) -> None:
    library, out, said = run
    for one in said:
        given = " ".join(one.words)
        if CANARY not in given:
            assert CANARY not in one.out + one.err, one
    for path in [*library.rglob("*"), *out.rglob("*")]:
        if path.is_file() and path != library / FILE:
            assert CANARY.encode() not in path.read_bytes(), path
