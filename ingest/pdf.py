"""PDF files -> `Parsed`, read in a child process; the only module that imports pymupdf.

`parse`, `Parser`, `render_page` and `mark_page` are for callers; the child runs `read_pdf` and
`warm_up`, and what `ingest.drawing` holds.
"""

from __future__ import annotations

import base64
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from ingest import visibility
from ingest.errors import PdfError
from ingest.painted import has_layers_off, hidden_extras, letter_count, painted_areas
from ingest.parsed_json import from_json
from ingest.records import Box, Parsed, ParseNote, Said
from ingest.structure import structured
from ingest.visibility import Painted
from ingest.worker import Worker

_LOOK_DPI = 72
_SAMPLE = 600
"""Pixels enough to tell the colour of a ground."""
_CLIP_SLACK = 12
"""Letters that may be missing before a page is searched for clipped text."""
_NOT_USED = ("pymupdf.layout", "pymupdf4llm")
"""What the library brings in with itself: models that guess a layout, and half a second."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one PDF may cost."""

    seconds: float = 60.0
    """Wall-clock seconds for one file."""
    megabytes: int = 200
    """Size of the file, in MiB."""
    pages: int = 400
    """Pages read; the rest is left out and noted as `truncated`."""
    characters: int = 4_000_000
    """Characters read; the rest is left out and noted as `truncated`."""
    memory_megabytes: int = 2048
    """Address space of the child process, in MiB; fixed when a `Parser` is made."""


class Parser:
    """A child process kept for many files; it is started anew after a crash.

    Use it as a context manager, from one thread. Takes the limits of each file, and by how
    much the child lets other processes go first, of 19.
    """

    def __init__(self, limits: Limits = Limits(), *, nice: int = 0) -> None:
        self._limits = limits
        self._worker = Worker(limits.memory_megabytes, nice=nice)

    def __enter__(self) -> Parser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child process; the next file starts another."""
        self._worker.close()

    def _ask(self, path: Path, request: dict[str, Any]) -> dict[str, Any]:
        check_file(path, self._limits)
        whole = {**request, "path": str(path.resolve()), "limits": asdict(self._limits)}
        return self._worker.ask(whole, self._limits.seconds, str(path))

    def parse(self, path: Path) -> Parsed:
        """The paper in a PDF file. Raises PdfError; see `parse`."""
        return from_json(self._ask(path, {"do": "parse"})["parsed"])

    def quote_on_page(
        self, path: Path, page: int, quote: str, boxes: Sequence[Box] = ()
    ) -> tuple[Box, ...]:
        """Where a quote stands on a page; see `quote_on_page`. Raises PdfError."""
        request = {"do": "find", "page": page, "quote": quote, "boxes": list(boxes)}
        return tuple((a, b, c, d) for a, b, c, d in self._ask(path, request)["marks"])

    def render_page(
        self, path: Path, page: int, quote: str = "", boxes: Sequence[Box] = ()
    ) -> bytes:
        """A page as PNG with a quote marked; see `render_page`. Raises PdfError."""
        request = {"do": "render", "page": page, "quote": quote, "boxes": list(boxes)}
        return base64.b64decode(self._ask(path, request)["png"])

    def mark_page(self, path: Path, page: int, said: Sequence[Said]) -> tuple[bytes, int]:
        """A page as PNG with several quotes marked; see `mark_page`. Raises PdfError."""
        answer = self._ask(path, {"do": "mark", "page": page, "said": list(said)})
        return base64.b64decode(answer["png"]), answer["found"]


def parse(path: Path, limits: Limits = Limits()) -> Parsed:
    """The paper in a PDF file, read in a child process of its own.

    A file without text gives a paper with the warning `no_text`; other warnings: `truncated`,
    `repaired`, `hidden_text`, `prompt_like` (hidden), `prompt_visible`, `ocr_layer`,
    `page_unreadable`. Raises PdfError
    `not_found`, `not_a_pdf`, `empty`, `unopenable`, `encrypted`, `too_large`, `timeout`,
    `out_of_memory` or `crashed`.
    """
    with Parser(limits) as parser:
        return parser.parse(path)


def render_page(
    path: Path,
    page: int,
    quote: str = "",
    boxes: Sequence[Box] = (),
    limits: Limits = Limits(),
) -> bytes:
    """A page of a PDF as PNG, the words of a quote marked where they stand on it.

    Takes the page, from 1, the quote, and the boxes of its passage where they are known, in
    points from the top left: it is looked for in them first, and they are marked where it is
    not found. A quote that goes on overleaf is marked as far as it stands on the page.
    Raises PdfError.
    """
    with Parser(limits) as parser:
        return parser.render_page(path, page, quote, boxes)


def mark_page(
    path: Path, page: int, said: Sequence[Said], limits: Limits = Limits()
) -> tuple[bytes, int]:
    """(a page of a PDF as PNG with every quote marked that is found, how many were found).

    Takes the page, from 1, and each quote with its passage's boxes, as `render_page` does; what
    is not found is not marked. Raises PdfError.
    """
    with Parser(limits) as parser:
        return parser.mark_page(path, page, said)


def quote_on_page(
    path: Path,
    page: int,
    quote: str,
    boxes: Sequence[Box] = (),
    limits: Limits = Limits(),
) -> tuple[Box, ...]:
    """The boxes that `render_page` marks, one a line of type; () where it marks nothing."""
    with Parser(limits) as parser:
        return parser.quote_on_page(path, page, quote, boxes)


def check_file(path: Path, limits: Limits) -> None:
    """Raise PdfError where a look at the file's first bytes shows that it is no paper."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(1024)
    except OSError as error:
        raise PdfError(
            "not_found", f"The file cannot be read: {error.strerror}.", str(path)
        ) from error
    if size == 0:
        raise PdfError("empty", "The file holds no bytes.", str(path))
    if size > limits.megabytes * 1024 * 1024:
        raise PdfError("too_large", f"The file has {size / 1048576:.0f} MiB.", str(path))
    if b"%PDF" not in head and re.match(
        rb"\s*(?:\xef\xbb\xbf)?\s*(?:<!doctype|<html|<\?xml|<head|<body|\{)", head, re.IGNORECASE
    ):
        raise PdfError("not_a_pdf", "The file holds a web page or data, not a PDF.", str(path))


