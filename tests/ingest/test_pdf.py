"""PDFs read in a child process: what it costs, how it fails, and that it fails alone."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pymupdf
import pytest

from ingest import pdf
from ingest.errors import PDF_REMEDIES, PdfError
from ingest.parsed_json import from_json, to_json
from ingest.pdf import Limits, Parser, parse, render_page
from ingest.records import PageText, Parsed, ParseNote, Reference, Section
from ingest.worker import Worker

LATEX = Path(__file__).parent / "latex"
MakePdf = Callable[..., Path]

CHILD = """
import json, os, signal, sys, time
sys.stdout.write("{}\\n"); sys.stdout.flush()
for line in sys.stdin:
    do = json.loads(line)["do"]
    if do == "die": os.kill(os.getpid(), signal.SIGSEGV)
    if do == "oom": os.kill(os.getpid(), signal.SIGKILL)
    if do == "hang": time.sleep(60)
    sys.stdout.write(json.dumps({"pid": os.getpid(), "memory": sys.argv[1]}) + "\\n")
    sys.stdout.flush()
"""


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser(Limits(seconds=20)) as running:
        yield running


def test_a_paper_is_read_in_a_child_as_it_is_read_here(parser: Parser) -> None:
    path = LATEX / "ieee_conference.pdf"
    pdf.warm_up()
    assert parser.parse(path) == pdf.read_pdf(path, Limits())


def test_one_call_starts_and_ends_its_own_child(make_pdf: MakePdf) -> None:
    assert parse(make_pdf(pages=2)).pages == 2


def test_the_parent_never_loads_the_pdf_library(make_pdf: MakePdf) -> None:
    code = (
        "import sys; from pathlib import Path; from ingest import pdf, sources\n"
        f"assert pdf.parse(Path({str(make_pdf())!r})).pages == 1\n"
        "assert 'pymupdf' not in sys.modules and 'fitz' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>Not found</html>", "not_a_pdf"),
        (b"\xef\xbb\xbf <HTML>", "not_a_pdf"),
        (b'{"error": 404}', "not_a_pdf"),
        (b"%PDF-1.7\nnothing that a PDF needs", "empty"),
        (bytes(range(256)) * 20, "empty"),
    ],
)
def test_what_is_no_paper_ends_with_a_reason(
    parser: Parser, tmp_path: Path, content: bytes, code: str
) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(content)
    with pytest.raises(PdfError) as caught:
        parser.parse(path)
    assert caught.value.code == code or {caught.value.code, code} == {"empty", "unopenable"}
    assert caught.value.item == str(path)
    assert caught.value.remedy == PDF_REMEDIES[caught.value.code]


def test_a_missing_file_a_folder_and_a_huge_file_end_with_a_reason(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.pdf", tmp_path):
        with pytest.raises(PdfError) as caught:
            parse(path)
        assert caught.value.code == "not_found"
    huge = tmp_path / "huge.pdf"
    with huge.open("wb") as file:
        file.truncate(3 * 1024 * 1024)
    with pytest.raises(PdfError) as caught:
        parse(huge, Limits(megabytes=2))
    assert caught.value.code == "too_large"


def test_a_password_is_asked_for_only_where_it_keeps_readers_out(
    parser: Parser, make_pdf: MakePdf
) -> None:
    assert parser.parse(make_pdf(name="open.pdf", password="")).pages == 1
    with pytest.raises(PdfError) as caught:
        parser.parse(make_pdf(name="shut.pdf", password="secret"))
    assert caught.value.code == "encrypted"


def test_a_pdf_without_text_is_read_and_says_so(parser: Parser, make_pdf: MakePdf) -> None:
    parsed = parser.parse(make_pdf(lines=0))
    assert (parsed.title, parsed.sections, parsed.pages) == ("", (), 1)
    assert [note.code for note in parsed.warnings] == ["no_text"]


def ending(parser: Parser, path: Path) -> str:
    """What becomes of a file: `repaired`, `whole`, or the code of its error."""
    try:
        parsed = parser.parse(path)
    except PdfError as error:
        return error.code
    return "repaired" if "repaired" in {note.code for note in parsed.warnings} else "whole"


def test_a_cut_file_is_mended_or_refused_but_never_silent(parser: Parser, tmp_path: Path) -> None:
    whole = (LATEX / "elsevier.pdf").read_bytes()
    path = tmp_path / "cut.pdf"
    for share in (0.3, 0.6, 0.95):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert ending(parser, path) in ("repaired", "empty", "unopenable")


def test_limits_on_pages_and_characters_cut_and_say_so(make_pdf: MakePdf) -> None:
    path = make_pdf(pages=5)
    for limits in (Limits(pages=2), Limits(characters=5000)):
        parsed = parse(path, limits)
        assert parsed.pages == 5
        assert "truncated" in {note.code for note in parsed.warnings}
        text = " ".join(section.text for section in parsed.sections)
        assert "number 35 of" in text
        assert "number 149 of" not in text


def bomb(path: Path, stream: bytes, times: int) -> Path:
    """A small file whose one page asks for endless work."""
    document = pymupdf.open()
    page = document.new_page()
    page.insert_font(fontname="helv")
    xref = document.get_new_xref()
    document.update_object(xref, "<<>>")
    document.update_stream(xref, b"BT /helv 10 Tf 72 700 Td " + stream * times, compress=True)
    document.xref_set_key(page.xref, "Contents", f"{xref} 0 R")
    document.save(path, deflate=True)
    return path


def test_a_bomb_ends_in_time_and_the_next_file_is_read(tmp_path: Path, make_pdf: MakePdf) -> None:
    path = bomb(tmp_path / "slow.pdf", b"0 0 1 1 re f ", 8_000_000)
    with Parser(Limits(seconds=1)) as parser:
        parser.parse(make_pdf())
        start = time.perf_counter()
        with pytest.raises(PdfError) as caught:
            parser.parse(path)
        assert caught.value.code == "timeout"
        assert time.perf_counter() - start < 5
        assert parser.parse(make_pdf()).pages == 1


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not enforce RLIMIT_AS")
def test_a_file_that_needs_too_much_memory_ends_with_that_reason(tmp_path: Path) -> None:
    path = bomb(tmp_path / "large.pdf", b"(Some text that repeats itself.) Tj 0 -1 Td ", 60_000)
    with pytest.raises(PdfError) as caught:
        parse(path, Limits(memory_megabytes=240, characters=10**9))
    assert caught.value.code == "out_of_memory"
    assert parse(LATEX / "ieee_conference.pdf", Limits(memory_megabytes=240)).pages


def test_a_child_that_dies_or_hangs_is_replaced(tmp_path: Path) -> None:
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    worker = Worker(512, (sys.executable, str(script)))
    try:
        first = worker.ask({"do": "live"}, 5, "a.pdf")
        assert first["memory"] == "512"
        assert worker.ask({"do": "live"}, 5, "a.pdf") == first
        for do, code in (("die", "crashed"), ("oom", "out_of_memory"), ("hang", "timeout")):
            with pytest.raises(PdfError) as caught:
                worker.ask({"do": do}, 0.2, "a.pdf")
            assert (caught.value.code, caught.value.item) == (code, "a.pdf")
            assert worker.ask({"do": "live"}, 5, "b.pdf")["pid"] != first["pid"]
    finally:
        worker.close()
    worker.close()


def test_a_child_that_does_not_start_is_an_error() -> None:
    worker = Worker(512, (sys.executable, "-c", "raise SystemExit(3)"))
    with pytest.raises(PdfError, match="does not start"):
        worker.ask({"do": "live"}, 1, "a.pdf")


def colours(png: bytes) -> int:
    """How many pixels of a picture have the mark's colour."""
    picture = pymupdf.Pixmap(png)
    samples = bytes(picture.samples)
    step = picture.n
    pixels = zip(samples[::step], samples[1::step], samples[2::step], strict=True)
    return sum(red > 200 and green > 150 and blue < 120 for red, green, blue in pixels)


