"""Systematic reviews as they travel in a bundle: rules, sources with their papers, decisions.

A review is the same one here where it has its name and was begun at the same moment: then its
sources, samples and decisions come together, and the question and rules of this library stand.
Another review of the same name is kept beside it, as `name (2)`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from kb.bundle_decisions import coder_name
from kb.bundle_file import REVIEW_SOURCES, REVIEWS, SCREENINGS, BundleReader, BundleWriter
from kb.bundle_lines import (
    FILTERS,
    MOST,
    Values,
    append_new,
    in_line,
    lines,
    mark,
    numbered_names,
    title,
    when,
    write_lines,
)
from kb.bundle_records import (
    Check,
    flag,
    identity,
    listed,
    one_of,
    optional,
    record,
    row,
    text,
    whole,
    wrong,
)
from kb.catalogue.reading import Reader
from kb.catalogue.screening import (
    STAGES,
    Criterion,
    Review,
    Screening,
    Source,
    add_source,
    append_screening,
    put_review,
    read_held,
    read_reviews,
    read_screenings,
    read_sources,
)
from kb.catalogue.screening import Check as Sample
from kb.catalogue.writing import Writer
from kb.quotes import legible
from kb.ranking import MODES
from kb.screening import KINDS, LONGEST_NAME, LONGEST_TEXT, MOST_CODERS, VERDICTS

_NUMBERED = re.compile(r"( \(\d+\))+$")
_name = title(LONGEST_NAME)


@dataclass(frozen=True, slots=True)
class CarriedReviews:
    """What a bundle holds of reviews, checked."""

    reviews: tuple[Review, ...]
    sources: Mapping[str, list[Values]]
    """Review -> its sources, the first one first, with their papers."""
    screenings: Mapping[str, list[Screening]]
    """Review -> its decisions, numbered by their line."""


def _said(value: Any, where: str) -> str:
    told = text(value, where)
    if len(told) > LONGEST_TEXT or legible(told) != told:
        raise wrong(where, f"a line of at most {LONGEST_TEXT} characters")
    return told


def _coders(value: Any, where: str) -> int:
    if not 1 <= whole(value, where) <= MOST_CODERS:
        raise wrong(where, f"1 to {MOST_CODERS}")
    return int(value)


def _many(check: Check) -> Check:
    """As many values as there may be papers."""

    def whole_list(value: Any, where: str) -> list[Any]:
        """The list with each value as `check` gives it back."""
        if type(value) is not list or len(value) > MOST:
            raise wrong(where, "a list")
        return [check(one, where) for one in value]

    return whole_list


_SAMPLE = record(
    {"at": when, "who": coder_name, "papers": _many(identity), "left": whole, "found": whole}
)
_REVIEW: dict[str, Check] = {
    "name": _name,
    "at": when,
    "question": _said,
    "criteria": listed(record({"text": _said, "kind": one_of(KINDS)})),
    "coders": _coders,
    "blind": flag,
    "checks": listed(_SAMPLE),
}
_SEARCH: dict[str, Check] = {
    "query": text,
    "filters": FILTERS,
    "mode": one_of(MODES),
    "total": whole,
}
_DETAILS: dict[str, Check] = {
    "search": record(_SEARCH, {"most": optional(whole), "searched": when, "logged": whole}),
    "collection": record({"name": text}),
    "library": record({"filters": FILTERS}),
    "papers": record({"named": whole}),
}


def _any(value: Any, where: str) -> Any:  # noqa: ARG001 - a check's form
    """Checked as soon as the kind is known."""
    return value


_SOURCE: dict[str, Check] = {
    "review": _name,
    "at": when,
    "who": coder_name,
    "kind": one_of(tuple(_DETAILS)),
    "details": _any,
    "found": whole,
    "papers": _many(row(identity, text)),
}
_SCREENING: dict[str, Check] = {
    "at": when,
    "who": coder_name,
    "review": _name,
    "paper_id": identity,
    "stage": one_of(STAGES),
    "verdict": one_of((*VERDICTS["full_text"], "undo")),
    "reason": _said,
    "settles": flag,
    "undoes": optional(whole),
}


def write_reviews(writer: BundleWriter, reader: Reader) -> None:
    """Three members, none of them where there is nothing to tell."""
    connection = reader.connection
    held = read_reviews(connection)
    write_lines(writer, REVIEWS, map(asdict, held.values()))
    write_lines(writer, REVIEW_SOURCES, (one for name in held for one in _sources(reader, name)))
    log = [one for name in held for one in read_screenings(connection, name)]
    # By time, whatever order two libraries' logs were put together in.
    log = in_line(sorted(log, key=lambda one: one.order), "undoes")
    names = tuple(_SCREENING)
    write_lines(writer, SCREENINGS, ({name: getattr(one, name) for name in names} for one in log))


def _sources(reader: Reader, review: str) -> Iterator[Values]:
    """A review's sources as they travel."""
    papers: defaultdict[int, list[list[str]]] = defaultdict(list)
    for one in read_held(reader.connection, review):
        papers[one.source].append([one.paper_id, one.title])
    for source in read_sources(reader.connection, review):
        facts = asdict(source)
        yield {"review": review, "papers": papers[facts.pop("n")], **facts}


