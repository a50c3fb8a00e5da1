"""Labelling one paper at a time: what to show of it, what is said, and how far one has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from kb.catalogue import StoredPaper
from kb.catalogue.decisions import Decision, read_log
from kb.catalogue.filing import effective
from kb.catalogue.standing import group_ids, own_papers, tag_rows
from kb.catalogue.today import by_coder_today, stand_ins
from kb.catalogue.undoing import in_force
from kb.catalogue.values import StoredPassage, StoredTag
from kb.coders import codings
from kb.decisions import Verdict
from kb.library import Library
from kb.queue import Pair, origins, pairs_of, thresholds
from taxonomy.agreement import cohen_kappa
from taxonomy.codebook import Category

_FIRST = 3  # passages shown of a paper that has neither abstract nor digest


@dataclass(frozen=True, slots=True)
class Ask:
    """One category asked of one paper."""

    facet: str
    category: Category
    score: float | None
    """The machine's probability; None where it has none."""
    threshold: float
    """From which it gives the tag."""
    words: tuple[str, ...]
    """The words that carried its decision."""
    suggested: str
    """`yes` where the machine gives the tag, else `no`."""
    said: str
    """What this coder has decided before: `yes`, `no` or ""."""

    @property
    def place(self) -> Pair:
        """(facet, key)."""
        return self.facet, self.category.key


@dataclass(frozen=True, slots=True)
class Sheet:
    """One paper as a coder is shown it. What others decided is not on it: coders are blind."""

    paper: StoredPaper
    asks: tuple[Ask, ...]
    passages: tuple[StoredPassage, ...]
    """The first of its text, where it has neither abstract nor digest."""

    @property
    def complete(self) -> bool:
        """True where this coder has decided every category asked."""
        return all(ask.said for ask in self.asks)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one coder has come."""

    papers: int
    """In the library."""
    decided: int
    """Of them, on which this coder has decided anything."""
    today: int
    """Of them, today (UTC)."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """How far two say the same, over all categories together."""

    who: tuple[str, str]
    n: int
    """Verdicts that both gave."""
    share: float
    """Of them, the same: 0 to 1."""
    kappa: float


def sheet(library: Library, number: int, who: str, facet: str = "") -> Sheet:
    """A paper by its number, with every category of a facet, or of all without one."""
    codebook = library.codebook
    asked = pairs_of(library, facet)
    limits = thresholds(library, asked).tolist()
    with library.catalogue.read() as reader:
        paper = reader.papers([number])[number]
        scores = reader.extras(number)[2]
        rows = [row for row in tag_rows(reader.connection, [number]) if row.by == "machine"]
        machine = effective(rows, reader.filing).get(number, ())
        log = read_log(reader.connection, group_ids(reader.connection, paper.paper_id))
        stands = stand_ins(reader.connection) if log else {}
        mine = by_coder_today(log, stands, reader.filing).get(who, {})
        bare = not paper.abstract and not paper.digest
        held = reader.passages_of([number]).get(number, []) if bare else []
    given = {(tag.facet, tag.key): tag for tag in machine}
    asks = []
    before = origins(library, asked)
    for (of, key), (_, old), limit in zip(asked, before, limits, strict=True):
        tag, said = given.get((of, key)), mine.get((paper.paper_id, of, key))
        score = tag.score if tag else scores.get(of, {}).get(old)
        category = codebook.facet(of).category(key)
        asks.append(_ask(of, category, score, limit, tag, said.verdict if said else ""))
    shown = tuple(one for one in held if one.section != "Title")[:_FIRST]
    return Sheet(paper, tuple(asks), shown)


def _ask(
    facet: str,
    category: Category,
    score: float | None,
    limit: float,
    tag: StoredTag | None,
    said: str,
) -> Ask:
    words = tag.evidence if tag else ()
    return Ask(facet, category, score, limit, words, "yes" if tag else "no", said)


def answer(ask: Ask, clicked: Mapping[Pair, str]) -> str:
    """What stands for a category now: as clicked, else as said before, else as suggested."""
    return clicked.get(ask.place) or ask.said or ask.suggested


def verdicts(shown: Sheet, clicked: Mapping[Pair, str], *, only: bool) -> list[Verdict]:
    """What to record: every answer as it stands, or `only` those clicked."""
    paper = shown.paper.paper_id
    if only:
        known = {ask.place for ask in shown.asks}
        return [Verdict(paper, *place, say) for place, say in clicked.items() if place in known]
    said = [Verdict(paper, *ask.place, answer(ask, clicked)) for ask in shown.asks]
    facets = dict.fromkeys(ask.facet for ask in shown.asks)
    return said + [Verdict(paper, facet, "", "done") for facet in facets]


def standing(library: Library, who: str) -> Standing:
    """How far a coder has come."""
    today = library.now()[:10]
    with library.catalogue.read() as reader:
        total = own_papers(reader.connection)
        mine = [one for one in in_force(read_log(reader.connection)) if one.who == who]
        stands = stand_ins(reader.connection)
        days = {(stands.get(one.paper_id, one.paper_id), one.at[:10]) for one in mine}
        held = reader.numbers({paper for paper, _ in days})
    fresh = {paper for paper, day in days if day == today}
    return Standing(total, len(held), len(fresh & held.keys()))


def with_machine(library: Library, who: str) -> Agreed | None:
    """A coder and the machine, as it scored when they decided; None where there is nothing."""
    mine = codings(library).coders.get(who, {})
    known = pairs_of(library, "")
    limits = dict(zip(known, thresholds(library, known).tolist(), strict=True))
    judged = [one for one in mine.values() if one.score is not None]
    judged = [one for one in judged if (one.facet, one.key) in limits]
    machine = ["yes" if _passes(one, limits) else "no" for one in judged]
    return _agreed((who, "the machine"), [one.verdict for one in judged], machine)


def _passes(one: Decision, limits: Mapping[Pair, float]) -> bool:
    return one.score is not None and one.score >= limits[one.facet, one.key]


def between_coders(library: Library) -> list[Agreed]:
    """Every two coders who have decided on the same; those with most in common first."""
    held = codings(library).coders
    found = []
    for one, other in combinations(sorted(held), 2):
        both = sorted(held[one].keys() & held[other].keys())
        first, second = ([held[who][place].verdict for place in both] for who in (one, other))
        agreed = _agreed((one, other), first, second)
        found += [agreed] if agreed else []
    return sorted(found, key=lambda pair: (-pair.n, pair.who))


def _agreed(who: tuple[str, str], first: list[str], second: list[str]) -> Agreed | None:
    if not first:
        return None
    same = sum(a == b for a, b in zip(first, second, strict=True))
    return Agreed(who, len(first), same / len(first), cohen_kappa(first, second))
