"""The papers behind the evidence, as BibTeX and RIS."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kb.exports.graphs import manifest
from kb.exports.latex import escaped
from kb.lattice import PaperFacts
from kb.maps import ChallengeMap
from kb.quotes import legible


def as_bibtex(chart: ChallengeMap, papers: Mapping[str, PaperFacts]) -> bytes:
    """One entry a paper; titles in double braces, so that styles keep their capitals."""
    # Outside of entries BibTeX ignores everything but an @.
    about = manifest(chart).replace("@", "\\u0040")
    entries = [f"% Sixfold challenge map {about}\n"]
    taken: set[str] = set()
    for facts in _cited(chart, papers):
        fields = {
            "title": f"{{{escaped(facts.title)}}}",
            "author": " and ".join(_bibtex_name(name) for name in facts.authors),
            "year": str(facts.year or ""),
            "eprint": escaped(facts.arxiv_id),
            "archiveprefix": "arXiv" if facts.arxiv_id else "",
            "primaryclass": escaped(facts.categories[0]) if facts.categories else "",
            "doi": escaped(facts.doi),
            "url": _url(facts.url),
        }
        lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
        entries.append(f"@misc{{{_key(facts, taken)},\n" + ",\n".join(lines) + "\n}\n")
    return "\n".join(entries).encode()


def as_ris(chart: ChallengeMap, papers: Mapping[str, PaperFacts]) -> bytes:
    """One record a paper, CRLF lines."""
    lines: list[str] = []
    for facts in _cited(chart, papers):
        tags = [("TY", "GEN"), ("ID", facts.paper_id), ("TI", facts.title)]
        tags += [("AU", name) for name in facts.authors]
        tags += [("PY", str(facts.year or "")), ("DO", facts.doi), ("UR", facts.url)]
        tags += [("AN", f"arXiv:{facts.arxiv_id}" if facts.arxiv_id else "")]
        tags += [("N1", f"Sixfold generation {chart.meta['generation']}")]
        clean = [(tag, legible(value)) for tag, value in tags]
        lines += [f"{tag}  - {value}" for tag, value in clean if value]
        lines += ["ER  - ", ""]
    return "\r\n".join(lines).encode()


def _cited(chart: ChallengeMap, papers: Mapping[str, PaperFacts]) -> list[PaperFacts]:
    """The papers that any edge quotes, by id."""
    cited = sorted({edge.paper_id for edge in chart.edges})
    return [papers[paper] for paper in cited if paper in papers]


def _bibtex_name(name: str) -> str:
    """A name that BibTeX reads as one person: braces where it would split it otherwise."""
    clean = escaped(name)
    # " and " separates persons and a comma separates the parts of one.
    splits = re.search(r"\band\b", clean, re.IGNORECASE) or clean.count(",") > 1
    return f"{{{clean}}}" if splits else clean


def _key(facts: PaperFacts, taken: set[str]) -> str:
    """A citation key of letters, digits and `-`, unique among `taken`, which it joins."""
    base = re.sub(r"[^A-Za-z0-9]+", "-", facts.paper_id).strip("-") or "paper"
    key, number = base, 2
    while key in taken:
        key, number = f"{base}-{number}", number + 1
    taken.add(key)
    return key


def _url(url: str) -> str:
    """`url` for a `url` field, which is printed verbatim: what could end it is encoded."""
    return re.sub(r"[{}\\\s%\x00-\x20]", lambda m: f"%{ord(m.group()):02X}", legible(url))