def read_carried_reviews(reader: BundleReader) -> CarriedReviews:
    """The reviews that a bundle carries, checked. Raises BundleError."""
    reviews = [_review(value) for value, _ in lines(reader, REVIEWS, _REVIEW, ("name",))]
    names = {one.name for one in reviews}
    sources: defaultdict[str, list[Values]] = defaultdict(list)
    for value, where in lines(reader, REVIEW_SOURCES, _SOURCE):
        value["details"] = _DETAILS[value["kind"]](value["details"], f"{where}.details")
        sources[value["review"]].append(value)
    log: list[Screening] = []
    for value, where in lines(reader, SCREENINGS, _SCREENING):
        one = Screening(**value, n=len(log) + 1)
        _check(one, log, where)
        log.append(one)
    said: defaultdict[str, list[Screening]] = defaultdict(list)
    for one in log:
        said[one.review].append(one)
    for name in (*sources, *said):
        if name not in names:
            raise wrong(f"the review {name!r}", f"told in {REVIEWS}")
    return CarriedReviews(tuple(reviews), sources, said)


def keep_reviews(writer: Writer, reader: BundleReader) -> None:
    """Add the reviews that are new, and to those that are here what is new of them.

    Raises BundleError.
    """
    carried = read_carried_reviews(reader)
    connection = writer.connection
    homes: set[str] = set()
    for one in carried.reviews:
        held = read_reviews(connection)
        name = _home(one, {key: here for key, here in held.items() if key not in homes}, held)
        homes.add(name)
        here = held.get(name, replace(one, name=name))
        samples = {sample.at: sample for sample in (*one.checks, *here.checks)}
        checks = tuple(samples[at] for at in sorted(samples))
        if name not in held or checks != here.checks:
            put_review(connection, replace(here, checks=checks))
        _keep_sources(writer, name, carried.sources.get(one.name, ()))
        said = [replace(entry, review=name) for entry in carried.screenings.get(one.name, ())]
        log = sorted(read_screenings(connection, name), key=lambda entry: entry.order)
        append_new(log, said, "undoes", lambda entry: append_screening(connection, entry))


def _home(one: Review, others: Mapping[str, Review], held: Collection[str]) -> str:
    """What the review is called here: as it is held, else the first name that is free.

    Takes: others, the reviews here that no other one of the bundle is; held, all names.
    """
    root = _NUMBERED.sub("", one.name)
    same = [
        here.name
        for here in others.values()
        if here.at == one.at and _NUMBERED.sub("", here.name) == root
    ]
    if same:
        return one.name if one.name in same else same[0]
    return next(name for name in numbered_names(one.name, LONGEST_NAME) if name not in held)


def _keep_sources(writer: Writer, review: str, carried: Iterable[Values]) -> None:
    here = _marked(_sources(writer, review))
    for name, value in _marked(carried).items():
        if name not in here:
            facts = {key: value[key] for key in Source.__slots__ if key != "n"}
            held = [(paper, told) for paper, told in value["papers"]]
            add_source(writer.connection, review, Source(0, **facts), held)


def _marked(sources: Iterable[Values]) -> dict[str, Values]:
    """The sources by what they say, whatever their review is called."""
    seen: Counter[str] = Counter()
    return {mark(seen, {**one, "review": ""}): one for one in sources}


def _review(value: Values) -> Review:
    criteria = tuple(Criterion(**one) for one in value.pop("criteria"))
    checks = tuple(Sample(**one | {"papers": tuple(one["papers"])}) for one in value.pop("checks"))
    return Review(**value, criteria=criteria, checks=checks)


def _check(one: Screening, before: Sequence[Screening], where: str) -> None:
    if before and one.order[:2] < before[-1].order[:2]:
        raise wrong(where, "in order of time")
    if one.verdict not in (*VERDICTS[one.stage], "undo"):
        raise wrong(f"{where}.verdict", f"one of the stage {one.stage}")
    if one.is_undo != (one.undoes is not None):
        raise wrong(f"{where}.undoes", "a line where the verdict is undo, else null")
    if one.undoes is not None:
        known = 1 <= one.undoes <= len(before)
        undone = before[one.undoes - 1] if known else None
        if undone is None or (undone.review, undone.paper_id) != (one.review, one.paper_id):
            raise wrong(f"{where}.undoes", "an earlier line on the same paper of the review")
