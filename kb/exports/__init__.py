"""The challenge map in files that other tools open."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kb.errors import unknown
from kb.exports.bibliography import as_bibtex, as_ris
from kb.exports.changes import lines as changed
from kb.exports.figure import SHADES, as_png, as_svg
from kb.exports.graphs import as_cytoscape, as_gexf, as_graphml, as_json
from kb.exports.latex import as_latex
from kb.exports.page import as_html
from kb.exports.report import as_markdown
from kb.exports.sheet import as_csv
from kb.lattice import PaperFacts
from kb.map_diff import MapDiff
from kb.maps import ChallengeMap

__all__ = ["FORMATS", "SHADES", "export"]

_OF_MAP: Mapping[str, Callable[[ChallengeMap], bytes]] = {
    "graphml": as_graphml,
    "gexf": as_gexf,
    "csv": as_csv,
    "cytoscape": as_cytoscape,
    "latex": as_latex,
}
_DRAWN = {"svg": as_svg, "png": as_png}
_WITH_PAPERS: Mapping[str, Callable[[ChallengeMap, Mapping[str, PaperFacts]], bytes]] = {
    "html": as_html,
    "bibtex": as_bibtex,
    "ris": as_ris,
}
FORMATS = (
    "json",
    "graphml",
    "gexf",
    "csv",
    "markdown",
    "html",
    "svg",
    "png",
    "cytoscape",
    "latex",
    "bibtex",
    "ris",
)
"""Names of the formats, in the order of the command line's contract."""


def export(
    chart: ChallengeMap,
    form: str,
    papers: Mapping[str, PaperFacts],
    changes: MapDiff | None = None,
    by: str = "",
) -> bytes:
    """`chart` as a file of the format `form`; the same map gives the same bytes.

    `changes`, what its papers brought, goes into JSON and Markdown; `by`, one of SHADES, says
    what SVG and PNG are shaded by, as on the app's map.
    `papers` gives titles, authors and addresses of the papers on the map; one that is
    missing there is named by its id alone. Raises UsageError for an unknown format.
    """
    if form == "json":
        return as_json(chart, changes)
    if form == "markdown":
        return as_markdown(chart, papers, changed(changes) if changes else ())
    if form in _DRAWN:
        return _DRAWN[form](chart, by)
    if form in _OF_MAP:
        return _OF_MAP[form](chart)
    if form in _WITH_PAPERS:
        return _WITH_PAPERS[form](chart, papers)
    raise unknown("format", form, FORMATS)
