"""Papers as BibTeX and RIS: those of a library, or those behind the evidence of a map."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ingest.names import Name, parts_of
from kb.exports.entries import Entry, citation_keys, cited_entry
from kb.exports.graphs import manifest
from kb.exports.latex import escaped
from kb.lattice import PaperFacts
from kb.maps import ChallengeMap
from kb.quotes import legible

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
# Names that BibTeX would take apart: they go in braces.
_SUFFIX = re.compile(r",\s*(?:jr|sr|i{2,3}|iv)\.?\s*$", re.IGNORECASE)


def bibtex(entries: Iterable[Entry], keys: Mapping[str, str]) -> str:
    """One entry a paper, cited by `keys`; titles in double braces, to keep their capitals."""
    return "\n".join(_bibtex_entry(one, keys[one.paper_id]) for one in entries)


def ris(entries: Iterable[Entry], notes: Sequence[str] = ()) -> str:
    """One record a paper, CRLF lines; every record carries the notes."""
    lines: list[str] = []
    for one in entries:
        clean = [(tag, legible(value)) for tag, value in _ris_tags(one, notes)]
        lines += [f"{tag}  - {value}" for tag, value in clean if value]
        lines += ["ER  - ", ""]
    return "\r\n".join(lines)


def as_bibtex(chart: ChallengeMap, papers: Mapping[str, PaperFacts]) -> bytes:
    """The papers that a map quotes, with the map's manifest above."""
    # Outside of entries BibTeX ignores everything but an @.
    about = manifest(chart).replace("@", "\\u0040")
    keys = citation_keys(cited_entry(facts) for facts in papers.values())
    return f"% Sixfold challenge map {about}\n\n{bibtex(_cited(chart, papers), keys)}".encode()


def as_ris(chart: ChallengeMap, papers: Mapping[str, PaperFacts]) -> bytes:
    """The papers that a map quotes; the first record carries the map's manifest as a note."""
    cited = _cited(chart, papers)
    first = ris(cited[:1], [f"Sixfold challenge map {manifest(chart)}"])
    return (first + ris(cited[1:], [f"Sixfold generation {chart.meta['generation']}"])).encode()


def _cited(chart: ChallengeMap, papers: Mapping[str, PaperFacts]) -> list[Entry]:
    """The papers that any edge quotes, by id."""
    cited = sorted({edge.paper_id for edge in chart.edges})
    return [cited_entry(papers[paper]) for paper in cited if paper in papers]


def _bibtex_entry(entry: Entry, key: str) -> str:
    month, day = entry.published[5:7], entry.published[8:10]
    fields = {
        "title": f"{{{escaped(entry.title)}}}",
        "author": " and ".join(_bibtex_name(name) for name in entry.authors),
        "year": entry.year,
        "month": _MONTHS[int(month) - 1] if month else "",
        "day": day.lstrip("0"),
        "eprint": escaped(entry.arxiv_id),
        "archiveprefix": "arXiv" if entry.arxiv_id else "",
        "primaryclass": escaped(entry.categories[0]) if entry.categories else "",
        "doi": _verbatim(entry.doi),
        "url": _verbatim(entry.url),
        "abstract": escaped(entry.abstract),
        "keywords": ", ".join(escaped(word) for word in entry.keywords),
        # BibTeX prints no field that it does not know.
        "sixfoldid": "" if entry.named_by_its_ids else entry.paper_id,
    }
    lines = [
        f"  {name} = {value if name == 'month' else f'{{{value}}}'}"
        for name, value in fields.items()
        if value
    ]
    return f"@misc{{{key},\n" + ",\n".join(lines) + "\n}\n"


def _bibtex_name(name: str) -> str:
    """A name that BibTeX reads as one person: braces where it would split it otherwise."""
    clean = escaped(name)
    # " and " separates persons and a comma separates the parts of one.
    splits = re.search(r"\band\b", clean, re.IGNORECASE) or clean.count(",") > 1
    group = " " in name and not parts_of(name).family
    if splits or _SUFFIX.search(name) or (group and "," not in name) or name.lower() == "others":
        return f"{{{clean}}}"
    return clean


def _ris_tags(entry: Entry, notes: Sequence[str]) -> list[tuple[str, str]]:
    return [
        ("TY", "GEN"),
        ("ID", entry.paper_id),
        # Tells our own import that ID is the paper's id.
        ("DB", "Sixfold"),
        ("TI", entry.title),
        *(("AU", _ris_name(parts_of(name))) for name in entry.authors),
        ("PY", entry.year),
        ("DA", entry.published.replace("-", "/")),
        ("DO", entry.doi),
        ("UR", entry.url),
        ("AN", f"arXiv:{entry.arxiv_id}" if entry.arxiv_id else ""),
        ("AB", entry.abstract),
        *(("KW", word) for word in entry.keywords),
        *(("N1", note) for note in notes),
    ]


def _ris_name(name: Name) -> str:
    """`Family, Given, Suffix`, as RIS wants it."""
    if name.literal:
        return name.literal
    family = " ".join(part for part in (name.particle, name.family) if part)
    return ", ".join(part for part in (family, name.given, name.suffix) if part)


def _verbatim(text: str) -> str:
    """An address or DOI, which is printed verbatim: what could end the field is encoded."""
    return re.sub(r"[{}\\\s%\x00-\x20]", lambda m: f"%{ord(m.group()):02X}", legible(text))
