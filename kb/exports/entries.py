"""Papers as bibliographies cite them, and the keys they are cited by."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.bibliography_record import published
from ingest.names import family_name
from kb.catalogue import StoredPaper
from kb.catalogue.many_papers import Named
from kb.lattice import PaperFacts

# Words that say nothing of a paper when they open its title.
_PLAIN = frozenset(
    "a an and are at be by can do does for from how in into is it its of on or the to towards"
    " toward using via we what when where which who why with".split()
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a bibliography says of one paper."""

    paper_id: str
    title: str
    authors: tuple[str, ...] = ()
    """In reading order."""
    published: str = ""
    """ISO date as precise as known."""
    abstract: str = ""
    doi: str = ""
    arxiv_id: str = ""
    version: str = ""
    """Version of the arXiv paper, e.g. `v2`."""
    categories: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    """Effective keys."""
    layers: tuple[str, ...] = ()
    url: str = ""

    @property
    def year(self) -> str:
        """Year of publication; "" where unknown."""
        return self.published[:4]

    @property
    def named_by_its_ids(self) -> bool:
        """True where arXiv id or DOI alone give the paper's id back."""
        return self.paper_id == (self.arxiv_id or (f"doi:{self.doi}" if self.doi else ""))

    @property
    def keywords(self) -> tuple[str, ...]:
        """Its categories and tags, as reference managers take keywords."""
        phases = tuple(f"phase:{key}" for key in self.phases)
        return (*self.categories, *phases, *(f"layer:{key}" for key in self.layers))


def entry_of(paper: StoredPaper) -> Entry:
    """The entry of a paper in the catalogue."""
    return Entry(
        paper.paper_id,
        paper.title,
        paper.authors,
        # Of a bundle, or an older library, it may be any text.
        published(paper.published) or str(paper.year or ""),
        paper.abstract,
        paper.doi,
        paper.arxiv_id,
        paper.version,
        paper.categories,
        paper.keys("phase"),
        paper.keys("layer"),
        paper.url,
    )


def named_entry(paper: Named) -> Entry:
    """The entry of a paper, as far as its citation key needs it."""
    when = published(paper.published) or str(paper.year or "")
    return Entry(paper.paper_id, paper.title, paper.authors, when)


def cited_entry(facts: PaperFacts) -> Entry:
    """The entry of a paper on a map."""
    return Entry(
        facts.paper_id,
        facts.title,
        facts.authors,
        published(facts.published) or str(facts.year or ""),
        doi=facts.doi,
        arxiv_id=facts.arxiv_id,
        categories=facts.categories,
        phases=facts.phases,
        layers=facts.layers,
        url=facts.url,
    )


def citation_keys(entries: Iterable[Entry]) -> dict[str, str]:
    """paper_id -> citation key: family name, year and a word of the title, `berg2025testing`.

    Give all papers of a library, the first added first: then a paper keeps its key whatever
    else is exported or added later. One whose key is taken gets four digits of its id's hash.
    """
    keys: dict[str, str] = {}
    taken: set[str] = set()
    for one in entries:
        base = key = _base(one)
        digest = hashlib.sha256(one.paper_id.encode(errors="backslashreplace")).hexdigest()
        length = 4
        while key in taken:
            key, length = f"{base}-{digest[:length]}", length + 1
        taken.add(key)
        keys[one.paper_id] = key
    return keys


def _base(entry: Entry) -> str:
    family = _letters(family_name(entry.authors[0])) if entry.authors else "anon"
    words = map(_letters, re.split(r"[^\w']+", entry.title))
    word = next((word for word in words if word and word not in _PLAIN), "")
    # A family name that ASCII cannot spell leaves nothing to begin with.
    return f"{family[:30] or 'paper'}{entry.year}{word[:30]}"


def _letters(text: str) -> str:
    """The letters and digits of ASCII in `text`, without accents, in lower case."""
    bare = unicodedata.normalize("NFKD", text).lower()
    return re.sub(r"[^a-z0-9]", "", bare)
