r"""The PDFs that a bibliography names in its `file` fields, or that lie beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from ingest.bibliography_record import Record
from ingest.errors import IngestError
from ingest.records import Paper, Parsed, ParseNote
from ingest.sources import attach, encodable

_KIND = re.compile(r"(?:[a-z]+/[\w.+-]+|[A-Za-z]{2,10}(?:\s[\w ]+)?)?")
_ESCAPED = re.compile(r"\\([\\:;_&%#{}$ ])")
MOST_BESIDE = 20_000
"""PDFs looked at beside a bibliography; no folder of papers holds more."""


def file_paths(value: str) -> tuple[str, ...]:
    r"""The paths in a `file` field.

    JabRef writes `label:path:PDF`, Zotero `label:path:application/pdf`, Mendeley
    `:path:pdf`, others the path alone; several are parted by `;`, and `\:` and `\;` are
    characters of the path.
    """
    found = []
    for one in re.split(r"(?<!\\);", value):
        parts = re.split(r"(?<!\\):", one.strip())
        typed = len(parts) > 2 and _KIND.fullmatch(parts[-1])
        path = ":".join(parts[1:-1]) if typed else ":".join(parts)
        if path.strip():
            found.append(path.strip())
    return tuple(found)


@dataclass(frozen=True)
class Shelf:
    """Where the PDFs of one bibliography are looked for, and what reads them."""

    bibliography: Path
    read: Callable[[Path], Parsed]

    def with_pdf(self, paper: Paper, record: Record) -> Paper:
        """The paper with its PDF's text; where that fails, with a note of why."""
        path = self._located(paper, record)
        if path is None:
            named = [one for one in record.files if one.lower().endswith(".pdf")]
            return _noted(paper, f"{named[0]}: There is no such file.") if named else paper
        try:
            return attach(paper, self.read(path), path)
        except (IngestError, OSError) as error:
            told = error.message if isinstance(error, IngestError) else str(error)
            remedy = error.remedy if isinstance(error, IngestError) else ""
            return _noted(paper, f"{path.name}: {told} {remedy}".strip())

    def _located(self, paper: Paper, record: Record) -> Path | None:
        """The PDF that the entry names and that is there, else one beside named after it."""
        for written in record.files:
            for spelling in _spellings(written):
                path = self.bibliography.parent / spelling
                if _is_pdf(path):
                    return path
        # Moved to another machine, the path is wrong but the name is not.
        spelled = [path for one in record.files for path in _spellings(one)[:2]]
        names = [re.split(r"[/\\]", path)[-1] for path in spelled]
        names = [name for name in names if name.lower().endswith(".pdf")]
        arxiv = paper.arxiv_id.replace("/", "_")
        stems = (record.key, arxiv, arxiv + paper.version, paper.doi.replace("/", "_"))
        names += [f"{stem}.pdf" for stem in stems if stem]
        return next((self._beside[n.lower()] for n in names if n.lower() in self._beside), None)

    @cached_property
    def _beside(self) -> dict[str, Path]:
        """Name in lower case -> PDF, of the folders that go with the bibliography."""
        home = self.bibliography.parent
        found: dict[str, Path] = {}
        for folder in (home / self.bibliography.stem, home / "files"):
            root = folder.resolve()
            below = sorted(folder.rglob("*"))[:MOST_BESIDE] if folder.is_dir() else []
            for path in below:
                if _is_pdf(path) and path.resolve().is_relative_to(root):
                    found.setdefault(path.name.lower(), path)
        return found


def _noted(paper: Paper, why: str) -> Paper:
    """The paper with a note that its PDF could not be attached."""
    note = ParseNote("no_pdf", encodable(why))
    return replace(paper, warnings=(*paper.warnings, note))


def _spellings(written: str) -> list[str]:
    r"""A path as it may be meant: without `file://`, escapes, braces or back slashes."""
    bare = re.sub(r"^file:(?://(?:localhost)?(?=/))?", "", written)
    if bare != written:
        bare = unquote(bare)
    unescaped = _ESCAPED.sub(r"\1", bare).replace("{", "").replace("}", "")
    spelled = [bare, unescaped, unescaped.replace("\\", "/"), bare.replace("\\", "/")]
    # Mendeley leaves out the first slash.
    return list(dict.fromkeys([*spelled, f"/{unescaped}"]))


def _is_pdf(path: Path) -> bool:
    try:
        return path.suffix.lower() == ".pdf" and path.is_file()
    except (OSError, ValueError):  # a name too long for any disk, or with a NUL
        return False
