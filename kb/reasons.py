"""Why a question is refused, said so that the person can do something about it."""

from __future__ import annotations

from kb.asking import Inquiry
from kb.catalogue import Filters
from kb.library import Library
from kb.question import PLAIN
from kb.refusal import load_refusal
from kb.support import missing_terms


def reason_for(library: Library, found: Inquiry, filters: Filters, chance: float) -> str:
    """Why not to answer, and what was searched; "" where an answer is due.

    `chance` is the refusal model's for `found`.
    """
    searched = _searched(found, filters)
    if not found.pool.passing:
        fix = "Fewer filters may help." if filters else "Add papers with kb add."
        return f"No paper passes the filters. {fix}" if filters else f"The library is empty. {fix}"
    if not found.pool.candidates:
        return f"Nothing was found. {searched}"
    years = _years_outside(library, found)
    if years:
        return f"{years} {searched}"
    if found.unsaid:
        return f"{found.unsaid} {searched}"
    model = load_refusal()
    if chance >= model.threshold:
        return ""
    shares = model.shares(found.signs)
    worst = min(shares, key=lambda name: shares[name])
    return f"{_told(worst, found)} {searched}"


def _told(worst: str, found: Inquiry) -> str:
    """What the sign that speaks most against an answer means, in words."""
    lacking = missing_terms(found.question, found.pool)
    words = ", ".join(f"“{one}”" for one in lacking)
    if worst == "sweeping":
        return "The question takes something for granted that no sentence found states" + (
            f" (not in the nearest paper: {words})." if words else "."
        )
    if worst in ("near", "sentence") or not lacking:
        return "No paper here is near enough to the question to answer it."
    if worst == "figure_missing":
        return "An amount is asked for, and no sentence near the question states one."
    if worst == "together":
        return f"No single paper brings together what is asked; the nearest lacks {words}."
    return f"The papers nearest to the question say nothing of {words}."


def _years_outside(library: Library, found: Inquiry) -> str:
    """A sentence on years asked for that no paper here is from and none speaks of; else ""."""
    held = library.snapshot().table.year
    known = held[held > 0]
    if not found.question.years or not len(known):
        return ""
    first, last = int(known.min()), int(known.max())
    spoken = frozenset(word for one in found.pool.candidates[:5] for word in one.words)
    outside = [
        year
        for year in found.question.years
        if not first <= year <= last and str(year) not in spoken
    ]
    if not outside:
        return ""
    named = ", ".join(map(str, outside))
    return f"The question names {named}; the papers here are from {first} to {last}."


def _searched(found: Inquiry, filters: Filters) -> str:
    """What was searched, in one sentence."""
    told = [term for term in found.question.terms if term.text.lower() not in PLAIN]
    terms = [term.text for term in sorted(told, key=lambda t: -t.weight)[:6]]
    narrowed = ", ".join(
        f"{name} {' or '.join(map(str, value)) if isinstance(value, list | tuple) else value}"
        for name, value in filters.to_json().items()
    )
    within = f" that pass the filters ({narrowed})" if narrowed else ""
    noun = "paper" if found.pool.passing == 1 else "papers"
    return (
        f"Searched {found.pool.passing:,} {noun}{within} by meaning and by the words "
        f"{', '.join(terms) or 'of the question'}; looked into {len(found.pool.candidates):,}."
    )
