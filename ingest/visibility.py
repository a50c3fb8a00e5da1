"""Text that a reader of the page cannot see is left out of the paper, and reported.

Works on PyMuPDF's page dictionaries as plain data; what must be looked at as painted is asked
through a function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.records import Box, Parsed, ParseNote

MIN_SIZE = 2.0
"""Points; the smallest type that is meant to be read (footnotes in figures) has 3."""
MIN_HEIGHT = 1.2
"""Points; a run of letters less high than this was squeezed by its matrix."""
MIN_ALPHA = 0.1
"""Opacity below which text is as good as unpainted."""
FILLED, STROKED = 16, 32
"""Bits of a span's `char_flags`: how its glyphs are painted."""
_OVERRUN = 100.0
"""Points that a line may run over the edge of the page."""
_PALE = 0.80
_NEAR = 40
"""Of 255: a colour this close to its ground in every channel cannot be read."""
_TELLING = 12
"""Letters of the shortest hidden text worth a note."""
_PROMPT = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}"
    r"\b(?:instruction|prompt|previous|prior|above|rule)"
    r"|\b(?:you are|act as|pretend to be)\b.{0,30}"
    r"\b(?:an? )?(?:ai|assistant|language model|llm|reviewer|chatbot|gpt)"
    r"|\b(?:give|provide|write|output|return|assign|recommend|say)\b.{0,40}"
    r"\b(?:positive|favou?rable|highest|accept|only)"
    r"|\b(?:system|user|assistant)\s*(?:prompt|message|:)"
    r"|\bas an? (?:ai|llm|large language model)\b|\bnew instructions?\b"
    r"|\bdo not (?:mention|reveal|highlight|criticize|say|tell|summari[sz]e)\b"
    r"|\b(?:llm|language model|ai|model|assistant|reviewer)s?\b.{0,30}\b(?:must|should|shall)\b"
    r"|<\|?(?:im_start|system|endoftext)|\[/?inst\]",
    re.IGNORECASE | re.DOTALL,
)


_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override)\s+(?:all\s+|any\s+)?(?:of\s+)?(?:the\s+|your\s+)?"
    r"(?:previous|prior|above|earlier|preceding)\s+(?:instructions?|prompts?|rules)"
    r"|\b(?:give|write|output)\s+(?:only\s+)?an?\s+(?:\w+\s+)?positive\s+review"
    r"|\bdo\s+not\s+(?:highlight|mention|report)\s+any\s+(?:negatives?|weakness(?:es)?)"
    r"|\brecommend\s+(?:to\s+)?accept(?:ing|ance)?\s+(?:of\s+)?this\s+(?:paper|submission|manuscript)",
    re.IGNORECASE,
)
_TURNING = re.compile("[\u202d\u202e\u2066-\u2068]")
_UNSHOWN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")


@dataclass(frozen=True, slots=True)
class Painted:
    """How a stretch of a page looks when painted, in 0–255 for red, green, blue."""

    ground: tuple[int, int, int]
    """The commonest colour."""
    contrast: int
    """Widest difference within one channel."""


