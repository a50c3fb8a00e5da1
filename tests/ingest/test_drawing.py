"""Pictures of pages: what is marked on them, and the child that draws them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pymupdf
import pytest

from ingest.drawing import RENDER_DPI
from ingest.errors import PdfError
from ingest.pdf import Limits, Parser, mark_page
from ingest.records import Box, Said

LATEX = Path(__file__).parent / "latex"
PAPER = LATEX / "ieee_conference.pdf"
NOWHERE: Said = ("words that stand nowhere at all here", ((72.0, 72.0, 300.0, 100.0),))
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def quotes() -> list[Said]:
    """Sentences of the paper's first page, with the boxes of their passage."""
    with Parser() as parser:
        parsed = parser.parse(PAPER)
    text = [piece for piece in parsed.abstract.split(". ") if len(piece) > 40]
    assert len(text) >= 2
    return [(piece, parsed.abstract_boxes) for piece in text]


def test_a_page_is_marked_as_each_quote_alone_would_be(quotes: list[Said]) -> None:
    with Parser() as parser:
        picture, found = parser.mark_page(PAPER, 1, [*quotes, NOWHERE])
        one_by_one: list[Box] = []
        for quote, boxes in quotes:
            one_by_one += parser.quote_on_page(PAPER, 1, quote, boxes)
        assert picture == parser.render_page(PAPER, 1, "", one_by_one)
    assert found == len(quotes)


def test_the_mark_of_a_whole_passage_keeps_to_its_box(make_pdf: Callable[..., Path]) -> None:
    with Parser() as parser:
        png = parser.render_page(make_pdf(), 1, "", [(200.0, 500.0, 400.0, 700.0)])
    picture = pymupdf.Pixmap(png)
    scale = RENDER_DPI / 72
    white, marked = (255, 255, 255), picture.pixel(int(300 * scale), int(600 * scale))
    assert marked != white
    inside, outside = ((202, 502), (398, 698)), ((197, 600), (403, 600))
    for x, y in (*inside, *outside):
        wanted = marked if (x, y) in inside else white
        assert picture.pixel(int(x * scale), int(y * scale)) == wanted, (x, y)


def test_what_is_not_on_the_page_is_not_marked() -> None:
    with Parser() as parser:
        picture, found = parser.mark_page(PAPER, 1, [NOWHERE])
        assert (picture, found) == (parser.render_page(PAPER, 1), 0)


def test_the_child_loads_no_models_and_gives_boxes_as_the_file_does() -> None:
    code = (
        "import sys; from ingest import drawing, pdf; pdf.warm_up()\n"
        "loaded = {one for one, held in sys.modules.items() if held}\n"
        "assert 'pymupdf' in loaded\n"
        "assert not loaded & {'pymupdf.layout', 'pymupdf4llm', 'onnxruntime', 'numpy'}\n"
        "assert pdf.library().TOOLS.unset_quad_corrections()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def endless(path: Path) -> Path:
    """A small file whose one page takes minutes to draw."""
    with pymupdf.open() as document:
        page = document.new_page()
        stream = document.get_new_xref()
        document.update_object(stream, "<<>>")
        document.update_stream(stream, b"0 0 500 500 re f " * 8_000_000, compress=True)
        document.xref_set_key(page.xref, "Contents", f"{stream} 0 R")
        document.save(path, deflate=True)
    return path


def test_a_page_that_never_ends_is_given_up(tmp_path: Path, make_pdf: Callable[..., Path]) -> None:
    start = time.perf_counter()
    with Parser(Limits(seconds=1)) as parser:
        with pytest.raises(PdfError) as caught:
            parser.mark_page(endless(tmp_path / "endless.pdf"), 1, [])
        assert caught.value.code == "timeout"
        assert parser.mark_page(make_pdf(), 1, [])[0].startswith(b"\x89PNG")
    assert time.perf_counter() - start < 20
    with pytest.raises(PdfError, match="no page 2"):
        mark_page(make_pdf(), 2, [])


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux says who runs")
@pytest.mark.parametrize("ending", ["SIGKILL", "SIGTERM"])
def test_a_child_does_not_outlive_who_asked_it(tmp_path: Path, ending: str) -> None:
    code = (
        "import sys, threading; from pathlib import Path; from ingest.pdf import Limits, Parser\n"
        "idle, busy = Parser(), Parser(Limits(seconds=2))\n"
        "pids = [one._worker._start().pid for one in (idle, busy)]\n"
        "threading.Thread(target=busy.mark_page, args=(Path(sys.argv[1]), 1, [])).start()\n"
        "print(*pids, flush=True)"
    )
    path = endless(tmp_path / "endless.pdf")
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        children = [int(one) for one in parent.stdout.readline().split()]
        time.sleep(0.3)  # the busy one takes its request
        parent.send_signal(getattr(signal, ending))
        parent.wait(timeout=10)
    end = time.monotonic() + 15
    while (left := [one for one in children if running(one)]) and time.monotonic() < end:
        time.sleep(0.1)
    assert len(children) == 2
    assert not left


def running(pid: int) -> bool:
    """Whether a process is there and not a dead one that nobody has asked after."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
