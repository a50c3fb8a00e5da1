"""kb learn, kb agreement."""

from __future__ import annotations

import sys
from typing import Any

import click

from kb import learned
from kb.coders import agreement, disagreements
from kb.commands.common import Session, command
from kb.decisions import check_category
from kb.learning import Proposal, apply, propose
from kb.own_tags import learn_own


@command
@click.option("--apply", "applied", is_flag=True, help="Do it, without asking.")
@click.option("--reset", is_flag=True, help="Back to the tagger that comes with Sixfold.")
def learn_command(session: Session, applied: bool, reset: bool) -> None:
    """Teach the tagger what people decided; shows what would change before it applies."""
    library = session.open()
    found = propose(library, reset=reset)
    own = {} if reset else learn_own(library, apply=False)
    for warning in found.warnings:
        session.say(f"Note: {warning}.")
    if not session.as_json:
        session.emit({}, _proposed(found))
        for (facet, key), (yes, no) in own.items():
            session.emit({}, f"  own category {facet} {key}: learns from {yes} yes, {no} no")
    asks = not applied and not session.as_json and sys.stdin.isatty()
    if applied or (asks and click.confirm("Apply this to every paper?", default=False)):
        apply(library, found)
        if own:
            learn_own(library)
        applied = True
    with library.catalogue.read() as reader:
        held = learned.facts(reader)
    data = {**found.to_json(), "applied": applied, "reset": reset, "learned": held}
    data["own_categories"] = [
        {"facet": facet, "key": key, "yes": yes, "no": no}
        for (facet, key), (yes, no) in own.items()
    ]
    does = "kb learn --reset --apply" if reset else "kb learn --apply"
    done = "Applied." if applied else f"Nothing was changed: {does} does it."
    session.emit(data, done)


def _proposed(found: Proposal) -> str:
    papers, verdicts = len(found.lessons.decided), found.lessons.verdicts
    lines = [
        f"{verdicts} verdicts on {papers} papers -> {found.tagger.version} ({found.seconds:.1f} s)"
        if found.lesson
        else f"Back to {found.tagger.version}"
    ]
    if found.before and found.after and found.gain:
        lines.append(
            f"Agreement with the decisions: {found.before.share:.1%} before, "
            f"{found.after.share:.1%} after (on decisions it had not seen, {found.folds} folds; "
            f"gain {found.gain[0]:+.1%} to {found.gain[1]:+.1%})"
        )
    lines.append(f"Tags would change in {found.papers} papers:")
    lines += [
        f"  {one.facet} {one.key}: {len(one.added)} more, {len(one.removed)} fewer"
        + (f"; e.g. + {', '.join(one.added[:3])}" if one.added else "")
        + (f"; e.g. - {', '.join(one.removed[:3])}" if one.removed else "")
        for one in found.changes
    ]
    return "\n".join(lines)


@command
@click.option("--facet", default="", metavar="FACET", help="Only this facet.")
@click.option("--who", multiple=True, metavar="NAME", help="A coder; twice for a pair.")
@click.option("--disagreements", "listed", is_flag=True, help="List what is to be settled.")
def agreement_command(session: Session, facet: str, who: tuple[str, ...], listed: bool) -> None:
    """How far coders agree: kappa a category, alpha a facet, what to settle."""
    library = session.open()
    if facet:
        check_category(library, facet)
    if listed:
        found = disagreements(library, facet=facet, who=who)
        lines = [
            f"{one.paper_id}  {one.facet} {one.key}: "
            + ", ".join(f"{name} {said}" for name, said in one.said.items())
            + (f"; settled by {one.settled_by}: {one.verdict}" if one.settled_by else "")
            for one in found
        ]
        data = {"disagreements": [one.to_json() for one in found]}
        session.emit(data, "\n".join(lines) or "Nobody differs.")
        return
    told = agreement(library, facet=facet, who=who)
    session.emit(told, _agreement_lines(told))


FEW = 10
"""Items below which an interval would pretend to know more than it does."""


def _figure(value: dict[str, Any] | None) -> str:
    if value is None:
        return "–"
    if value["n"] < FEW:
        return f"{value['value']:.3f} (too few to say how sure)"
    return f"{value['value']:.3f} (95 %: {value['low']:.3f} to {value['high']:.3f})"


def _agreement_lines(told: dict[str, Any]) -> str:
    lines = []
    for facet, found in told["facets"].items():
        lines.append(f"{facet}: alpha {_figure(found['alpha'])}, {found['papers']} papers")
        for pair in found["pairs"]:
            share = f"{pair['agreement']:.1%}" if pair["n"] else "–"
            lines.append(f"  {' and '.join(pair['coders'])}: {share} of {pair['n']} verdicts")
            for key, one in pair["categories"].items():
                lines.append(f"    {key:<40} kappa {_figure(one['kappa'])}  n {one['n']}")
    lines.append(f"alpha: {told['alpha_method']}")
    lines.append(f"{told['to_settle']} of {told['disagreements']} disagreements are not settled.")
    return "\n".join(lines)