Look = Callable[[Box], Painted | None]
"""Box on the page -> how it looks; None where it lies off the page."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """A stretch of text that cannot be seen, and why."""

    page: int
    reason: str
    """`off_page`, `tiny`, `transparent`, `unpainted`, `like_ground`, `covered`, `clipped`,
    `no_glyph` (characters that are never shown), `layer_off` or `annotation`."""
    text: str


def prompt_like(text: str) -> bool:
    """Whether a text reads like instructions to a language model."""
    return bool(_PROMPT.search(" ".join(text.split())))


def unshown(text: str) -> tuple[str, str]:
    """(what characters that are never shown spell, the text without them).

    Tags of Unicode spell ASCII; marks that turn the direction of writing make what is shown
    differ from what is read. Either is no part of a paper's text.
    """
    if text.isascii() or not _UNSHOWN.search(text):
        return "", text
    tags = "".join(chr(ord(c) - 0xE0000) for c in text if 0xE0020 <= ord(c) <= 0xE007E)
    turned = text if _TURNING.search(text) else ""
    return tags or _UNSHOWN.sub("", turned), _UNSHOWN.sub("", text)


def instructions(text: str) -> str:
    """The first words of a visible text that tell a reading machine what to do; "" without.

    Stricter than `prompt_like`: papers on language models quote prompts all the time.
    """
    found = _ORDER.search(text)
    return text[max(0, found.start() - 40) : found.end() + 80].strip() if found else ""


def _channels(colour: int) -> tuple[int, int, int]:
    return colour >> 16 & 255, colour >> 8 & 255, colour & 255


def _off_page(box: Box, width: float, height: float, slack: float = 0.0) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return not (-slack <= x <= width + slack and -slack <= y <= height + slack)


def _runs_over(line: dict[str, Any], width: float, height: float) -> bool:
    """Whether a line begins on the page and runs a little over its edge, as long words do."""
    boxes = [span["bbox"] for span in line["spans"]]
    begins = any(not _off_page(box, width, height) for box in boxes)
    return begins and not any(_off_page(box, width, height, _OVERRUN) for box in boxes)


def plain_reason(span: dict[str, Any], width: float, height: float, ocr: bool) -> str:
    """Why a span cannot be seen, as far as it tells itself; "" where nothing speaks for it.

    `ocr`: the page is a scan whose text layer is unpainted throughout, and meant to be.
    """
    if _off_page(span["bbox"], width, height):
        return "off_page"
    x0, y0, x1, y1 = span["bbox"]
    flattened = len(span["text"]) > 5 and min(x1 - x0, y1 - y0) < MIN_HEIGHT
    if span["size"] < MIN_SIZE or flattened:
        return "tiny"
    if ocr:
        return ""
    if not span.get("char_flags", FILLED) & (FILLED | STROKED):
        return "unpainted"
    if span.get("alpha", 255) < MIN_ALPHA * 255:
        return "transparent"
    return ""


def looked_reason(span: dict[str, Any], look: Look) -> str:
    """Why a span cannot be seen on the painted page; "" where it can."""
    painted = look(span["bbox"])
    if painted is None:
        return "off_page"
    own = _channels(span["color"])
    near = all(abs(a - b) < _NEAR for a, b in zip(own, painted.ground, strict=True))
    if near and span.get("char_flags", FILLED) & FILLED:
        return "like_ground"
    return "covered" if painted.contrast < _NEAR else ""


def suspicious(span: dict[str, Any], fills: list[Box]) -> bool:
    """Whether a span must be looked at as painted: pale, or where something else is painted."""
    red, green, blue = _channels(span["color"])
    if 0.30 * red + 0.59 * green + 0.11 * blue > _PALE * 255 or span.get("alpha", 255) < 128:
        return True
    x0, y0, x1, y1 = span["bbox"]
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return any(a <= x <= c and b <= y <= d for a, b, c, d in fills)


def _lines(raw: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for block in raw["blocks"]:
        yield from block.get("lines", ())


def _spans(raw: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for line in _lines(raw):
        yield from line["spans"]


def is_ocr_layer(raw: dict[str, Any], images: list[Box]) -> bool:
    """Whether a page is a scan under unpainted text: an image over most of it, no other text."""
    area = raw["width"] * raw["height"]
    covered = max(((c - a) * (d - b) for a, b, c, d in images), default=0.0)
    if covered < 0.6 * area:
        return False
    painted = unpainted = 0
    for span in _spans(raw):
        if span.get("char_flags", FILLED) & (FILLED | STROKED):
            painted += len(span["text"])
        else:
            unpainted += len(span["text"])
    return unpainted > 20 * painted


def sift(
    raw: dict[str, Any],
    fills: list[Box],
    images: list[Box],
    look: Look,
    buried: Sequence[Box] = (),
) -> list[Hidden]:
    """Take the unseen spans out of a page dictionary, in place; give what was taken.

    Takes the page, the boxes of painted areas and of images on it, a way to look at it, and
    the boxes of text that an image was painted over.
    """
    ocr = is_ocr_layer(raw, images)
    areas = fills + images
    hidden: list[Hidden] = []
    for line in _lines(raw):
        kept = []
        for span in line["spans"]:
            reason = ""
            told, span["text"] = unshown(span["text"])
            if told:
                hidden.append(Hidden(raw["number"], "no_glyph", told))
            if span["text"].strip():
                reason = _reason(span, line, raw, ocr)
                if not reason and not ocr and suspicious(span, areas):
                    under = any(_same_place(span["bbox"], box) for box in buried)
                    reason = "covered" if under else looked_reason(span, look)
            if reason:
                hidden.append(Hidden(raw["number"], reason, span["text"]))
            else:
                kept.append(span)
        line["spans"] = kept
    return hidden


def _same_place(span: Box, text: Box) -> bool:
    """Whether a span lies within the box of text that was painted."""
    x, y = (span[0] + span[2]) / 2, (span[1] + span[3]) / 2
    return text[0] <= x <= text[2] and text[1] <= y <= text[3]


def _reason(span: dict[str, Any], line: dict[str, Any], raw: dict[str, Any], ocr: bool) -> str:
    """`plain_reason`, but for a line that only runs over the edge."""
    reason = plain_reason(span, raw["width"], raw["height"], ocr)
    over = reason == "off_page" and _runs_over(line, raw["width"], raw["height"])
    return "" if over else reason


def sift_clipped(raw: dict[str, Any], shown: list[Box]) -> list[Hidden]:
    """Take the spans out that a clipping path hides, in place; give what was taken.

    Takes the page, other unseen text taken out, and the boxes of the words within its clips.
    """
    rows: dict[int, list[Box]] = {}
    for box in shown:
        for row in range(int(box[1]) // 8, int(box[3]) // 8 + 1):
            rows.setdefault(row, []).append(box)
    hidden: list[Hidden] = []
    for line in _lines(raw):
        kept = []
        for span in line["spans"]:
            x0, y0, x1, y1 = span["bbox"]
            off = _off_page(span["bbox"], raw["width"], raw["height"])
            near = rows.get(int(y0 + y1) // 16, ())
            seen = any(a < x1 and x0 < c and b < y1 and y0 < d for a, b, c, d in near)
            if seen or off or not span["text"].strip():
                kept.append(span)
            else:
                hidden.append(Hidden(raw["number"], "clipped", span["text"]))
        line["spans"] = kept
    return hidden


def notes(hidden: list[Hidden]) -> list[ParseNote]:
    """What to tell a reader of the paper: one note a page and reason, with the words."""
    found: list[ParseNote] = []
    groups: dict[tuple[int, str], list[str]] = {}
    for one in hidden:
        groups.setdefault((one.page, one.reason), []).append(one.text)
    for (page, reason), texts in groups.items():
        text = " ".join("".join(f"{text} " for text in texts).split())
        told = prompt_like(text)
        # A stray letter, or a figure's label cut off by the page, deceives nobody.
        if sum(c.isalpha() for c in text) < _TELLING and not told:
            continue
        shown = text if len(text) <= 300 else text[:300] + "…"
        found.append(ParseNote("hidden_text", f"page {page}, {reason}: {shown}"))
        if told:
            found.append(ParseNote("prompt_like", f"page {page}, {reason}: {shown}"))
    return found


def visible_notes(parsed: Parsed) -> tuple[ParseNote, ...]:
    """A note where the paper's own, visible text tells a reading machine what to do."""
    texts = [(parsed.abstract_page, parsed.abstract)]
    texts += [(part.page, part.text) for section in parsed.sections for part in section.parts]
    for page, text in texts:
        told = instructions(text)
        if told:
            return (ParseNote("prompt_visible", f"page {page}: {' '.join(told.split())}"),)
    return ()