def library() -> Any:
    """The PDF library, loaded when first needed.

    Its functions carry no types, so that it is Any at this edge.
    """
    import pymupdf

    return pymupdf


def warm_up() -> None:
    """Load the PDF library, without what is not used of it, and keep it quiet."""
    loaded: dict[str, Any] = sys.modules
    for name in _NOT_USED:
        loaded.setdefault(name, None)  # to Python: not installed
    pymupdf = library()
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    # Boxes of letters as the file gives them: pymupdf4llm sets so when it is loaded.
    pymupdf.TOOLS.unset_quad_corrections(True)


def open_pdf(path: Path) -> Any:
    """The open document. Raises PdfError."""
    pymupdf = library()
    try:
        document = pymupdf.open(path, filetype="pdf")
    except (pymupdf.FileDataError, pymupdf.EmptyFileError, RuntimeError) as error:
        raise _library_error(error, "unopenable") from error
    if document.needs_pass and not document.authenticate(""):
        raise PdfError("encrypted", "The file needs a password.")
    if document.page_count == 0:
        raise PdfError("empty", "The file holds no pages.")
    return document


def _library_error(error: Exception, code: str) -> PdfError:
    text = str(error)
    # The binding raises SystemError where it runs out of memory amid a result.
    if isinstance(error, SystemError) or re.search(r"alloc \(|out of memory|bad_alloc", text):
        return PdfError("out_of_memory", "It needs more memory than allowed.")
    if text.startswith("Failed to open file"):  # the path again, and no reason
        return PdfError(code, "The PDF library cannot open it.")
    return PdfError(code, f"The PDF library says: {text[:200]}")


def read_pdf(path: Path, limits: Limits) -> Parsed:
    """The paper in a PDF file, read here and now: what the child process runs.

    Raises PdfError, and whatever a library bug may bring.
    """
    document = open_pdf(path)
    reading = _Reading(document, path, limits)
    pages = reading.pages()
    notes = reading.notes + visibility.notes(reading.hidden)
    parsed = structured(pages, document.metadata or {}, notes)
    told = visibility.visible_notes(parsed)
    whole = replace(parsed, pages=document.page_count, warnings=parsed.warnings + told)
    document.close()
    return whole


