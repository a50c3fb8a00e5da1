"""Codings and decisions as files: in from another coder's laptop, out to it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kb.bundle_decisions import from_values, keep_log, to_values
from kb.bundle_taxonomy import keys_of
from kb.catalogue.decisions import Decision, read_log
from kb.decisions import Verdict, record
from kb.errors import BundleError, UsageError
from kb.library import Library
from kb.whole_file import asked_for, require_free
from taxonomy.edition import Edition

ID_FIELDS = ("id", "paper_id", "arxiv_id", "doi")

SEPARATOR = ";"
"""Between the keys in one cell of a CSV file."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came in from a file."""

    lines: int
    decisions: int
    """Logged; what was here already is not logged again."""
    papers: int
    """Of the library that the file spoke of."""
    failed: tuple[dict[str, str], ...]
    """{item, step, error} of lines that name a paper which is not here."""

    def to_json(self) -> dict[str, Any]:
        """The figures as the command line prints them."""
        return {
            "lines": self.lines,
            "decisions": self.decisions,
            "papers": self.papers,
            "failed": list(self.failed),
        }


def load_codings(library: Library, path: Path, who: str = "", why: str = "") -> Loaded:
    """Log what a file says, in one transaction.

    A line `{id, phases, layers}` (or a CSV row, keys joined by ";") is a whole coding of
    each facet that it names: what it lists is yes, all else of that facet no. A line with
    a `verdict` is a decision as `save_log` writes it, and keeps its own coder and time.
    Papers that are not held are reported, the rest goes in. Raises UsageError for a file
    that cannot be read, an unknown key, or lines of both kinds.
    """
    values = list(_lines(path))
    if values and "verdict" in values[0][0]:
        return _load_log(library, values)
    edition = library.edition
    said: list[Verdict] = []
    papers: set[str] = set()
    failed: list[dict[str, str]] = []
    for value, where in values:
        verdicts = _coding(edition, value, where)
        try:
            with library.catalogue.read() as reader:
                number = library.number(verdicts[0].paper_id)
                paper = reader.papers([number])[number].paper_id
        except UsageError as error:
            failed.append({"item": where, "step": "find", "error": error.message})
            continue
        papers.add(paper)
        said += [Verdict(paper, one.facet, one.key, one.verdict) for one in verdicts]
    logged = record(library, said, who=who, why=why or f"coding from {path.name}") if said else []
    return Loaded(len(values), len(logged), len(papers), tuple(failed))


def _coding(edition: Edition, value: Mapping[str, Any], where: str) -> list[Verdict]:
    name = next((str(value[field]) for field in ID_FIELDS if value.get(field)), "")
    facets = [facet for facet in edition.facets if facet.plural in value]
    if not name or not facets:
        plurals = ", ".join(facet.plural for facet in edition.facets)
        raise _wrong(where, f"no id, or none of {plurals}")
    out: list[Verdict] = []
    for facet in facets:
        given = value[facet.plural]
        keys = given.split(SEPARATOR) if isinstance(given, str) else given
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise _wrong(where, f"{facet.plural} is no list of keys")
        for key in (one.strip() for one in keys if one.strip()):
            now = edition.current(facet.key, key)  # a coding may be older than a renaming
            if not now:
                raise _wrong(where, f"unknown {facet.key} {key}; known: {', '.join(facet.keys)}")
            out.append(Verdict(name, facet.key, now, "yes"))
        out.append(Verdict(name, facet.key, "", "done"))
    return out


def _load_log(library: Library, values: list[tuple[Mapping[str, Any], str]]) -> Loaded:
    try:
        log = from_values(values, keys_of(library))
    except BundleError as error:
        told = error.message.removeprefix("damaged bundle: ")
        raise _wrong(error.item, told) from error
    with library.writing(), library.catalogue.write() as writer:
        logged, changed = keep_log(writer, log)
        held = writer.numbers({one.paper_id for one in log})
        if not (logged or changed):
            writer.keep_generation()
    return Loaded(len(values), logged, len(held), ())


def save_log(library: Library, path: Path) -> int:
    """Write the log as JSON lines, in order of time. Returns how many there are."""
    with library.catalogue.read() as reader:
        log: list[Decision] = read_log(reader.connection)
    require_free(path)
    part = path.with_name(path.name + ".part")
    with asked_for(path):
        part.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("w", encoding="utf-8", newline="\n") as stream:
                stream.writelines(
                    json.dumps(one, ensure_ascii=False) + "\n" for one in to_values(log)
                )
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    return len(log)


def _lines(path: Path) -> Iterator[tuple[Mapping[str, Any], str]]:
    """(values, where they stand) of each line of a JSONL or CSV file. Raises UsageError."""
    if not path.is_file():
        raise UsageError(
            f"there is no file {path}",
            item=str(path),
            remedy="give lines of {id, phases, layers}, or a CSV file with these columns",
            code="not_found",
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(path.name, "not UTF-8 text") from error
    if path.suffix.lower() == ".csv":
        for number, row in enumerate(csv.DictReader(io.StringIO(text, newline="")), 2):
            yield {key: value or "" for key, value in row.items() if key}, f"{path.name}:{number}"
        return
    # Not splitlines: a reason may hold a line separator of Unicode's.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path.name}:{number}"
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _wrong(where, f"not JSON ({error})") from error
        if not isinstance(value, dict):
            raise _wrong(where, "no JSON object")
        yield value, where


def _wrong(where: str, what: str) -> UsageError:
    return UsageError(
        f"{where}: {what}",
        item=where,
        remedy="mend the line; nothing was changed",
        code="bad_coding",
    )