def test_a_quote_is_marked_on_its_page_across_hyphens_and_lines(parser: Parser) -> None:
    path = LATEX / "ieee_conference.pdf"
    parsed = parser.parse(path)
    text = parsed.sections[1].parts[0].text
    quote = next(piece for piece in text.split(". ") if len(piece) > 80)
    page = parsed.sections[1].parts[0].page
    assert page is not None
    marked = parser.render_page(path, page, quote)
    assert marked.startswith(b"\x89PNG")
    assert colours(marked) > 500
    assert colours(parser.render_page(path, page)) == 0
    assert colours(parser.render_page(path, page, "words that stand nowhere at all here")) == 0


def test_a_page_that_is_not_there_is_an_error(make_pdf: MakePdf) -> None:
    for page in (0, 2):
        with pytest.raises(PdfError) as caught:
            render_page(make_pdf(), page, "x")
        assert caught.value.code == "no_page"


def test_a_parsed_paper_survives_the_way_through_json() -> None:
    parsed = Parsed(
        "T",
        ("A", "B"),
        "Abs.",
        1,
        (Section("S", 2, 1, (PageText(1, "x"), PageText(2, "y"))),),
        (Reference("raw", "t", 2020, "10.1/x", ""),),
        2,
        "2506.23762",
        "10.1/y",
        2025,
        (ParseNote("repaired", "…"),),
    )
    assert from_json(to_json(parsed)) == parsed
