"""Papers as a reading list in Markdown, grouped by lifecycle phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kb.card import Quote
from kb.catalogue import StoredPaper
from kb.exports.report import escaped
from kb.remarks import Remark
from taxonomy.codebook import Codebook

Challenges = Mapping[str, Sequence[Quote]]
"""Paper id -> the challenges that it states."""

Remarks = Mapping[str, Sequence[Remark]]
"""Paper id -> what people wrote on the paper, the oldest first."""


def reading_list(
    papers: Sequence[StoredPaper],
    codebook: Codebook,
    stated: Challenges,
    remarks: Remarks | None = None,
) -> str:
    """The papers under their surest phase, with tags, the challenges stated, and notes.

    Under its other phases a paper is named in one line. Newest first.
    """
    said = remarks or {}
    lines = ["# Reading list", "", f"{len(papers)} papers, by lifecycle phase.", ""]
    newest = sorted(papers, key=lambda one: (one.published, one.paper_id), reverse=True)
    for category in codebook.facet("phase").categories:
        main = [one for one in newest if one.keys("phase")[:1] == (category.key,)]
        also = [one for one in newest if category.key in one.keys("phase")[1:]]
        if main or also:
            lines += [f"## {escaped(category.name)} ({len(main) + len(also)})", ""]
            lines += [line for one in main for line in _paper(one, codebook, stated, said)]
            lines += [f"- See also: {escaped(one.title)} ({_year(one)})" for one in also]
            lines += [""] * bool(also)
    known = codebook.facet("phase").keys
    rest = [one for one in newest if not set(one.keys("phase")) & set(known)]
    if rest:
        lines += [f"## No phase ({len(rest)})", ""]
        lines += [line for one in rest for line in _paper(one, codebook, stated, said)]
    return "\n".join(lines).rstrip() + "\n"


def _paper(
    paper: StoredPaper, codebook: Codebook, stated: Challenges, remarks: Remarks
) -> list[str]:
    title = escaped(paper.title)
    linked = f"[{title}]({_address(paper.url)})" if paper.url else title
    people = escaped(", ".join(paper.authors)) or "authors not given"
    lines = [f"### {linked}", "", f"{people} ({_year(paper)}) · `{_code(paper.paper_id)}`", ""]
    for facet in codebook.facets:
        names = [_name(codebook, facet.key, key) for key in paper.keys(facet.key)]
        if names:
            lines += [f"- {escaped(facet.plural.capitalize())}: {escaped(', '.join(names))}"]
    lines += [f"- Challenge: {quoted(one)}" for one in stated.get(paper.paper_id, ())]
    return [*lines, "", *remark_lines(remarks.get(paper.paper_id, ()), "####")]


def remark_lines(remarks: Sequence[Remark], level: str) -> list[str]:
    """What people wrote on a paper as quoted lines under a heading; [] where nobody did."""
    lines = [f"{level} Notes", ""] if remarks else []
    for one in remarks:
        said = "\n>\n".join(f"> {escaped(line)}" for line in one.text.split("\n") if line.strip())
        lines += [said, ">", f"> {escaped(one.who)}, {one.at[:10]}", ""]
    return lines


def quoted(quote: Quote) -> str:
    """A quote with its place, e.g. “…” (Abstract) or “…” (Discussion, p. 7)."""
    place = escaped(quote.section) + (f", p. {quote.page}" if quote.page else "")
    return f"“{escaped(quote.quote)}” ({place})"


def _name(codebook: Codebook, facet: str, key: str) -> str:
    """The category's name; the key itself where the codebook no longer has it."""
    found = (one.name for one in codebook.facet(facet).categories if one.key == key)
    return next(found, key)


def _year(paper: StoredPaper) -> str:
    return str(paper.year or "n. d.")


def _address(url: str) -> str:
    """An address that ends where Markdown's brackets do."""
    return "".join(f"%{ord(c):02X}" if c in "()<>\\ " or ord(c) < 33 else c for c in url)


def _code(text: str) -> str:
    return text.replace("`", "'")
