"""A library as a folder of linked notes for Obsidian; what people write in them is kept."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from kb.card import Card, Quote, links
from kb.catalogue import StoredPaper
from kb.exports.reading_list import Remarks, quoted, remark_lines
from kb.exports.report import escaped
from kb.quotes import legible
from kb.remarks import Remark
from taxonomy.codebook import Codebook

CardOf = Callable[[StoredPaper], Card]

MARKER = "%% Sixfold writes what is above this line. What you write below it is kept. %%"
"""Parts our text from the user's; `%%` is a comment to Obsidian."""

PAPERS = "Papers"
INDEX = "Sixfold"
_UNSAFE = re.compile(r'[<>:"/\\|?*#^\[\]%]+')
# Windows keeps these names, with any ending, for devices.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
_LONGEST_NAME = 100


def write_vault(
    folder: Path,
    papers: Sequence[StoredPaper],
    keys: Mapping[str, str],
    codebook: Codebook,
    card_of: CardOf,
    remarks: Remarks | None = None,
) -> int:
    """Write a note for each paper, phase and layer, and an index. Returns notes written.

    Takes: remarks, what people wrote on each paper, by its id.

    A note of ours that is there already is written anew above `MARKER`, and kept below it.
    A file without the marker is somebody's own and is left alone. Raises OSError.
    """
    written = 0
    for place, text in _notes(papers, keys, codebook, card_of, remarks or {}):
        _write(folder / f"{place}.md", text)
        written += 1
    return written


def file_name(text: str) -> str:
    """A name that Windows, macOS and Linux can hold and a wikilink can name."""
    bare = _UNSAFE.sub("-", legible(text)).strip(" .-")[:_LONGEST_NAME].strip(" .-") or "note"
    return f"note-{bare}" if _DEVICES.fullmatch(bare) else bare


def _notes(
    papers: Sequence[StoredPaper],
    keys: Mapping[str, str],
    codebook: Codebook,
    card_of: CardOf,
    remarks: Remarks,
) -> Iterator[tuple[str, str]]:
    """(path without `.md`, text) of every note."""
    names = {
        (facet.key, one.key): f"{_folder(facet.plural)}/{file_name(one.name)}"
        for facet in codebook.facets
        for one in facet.categories
    }
    linked = {one.paper_id: f"{PAPERS}/{file_name(keys[one.paper_id])}" for one in papers}
    for paper in papers:
        yield (
            linked[paper.paper_id],
            _paper(paper, card_of(paper), names, remarks.get(paper.paper_id, ())),
        )
    lines = [f"# {INDEX}", "", f"{len(papers)} papers.", ""]
    for facet in codebook.facets:
        lines += [f"## {escaped(facet.name)}", ""]
        for one in facet.categories:
            here = [paper for paper in papers if one.key in paper.keys(facet.key)]
            lines += [f"- {_link(names[facet.key, one.key], one.name)} ({len(here)})"]
            listed = [f"- {_link(linked[p.paper_id], p.title)} ({p.year or 'n. d.'})" for p in here]
            told = [f"# {escaped(one.name)}", "", escaped(one.definition), "", *listed]
            yield names[facet.key, one.key], "\n".join(told) + "\n"
        lines += [""]
    yield INDEX, "\n".join(lines)


def _folder(plural: str) -> str:
    return file_name(plural.capitalize())


def _paper(
    paper: StoredPaper,
    card: Card,
    names: Mapping[tuple[str, str], str],
    remarks: Sequence[Remark],
) -> str:
    filed = [(tag.facet, tag.key) for tag in paper.tags if (tag.facet, tag.key) in names]
    facts = {
        "id": paper.paper_id,
        "title": paper.title,
        "aliases": [paper.title],
        "authors": list(paper.authors),
        "year": paper.year,
        "phases": list(paper.keys("phase")),
        "layers": list(paper.keys("layer")),
        "links": [address for address in links(paper).values() if address],
    }
    front = [f"{name}: {_yaml(value)}" for name, value in facts.items()]
    tags = " · ".join(_link(names[one], names[one].rpartition("/")[2]) for one in filed)
    body = [f"# {escaped(paper.title)}", "", tags, ""]
    if card.tldr:
        body += [escaped(card.tldr), ""]
    parts: tuple[tuple[str, Sequence[Quote]], ...] = (
        ("Findings", card.findings),
        ("Challenges", card.challenges),
        ("Directions", card.directions),
    )
    for heading, quotes in parts:
        if quotes:
            body += [f"## {heading}", "", *(f"- {quoted(one)}" for one in quotes), ""]
    if paper.abstract:
        body += ["## Abstract", "", escaped(paper.abstract), ""]
    body += remark_lines(remarks, "##")
    # Two per cent signs would open a comment.
    shown = "\n".join(body).replace("%%", "%&#37;")
    return "\n".join(["---", *front, "---", "", shown])


def _yaml(value: object) -> str:
    """A value as JSON, which is YAML too, on one line of legible characters."""
    texts: Callable[[object], object] = lambda one: legible(one) if isinstance(one, str) else one  # noqa: E731
    clean = [texts(one) for one in value] if isinstance(value, list) else texts(value)
    return json.dumps(clean, ensure_ascii=False)


def _link(place: str, shown: str) -> str:
    """A wikilink; what would end it or its label is left out of the label."""
    label = " ".join(re.sub(r"[\[\]|#^]", " ", legible(shown)).split())
    return f"[[{place}|{label}]]" if label else f"[[{place}]]"


def _write(path: Path, text: str) -> None:
    """Write one note whole or not at all, above the user's own text."""
    target, kept = path, ""
    for number in range(1, 1_000):
        held = _held(target)
        if held is None:
            break
        _, marker, below = held.partition(f"\n{MARKER}")
        if marker:
            kept = below
            break
        ending = " (Sixfold)" if number == 1 else f" (Sixfold {number})"
        target = path.with_name(f"{path.stem}{ending}.md")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        whole = f"{text.rstrip()}\n\n{MARKER}{kept or chr(10)}"
        part.write_bytes(whole.encode(errors="surrogateescape"))
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _held(path: Path) -> str | None:
    """What a note holds; None where there is none."""
    try:
        return path.read_bytes().decode("utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None