class _Reading:
    """Reads a document's pages, and remembers what a reader of the paper should know."""

    def __init__(self, document: Any, path: Path, limits: Limits) -> None:
        self._document = document
        self._limits = limits
        self._left = limits.characters
        self.notes: list[ParseNote] = []
        self.hidden: list[visibility.Hidden] = []
        self._all_on = _layers_on(path) if has_layers_off(document) else None
        if document.is_repaired:
            text = "The file is damaged; what could be mended was read."
            self.notes.append(ParseNote("repaired", text))

    def pages(self) -> list[dict[str, Any]]:
        """The pages as dictionaries {number, width, height, blocks}, unseen text taken out."""
        count = self._document.page_count
        pages: list[dict[str, Any]] = []
        for number in range(1, count + 1):
            raw = self._page(number) if number <= self._limits.pages else None
            if raw is None:
                detail = f"Read up to page {number - 1} of {count}."
                self.notes.append(ParseNote("truncated", detail))
                break
            pages.append(raw)
        return pages

    def _page(self, number: int) -> dict[str, Any] | None:
        """One page; an empty one where it cannot be read, None where there is too much text."""
        pymupdf = library()
        try:
            return self._read(self._document[number - 1], number)
        except (RuntimeError, ValueError, SystemError, pymupdf.mupdf.FzErrorBase) as error:
            told = _library_error(error, "unopenable")
            if told.code == "out_of_memory":
                raise told from error
            self.notes.append(ParseNote("page_unreadable", f"page {number}: {told.detail}"))
            return {"number": number, "width": 612.0, "height": 792.0, "blocks": []}

    def _read(self, page: Any, number: int) -> dict[str, Any] | None:
        pymupdf = library()
        # Text is kept as painted: ActualText may say what the page does not show. Text off the
        # page is wanted, so that it can be reported.
        everywhere = pymupdf.INFINITE_RECT()
        text = page.get_textpage(flags=pymupdf.TEXT_IGNORE_ACTUALTEXT, clip=everywhere)
        self._left -= len(text.extractText())
        if self._left < 0:
            return None
        raw: dict[str, Any] = text.extractDICT()
        raw.update(number=number, width=page.rect.width, height=page.rect.height)
        fills, images, buried = painted_areas(page)
        found = visibility.sift(raw, fills, images, _Looker(page), buried)
        if letter_count(raw) > _clip_count(page) + _CLIP_SLACK:
            words = page.get_text("words", flags=pymupdf.TEXT_CLIP)
            found += visibility.sift_clipped(raw, [word[:4] for word in words])
        self.hidden += found + hidden_extras(page, number, self._all_on)
        if images and visibility.is_ocr_layer(raw, images):
            detail = f"page {number} is a scan; its text is a machine's reading."
            self.notes.append(ParseNote("ocr_layer", detail))
        return raw


def _layers_on(path: Path) -> Any:
    """The document once more, with all its layers shown."""
    document = open_pdf(path)
    layers = list(document.get_ocgs())
    document.set_layer(-1, on=layers, off=[])
    # The library heeds this only when it opens a file.
    return library().open(stream=document.tobytes(), filetype="pdf")


def _clip_count(page: Any) -> int:
    """Characters of a page that lie within its clipping paths, blanks aside."""
    pymupdf = library()
    flags = pymupdf.TEXT_CLIP | pymupdf.TEXT_IGNORE_ACTUALTEXT
    return len("".join(page.get_text("text", flags=flags).split()))


class _Looker:
    """Looks at parts of a painted page; paints it once, when first asked."""

    def __init__(self, page: Any) -> None:
        self._page = page
        self._picture: Any = None

    def __call__(self, box: Box) -> Painted | None:
        pymupdf = library()
        if self._picture is None:
            self._picture = self._page.get_pixmap(
                dpi=_LOOK_DPI, colorspace=pymupdf.csRGB, annots=False
            )
        picture = self._picture
        x0, y0 = max(0, int(box[0])), max(0, int(box[1]))
        x1, y1 = min(picture.width, int(box[2]) + 1), min(picture.height, int(box[3]) + 1)
        if x1 <= x0 or y1 <= y0:
            return None
        samples, stride = picture.samples_mv, picture.stride
        rows = [bytes(samples[y * stride + 3 * x0 : y * stride + 3 * x1]) for y in range(y0, y1)]
        whole = b"".join(rows)
        channels = [whole[c::3] for c in range(3)]
        # As a set, for the values are few and a large picture's pixels many.
        contrast = max(max(one) - min(one) for one in map(frozenset, channels))
        # The ground shows in a sample; an odd step wanders over all columns.
        step = (len(channels[0]) // _SAMPLE) | 1
        counts = Counter(zip(*(one[::step] for one in channels), strict=True))
        red, green, blue = counts.most_common(1)[0][0]
        return Painted((red, green, blue), contrast)
