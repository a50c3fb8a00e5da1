r"""The map as LaTeX: the lattice and the best supported challenges, ready to `\input`."""

from __future__ import annotations

from collections import Counter

from kb.exports.graphs import manifest
from kb.lattice import Cell, Lattice
from kb.maps import ChallengeMap, Node
from kb.quotes import legible

_SPECIAL = {
    "\\": r"\textbackslash{}",
    # Not `\{`: BibTeX counts braces without looking at the backslash.
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    # A row that began with `[` would be read as an argument of the line break before it.
    "[": "{[}",
    "]": "{]}",
    "`": r"\textasciigrave{}",
}
_SPELT = str.maketrans(_SPECIAL)
_MOST_CHALLENGES = 40


def escaped(text: str) -> str:
    """`text` so that TeX prints its characters and runs none of them.

    Ligatures are broken too: two hyphens stay two hyphens.
    """
    plain = legible(text).translate(_SPELT)
    return plain.replace("--", "-{}-").replace("--", "-{}-").replace("''", "'{}'")


def as_latex(chart: ChallengeMap) -> bytes:
    """Two tables for the `booktabs` and `longtable` packages, with T1 fonts and UTF-8.

    The first gives challenges/papers in each cell, the second the challenges that most
    papers state.
    """
    lines = [
        "% Needs \\usepackage[T1]{fontenc}, \\usepackage{booktabs}, \\usepackage{longtable};",
        "% XeLaTeX or LuaLaTeX where titles are not in Latin letters.",
        f"% Sixfold challenge map {manifest(chart)}",
        *_lattice(chart),
        "",
        *_challenges(chart),
    ]
    return ("\n".join(lines) + "\n").encode()


def _lattice(chart: ChallengeMap) -> list[str]:
    names, grid = chart.meta["names"], chart.lattice
    axes = f"{escaped(grid.row_axis)} and {escaped(grid.column_axis)}"
    # Narrow columns that break, so that the table fits a page's width.
    width = 0.73 / max(len(grid.columns), 1)
    columns = f"p{{{width:.3f}\\linewidth}}" * len(grid.columns)
    head = [
        "\\scriptsize\\raggedright " + escaped(names.get(f"{grid.column_axis}:{key}", key))
        for key in grid.columns
    ]
    lines = [
        "\\begin{table}",
        f"\\caption{{Challenges stated / papers read, by {axes}.}}",
        "\\footnotesize\\setlength{\\tabcolsep}{3pt}",
        f"\\begin{{tabular}}{{p{{.14\\linewidth}}{columns}}}",
        "\\toprule",
        " & ".join(["", *head]) + " \\tabularnewline",
        "\\midrule",
    ]
    for row in grid.rows:
        cells = [_cell(grid, grid.cell(row, column)) for column in grid.columns]
        name = escaped(names.get(f"{grid.row_axis}:{row}", row))
        lines.append(" & ".join([f"\\raggedright {name}", *cells]) + " \\tabularnewline")
    return [*lines, "\\bottomrule", "\\end{tabular}", "\\end{table}"]


def _cell(grid: Lattice, cell: Cell) -> str:
    if cell.state in ("stated", "none_stated"):
        return f"{cell.challenges}/{cell.denominator}"
    return f"\\emph{{{grid.emptiness(cell)}}}"


def _whose(node: Node) -> str:
    return r" \emph{(our words)}" if node.renamed else ""


def _challenges(chart: ChallengeMap) -> list[str]:
    found = [node for node in chart.nodes if node.kind == "challenge"]
    shown = found[:_MOST_CHALLENGES]
    pairs = {(edge.source, edge.paper_id) for edge in chart.edges if edge.kind == "stated_by"}
    stated = Counter(source for source, _ in pairs)
    lines = [
        "\\begin{longtable}{p{.46\\linewidth}p{.12\\linewidth}ll}",
        f"\\caption{{The {len(shown)} best supported of {len(found)} challenges.}} \\\\",
        "\\toprule",
        "Challenge & Papers (by different authors) & Years & Status \\\\",
        "\\midrule",
        "\\endhead",
    ]
    for node in shown:
        years = "--".join(str(y) for y in dict.fromkeys((node.first_year, node.last_year)) if y)
        label = f"{escaped(node.label)}{_whose(node)}"
        lines.append(
            f"{label} & {stated[node.id]} ({node.papers}) & {years} & {escaped(node.status)} \\\\"
        )
    return [*lines, "\\bottomrule", "\\end{longtable}"]
