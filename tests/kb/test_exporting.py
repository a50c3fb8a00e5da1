"""Papers out and in again: what is exported is what comes back."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.bibliography import bibliography
from ingest.records import Paper
from ingest.sources import clean_text, jsonl
from kb.adding import add
from kb.cli import main
from kb.embed import Embedder
from kb.exporting import FORMATS
from kb.exports.bibliography import bibtex, ris
from kb.exports.csl import csl
from kb.exports.entries import Entry, citation_keys
from kb.exports.tables import json_lines, sheet
from kb.exports.vault import MARKER, file_name
from kb.intake import Intake
from kb.library import Library
from kb.quotes import legible

SAME = ("paper_id", "title", "authors", "published", "doi", "arxiv_id", "abstract", "categories")
ENDINGS = {"bibtex": "bib", "ris": "ris", "csl": "json", "csv": "csv", "jsonl": "jsonl"}
HOSTILE = (
    "{\\o} 100% of $x^2$ & a_b # ~ `` '' -- --- } {",
    '=HYPERLINK("http://x")',
    "'=1+1",
    "@article{x, title={y}}",
    "TY - JOUR",
    'ER -; "quoted", <b>bold</b> & and others',
    "Zażółć 漢字 🜚 naïve",
    "\\input{/etc/passwd}",
)


def words(alphabet: str = "") -> st.SearchStrategy[str]:
    """Text as the catalogue holds it: on one line, spaces single."""
    letters = st.characters(exclude_categories=("C", "Z"), exclude_characters="\u00ad")
    word = st.text(st.sampled_from(alphabet) if alphabet else letters, min_size=1, max_size=8)
    return st.lists(word, min_size=1, max_size=6).map(" ".join)


TITLES = st.one_of(st.sampled_from(HOSTILE), words(), words("aB{}\\$%&_#^~'`-\"<>=@|[]:;,.é")).map(
    clean_text
)  # as sources are when they come in
NAMES = st.one_of(
    st.sampled_from(("Jan van der Berg", "OpenAI", "Invented Labs", "Ludwig Erhard III", "Ö Å")),
    words("abcdefgh ÉñL.-'").map(lambda name: " ".join(name.split())),
).filter(lambda name: name.strip() and name.lower() not in ("others", "and others", "..."))
DATES = st.sampled_from(("", "1999", "2024-03", "2025-12-31"))


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    number = draw(st.integers(0, 10_000))
    named = draw(st.sampled_from(("arxiv", "doi", "both", "odd", "own")))
    arxiv = f"2401.{number:05}" if named in ("arxiv", "both", "odd") else ""
    doi = f"10.5555/a_b({number})" if named in ("doi", "both", "odd") else ""
    own = f"sha256:{number:016x}"
    return Entry(
        {"own": own, "odd": f"doi:{doi}"}.get(named, arxiv or f"doi:{doi}"),
        draw(TITLES),
        tuple(draw(st.lists(NAMES, max_size=3))),
        draw(DATES),
        draw(st.one_of(st.just(""), TITLES)),
        doi,
        arxiv,
        categories=draw(st.sampled_from(((), ("cs.SE",), ("cs.SE", "cs.AI")))),
        phases=("testing-and-evaluation",),
        url=f"https://arxiv.org/abs/{arxiv}" if arxiv else "",
    )


def texts(one: Entry) -> dict[str, str]:
    keys = citation_keys([one])
    return {
        "bib": bibtex([one], keys),
        "ris": ris([one]),
        "json": csl([one], keys),
        "csv": sheet([one]),
        "jsonl": json_lines([one]),
    }


def read_back(path: Path) -> list[Paper]:
    source = jsonl(path) if path.suffix == ".jsonl" else bibliography(path)
    return [found.read() for found in source.items()]


@settings(max_examples=150)
@given(one=entries())
@example(one=Entry("2401.00001", HOSTILE[0], ("Ann Lee",), "2024", HOSTILE[5], "", "2401.00001"))
@example(one=Entry("sha256:00000000000000aa", "''x", ("Ann Lee",), "2024", "- a"))
def test_every_format_gives_the_paper_back(
    one: Entry, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("out")
    for ending, text in texts(one).items():
        path = folder / f"out.{ending}"
        path.write_bytes(text.encode())
        (paper,) = read_back(path)
        for name in SAME:
            wanted = getattr(one, name)
            assert getattr(paper, name) == wanted, f"{ending} {name}"


def test_the_real_papers_come_back(shared_data: Path, tmp_path: Path) -> None:
    held = [found.read() for found in jsonl(shared_data / "llm_se_papers.jsonl.gz").items()]
    some = [
        Entry(
            paper.paper_id,
            paper.title,
            paper.authors,
            paper.published,
            paper.abstract,
            paper.doi,
            paper.arxiv_id,
            categories=paper.categories,
        )
        for paper in held[::20]
    ]
    keys = citation_keys(some)
    made = {
        "bib": bibtex(some, keys),
        "ris": ris(some),
        "json": csl(some, keys),
        "csv": sheet(some),
        "jsonl": json_lines(some),
    }
    for ending, text in made.items():
        path = tmp_path / f"out.{ending}"
        path.write_bytes(text.encode())
        for one, paper in zip(some, read_back(path), strict=True):
            # arXiv lists some classes as `I.4.9; J.4`, which keywords cannot tell from two.
            for name in SAME[:-1]:
                assert getattr(paper, name) == getattr(one, name), (ending, one.paper_id, name)


def test_keys_do_not_change_with_what_else_is_held() -> None:
    one = Entry("2401.00001", "On the Testing of Code", ("Jan van der Bérg",), "2024-01")
    twin = replace(one, paper_id="2401.00002")
    third = replace(one, paper_id="2401.00003")
    assert citation_keys([one])["2401.00001"] == "berg2024testing"
    two, three = citation_keys([one, twin]), citation_keys([one, third, twin])
    assert two.items() <= three.items()
    assert len(set(three.values())) == 3
    nothing = Entry("sha256:00000000000000aa", "漢字", ("漢",))
    assert re.fullmatch(r"[a-z][a-z0-9-]*", citation_keys([nothing])[nothing.paper_id])


def test_csl_keeps_to_its_schema() -> None:
    one = Entry(
        "2401.00001",
        "T",
        ("Jan van der Berg Jr.", "OpenAI"),
        "2024-01",
        "A.",
        "10.5555/x",
        "2401.00001",
        "v2",
        ("cs.SE",),
        ("p",),
        ("l",),
        "https://arxiv.org/abs/2401.00001",
    )
    (item,) = json.loads(csl([one], citation_keys([one])))
    # Names and types by csl-data.json 1.0.2.
    texts_of = {"id", "type", "title", "abstract", "DOI", "URL", "number", "publisher", "keyword"}
    assert set(item) <= texts_of | {"author", "issued", "custom"}
    assert all(isinstance(item[key], str) for key in texts_of)
    assert item["type"] == "article"
    assert item["issued"] == {"date-parts": [[2024, 1]]}
    assert item["author"] == [
        {"family": "Berg", "given": "Jan", "non-dropping-particle": "van der", "suffix": "Jr."},
        {"literal": "OpenAI"},
    ]


def test_no_cell_is_a_formula() -> None:
    titles = ("=1+1", "@x", "-1", "+1", "'=1", "\t=1", "|x")
    made = [Entry(f"sha256:{n:016x}", title) for n, title in enumerate(titles)]
    rows = list(csv.reader(io.StringIO(sheet(made).lstrip("\ufeff"), newline="")))
    assert not any(re.match(r"[=+\-@|\t]", cell) for row in rows for cell in row)


def run(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> Any:
    capsys.readouterr()
    assert main([*words, "--json"]) == status
    return json.loads(capsys.readouterr().out)


def again(library: Library, path: Path, target: Path, embedder: Embedder) -> Library:
    """A new library with what the file holds."""
    made = Library.create(target)
    made.embedder = embedder
    with Intake(made) as intake:
        report = add(made, intake.sources([str(path)]))
    assert (report.added, report.failed) == (len(stored(library)), [])
    return made


def stored(library: Library) -> dict[str, tuple[Any, ...]]:
    with library.catalogue.read() as reader:
        held = reader.papers().values()
    return {one.paper_id: tuple(getattr(one, name) for name in SAME) for one in held}


@pytest.mark.parametrize("form", list(ENDINGS))
def test_a_library_goes_out_and_comes_in_again(
    form: str,
    library: Library,
    folder: Path,
    tmp_path: Path,
    embedder: Embedder,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / f"out.{ENDINGS[form]}"
    at = ("--library", str(folder))
    done = run(capsys, *at, "export", "--format", form, "-o", str(path))
    assert (done["papers"], done["file"]) == (12, str(path))
    made = again(library, path, tmp_path / "again", embedder)
    assert stored(made) == stored(library)
    made.close()
    first = path.read_bytes()
    run(capsys, *at, "export", "--format", form, "-o", str(path))
    assert path.read_bytes() == first  # the same library, the same bytes


def test_filters_ids_and_standard_output(
    folder: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    at = ["--library", str(folder), "export", "--format", "jsonl"]
    capsysbinary.readouterr()
    assert main([*at, "--year", "2025"]) == 0
    rows = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert rows
    assert {row["published"][:4] for row in rows} == {"2025"}
    assert main([*at, "arXiv:2502.00002v3", "2404.00004"]) == 0
    rows = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert {row["paper_id"] for row in rows} == {"2502.00002", "2404.00004"}
    assert all("phases" in row or "layers" in row for row in rows)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--format", "docx", "-o", "x"), "unknown_format"),
        (("--format", "bibtex"), "no_output"),
        (("--format", "obsidian"), "no_output"),
        (("--format", "ris", "-o", "x", "2401.99999"), "unknown_id"),
        (("--format", "ris", "-o", "x", "--collection", "none"), "unknown_collection"),
        (("--format", "ris", "-o", "{tmp}"), "usage"),
        (("--format", "ris", "-o", "{tmp}/no/x.ris"), "usage"),
        (("--format", "obsidian", "-o", "{tmp}/file"), "usage"),
    ],
)
def test_wrong_use_is_told(
    words: tuple[str, ...],
    code: str,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "file").touch()
    given_words = [word.replace("{tmp}", str(tmp_path)) for word in words]
    told = run(capsys, "--library", str(folder), "export", *given_words, status=2)
    assert told["error"]["code"] == code
    assert told["error"]["remedy"]
    assert not list(tmp_path.rglob("*.part"))


def test_a_reading_list_stands_under_phases_and_quotes(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list.md"
    run(capsys, "--library", str(folder), "export", "--format", "markdown", "-o", str(path))
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Reading list\n\n12 papers")
    assert re.search(r"^## Testing and evaluation \(\d+\)$", text, re.MULTILINE)
    assert len(re.findall(r"^### ", text, re.MULTILINE)) == 12  # each in full once
    assert re.search(r"^- Challenge: “.+” \(Abstract\)$", text, re.MULTILINE)


@pytest.fixture
def vault(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[], Path]:
    def write() -> Path:
        path = tmp_path / "vault"
        run(capsys, "--library", str(folder), "export", "--format", "obsidian", "-o", str(path))
        return path

    return write


def test_every_link_of_the_vault_leads_to_a_note(vault: Callable[[], Path]) -> None:
    path = vault()
    notes = {note.relative_to(path).as_posix() for note in path.rglob("*.md")}
    assert sum(note.startswith("Papers/") for note in notes) == 12
    for note in path.rglob("*.md"):
        text = note.read_text(encoding="utf-8")
        assert text.count(MARKER) == 1
        for place in re.findall(r"\[\[([^|\]]+)", text):
            assert f"{place}.md" in notes
    front = (path / "Papers" / "coder2025fix.md").read_text(encoding="utf-8").split("---")[1]
    facts = {
        line.partition(": ")[0]: json.loads(line.partition(": ")[2])
        for line in front.strip().splitlines()
    }
    assert facts["id"] == "2506.00006"
    assert facts["authors"] == ["Hal Coder"]
    assert "refinement-and-debug" in facts["layers"]


def test_what_people_write_in_the_vault_is_kept(vault: Callable[[], Path]) -> None:
    path = vault()
    note = path / "Papers" / "coder2025fix.md"
    mine = "\r\nMy own thoughts ☂\n\n---\n%% mine %%\n"
    head = note.read_bytes().decode().partition(MARKER)[0]
    note.write_bytes(f"{head}spoiled above\n{MARKER}{mine}".encode() + b"\xff")
    own = path / "Phases" / "Testing and evaluation.md"
    own.write_text("# Written before Sixfold came\n", encoding="utf-8")
    vault()
    kept = note.read_bytes()
    assert kept.endswith(mine.encode() + b"\xff")
    assert b"spoiled above" not in kept
    assert own.read_text(encoding="utf-8") == "# Written before Sixfold came\n"
    beside = path / "Phases" / "Testing and evaluation (Sixfold).md"
    assert MARKER in beside.read_text(encoding="utf-8")
    before = {note: note.read_bytes() for note in path.rglob("*") if note.is_file()}
    vault()
    assert {note: note.read_bytes() for note in path.rglob("*") if note.is_file()} == before


@pytest.mark.parametrize("name", ["CON", "aux.x", 'a<b>:"/\\|?*#^[]c', " . ", "x" * 300, "…", "%%"])
def test_notes_have_names_that_every_disk_takes(name: str) -> None:
    safe = file_name(name)
    assert 0 < len(safe) <= 105
    assert not re.search(r'[<>:"/\\|?*#^\[\]\x00-\x1f]|[. ]$|^[. ]', safe)
    assert safe.split(".")[0].lower() not in ("con", "aux", "nul", "prn")
    assert legible(safe) == safe


def test_adding_a_bibliography_by_command(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ("--library", str(folder))
    bib = tmp_path / "refs.bib"
    bib.write_text(
        "@misc{a, title={A new paper}, abstract={It says a thing about code.}, year={2020}}\n"
        "@misc{b, author={No Title}}\n"
        "@misc{c, title={Fix It}, eprint={2506.00006}}\n",
        encoding="utf-8",
    )
    tried = run(capsys, *at, "add", str(bib), "--dry-run", status=1)
    assert (tried["added"], [one["item"] for one in tried["failed"]]) == (1, [f"{bib}:2 (b)"])
    done = run(capsys, *at, "add", str(bib), status=1)
    assert done["added"] == 1
    assert done["updated"] + done["unchanged"] == 1
    assert "no title" in done["failed"][0]["error"]
    assert run(capsys, *at, "add", str(bib), status=1)["unchanged"] == 2


def test_columns_by_command(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ("--library", str(folder), "add")
    table = tmp_path / "t.csv"
    table.write_text("Titel;Jahr\nEin Titel;2020\n", encoding="utf-8")
    told = run(capsys, *at, str(table), "--columns", "title=Title", status=2)["error"]
    assert (told["code"], told["remedy"]) == ("unknown_column", "Columns: Titel, Jahr.")
    told = run(capsys, *at, str(table), "--columns", "titel=Titel", status=2)["error"]
    assert (told["code"], "title, abstract" in told["remedy"]) == ("unknown_field", True)
    assert run(capsys, *at, str(table), "--columns", "title", status=2)["error"]["remedy"]
    failed = run(capsys, *at, str(table), status=1)["failed"]
    assert "--columns title=NAME" in failed[0]["error"]
    done = run(capsys, *at, str(table), "--columns", "title=Titel, year=Jahr")
    assert done["added"] == 1


def test_formats_are_those_of_the_contract() -> None:
    assert FORMATS == ("bibtex", "ris", "csl", "csv", "jsonl", "markdown", "obsidian")
