"""What a page of the PDF library says of its own painting: areas, layers, annotations.

Pages and documents are the library's objects, which carry no types: they are Any here.
"""

from __future__ import annotations

from typing import Any

from ingest.records import Box
from ingest.visibility import Hidden

_LINK = 1
"""Kind of an annotation that is a link."""
_NOT_SHOWN = 2 | 32
"""Bits of an annotation's flags: hidden, or not on the screen."""


def painted_areas(page: Any) -> tuple[list[Box], list[Box], list[Box]]:
    """(boxes of filled areas, of images, of text buried under an image painted later)."""
    fills: list[Box] = []
    images: list[Box] = []
    texts: list[Box] = []
    buried: list[Box] = []
    for kind, box in page.get_bboxlog():
        if kind in ("fill-text", "stroke-text"):
            texts.append(tuple(box))
            continue
        wide, high = box[2] - box[0], box[3] - box[1]
        if wide < 4 or high < 4:
            continue
        if kind in ("fill-path", "fill-shade"):
            fills.append(tuple(box))
        elif kind in ("fill-image", "fill-imgmask"):
            images.append(tuple(box))
            if kind == "fill-image":
                buried += [text for text in texts if _inside(text, tuple(box))]
    # An image with a mask may let through what is under it.
    if buried and any(image[1] for image in page.get_images()):
        buried = []
    return fills, images, buried


def _inside(text: Box, image: Box) -> bool:
    return (
        text[0] >= image[0] - 1
        and text[1] >= image[1] - 1
        and text[2] <= image[2] + 1
        and text[3] <= image[3] + 1
    )


def letter_count(raw: dict[str, Any]) -> int:
    """Characters of a page dictionary, blanks aside."""
    spans = (s for block in raw["blocks"] for line in block.get("lines", ()) for s in line["spans"])
    return sum(len("".join(span["text"].split())) for span in spans)


def has_layers_off(document: Any) -> bool:
    """Whether a document has a layer that is not shown."""
    return any(not layer["on"] for layer in document.get_ocgs().values())


def hidden_extras(page: Any, number: int, all_on: Any) -> list[Hidden]:
    """Text of layers that are off, and of annotations and fields that are hidden.

    Takes a page, its number, and the same document with all layers on (None without any).
    """
    found = []
    if all_on is not None:
        shown = set(page.get_text("text").splitlines())
        lines = all_on[number - 1].get_text("text").splitlines()
        text = " ".join(line for line in lines if line not in shown)
        found += [Hidden(number, "layer_off", text)] if text else []
    for xref, kind, _ in page.annot_xrefs():
        flags = page.parent.xref_get_key(xref, "F")[1] if kind != _LINK else ""
        if flags.isdecimal() and int(flags) & _NOT_SHOWN:
            for key in ("Contents", "V", "Parent/V"):
                sort, text = page.parent.xref_get_key(xref, key)
                if sort == "string":
                    found.append(Hidden(number, "annotation", text))
    return found
