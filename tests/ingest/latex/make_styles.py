"""Writes papers in more styles than `make_papers.py`, in the same way: `styles/NAME.tex`.

    python tests/ingest/latex/make_styles.py

Each lays traps that published papers lay: margins with metadata, run-in headings, theorems,
algorithms, contents, line numbers, appendices after the references, floats amid the text.
"""

# ruff: noqa: E501 - a preamble is read as the line of LaTeX that it is
from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from make_papers import (  # type: ignore[import-not-found]
    SUBHEADS,
    Writer,
    build,
    tex,
)

HERE = Path(__file__).parent / "styles"

PACKAGES = "\\usepackage[T1]{fontenc}\n\\usepackage[utf8]{inputenc}\n\\usepackage{url,amsmath,amssymb,amsthm,graphicx,float}\n\\urlstyle{same}\n\\newtheorem{theorem}{Theorem}\n\\newtheorem{definition}{Definition}\n\\newfloat{algorithm}{t}{loa}\\floatname{algorithm}{Algorithm}\n"
HEADS = (
    "Introduction",
    "Related Work",
    "Problem Setting and Notation",
    "A Method for Large-Scale Repair",
    "Experiments",
    "Discussion",
    "Conclusion and Future Work",
)


@dataclass
class Style:
    """How a paper is set."""

    name: str
    title: str
    authors: tuple[str, ...]
    preamble: str
    front: str
    """LaTeX up to the body, with %(title)s and %(abstract)s."""
    refs: str
    """`ieee`, `apa`, `acm`, `nat` or `lncs`: how an entry is printed."""
    label: str = "[%d]"
    """What stands before an entry; "" for a hanging indent."""
    columns: int = 2
    subtitle: str = ""
    paragraphs: int = 4
    upper: bool = False
    """Headings are printed in small capitals."""
    starred: tuple[str, ...] = ()
    """Unnumbered sections before the references."""
    appendix: tuple[str, ...] = ()
    """Sections after the references."""
    parts: frozenset[str] = frozenset()
    """Of `run_in`, `theorem`, `algorithm`, `listing`, `wide`, `notes`, `subs`, `quote`."""
    never: tuple[str, ...] = ()
    """What the margins say, which is no text of the paper."""
    section: str = "\\section{%s}"
    count: int = 24
    tail: str = ""


@dataclass
class Truth:
    """What a parser should find."""

    title: str
    subtitle: str
    authors: list[str]
    abstract: str
    sections: list[str] = field(default_factory=list)
    run_in: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    references: list[dict[str, object]] = field(default_factory=list)
    never: list[str] = field(default_factory=list)


def entry_as(kind: str, entry: dict[str, object], pick: int) -> str:
    """A reference as printed in one of five styles, in LaTeX."""
    names = entry["names"]
    assert isinstance(names, list)
    title, venue, year = entry["title"], entry["venue"], entry["year"]
    first, last = [n.split()[0] for n in names], [n.split()[1] for n in names]
    doi, arxiv = entry["doi"], entry["arxiv_id"]
    pages = f"{pick * 7 % 300 + 1}--{pick * 7 % 300 + 14}"
    if kind == "ieee":
        who = " and ".join(f"{f[0]}.~{n}" for f, n in zip(first, last, strict=True))
        who = f"{first[0][0]}.~{last[0]} \\emph{{et al.}}" if pick % 4 == 0 else who
        where = (
            f"\\emph{{arXiv preprint arXiv:{arxiv}}}, {year}"
            if arxiv
            else f"\\emph{{{venue}}}, vol.~{pick + 2}, no.~{pick % 4 + 1}, pp.~{pages}, {year}, doi: \\url{{{doi}}}"
        )
        return f"{who}, ``{title},'' {where}."
    if kind == "apa":
        turned = [f"{n}, {f[0]}." for f, n in zip(first, last, strict=True)]
        who = turned[0] if len(turned) == 1 else ", ".join(turned[:-1]) + r", \& " + turned[-1]
        link = f"https://doi.org/{doi}" if doi else f"https://arxiv.org/abs/{arxiv}"
        return f"{who} ({year}). {title}. \\emph{{{venue}}}, \\emph{{{pick + 3}}}({pick % 4 + 1}), {pages}. \\url{{{link}}}"
    full = [f"{f} {n}" for f, n in zip(first, last, strict=True)]
    listed = full[0] if len(full) == 1 else ", ".join(full[:-1]) + f", and {full[-1]}"
    if kind == "acm":
        link = f"\\url{{https://doi.org/{doi}}}" if doi else f"arXiv:{arxiv} [cs.SE]"
        return f"{listed}. {year}. {title}. \\emph{{{venue}}} {pick + 2}, {pick % 4 + 1} ({year}), {pages}. {link}"
    if kind == "lncs":
        who = ", ".join(f"{n}, {f[0]}." for f, n in zip(first, last, strict=True))
        link = f"\\url{{https://doi.org/{doi}}}" if doi else f"arXiv:{arxiv}"
        return f"{who}: {title}. {venue} \\textbf{{{pick + 2}}}({pick % 4 + 1}), {pages} ({year}). {link}"
    link = f"doi: \\url{{{doi}}}" if doi else f"URL \\url{{https://arxiv.org/abs/{arxiv}}}"
    return f"{listed}. {title}. \\emph{{{venue}}}, {pick + 2}:{pages}, {year}. {link}."


def paragraph(writer: Writer, truth: Truth, count: int) -> str:
    """Some sentences that must be found, in LaTeX."""
    sentences = writer.paragraph(count)
    truth.sentences += sentences
    return " ".join(map(tex, sentences))


def float_of(kind: str, writer: Writer) -> str:
    """A float between two sentences of the text."""
    caption = tex(writer.sentence())
    if kind == "algorithm":
        steps = " \\\\ ".join(
            f"{n}: \\hspace{{{n % 3}em}} \\textbf{{{word}}} $x_{n} \\leftarrow f(x_{{{n - 1}}})$"
            for n, word in enumerate(
                ("require", "for all", "if", "then set", "end if", "end for", "return"), start=1
            )
        )
        return f"\\begin{{algorithm}}\\caption{{{caption}}}\\begin{{flushleft}}{steps}\\end{{flushleft}}\\end{{algorithm}}\n"
    if kind == "wide":
        rows = "\\\\ ".join(
            f"Model {letter} & "
            + " & ".join(f"{(ord(letter) * k) % 89 + 10}.{k}" for k in range(1, 9))
            for letter in "ABCDEFG"
        )
        return f"\\begin{{table*}}\\centering\\caption{{{caption}}}\\begin{{tabular}}{{l*{{8}}{{r}}}}\\hline Name & P1 & P2 & P3 & P4 & P5 & P6 & P7 & P8\\\\\\hline {rows}\\\\\\hline\\end{{tabular}}\\end{{table*}}\n"
    return f"\\begin{{figure}}[t]\\centering\\fbox{{\\begin{{minipage}}{{.8\\linewidth}}\\footnotesize parse $\\to$ plan $\\to$ patch\\\\ tests \\hfill review\\end{{minipage}}}}\\caption{{{caption}}}\\end{{figure}}\n"


LISTING = "\\begin{verbatim}\ndef repair(program, budget=8):\n    for patch in propose(program):\n        if passes(patch):  # first one wins\n            return patch\n    return None\n\\end{verbatim}\n\n"


def extras(number: int, style: Style, writer: Writer, truth: Truth) -> str:
    """What one section holds besides plain paragraphs."""
    out = ""
    if "subs" in style.parts and number in (3, 4):
        for head in SUBHEADS[number * 2 : number * 2 + 2]:
            truth.sections.append(head)
            out += f"\\subsection{{{head}}}\n{paragraph(writer, truth, 5)}\n\n{paragraph(writer, truth, 4)}\n\n"
    if "run_in" in style.parts and number in (1, 4):
        for head in ("Research questions", "Data and tools", "Measures taken"):
            truth.run_in.append(head)
            out += f"\\paragraph{{{head}.}} {paragraph(writer, truth, 5)}\n\n"
    if "theorem" in style.parts and number == 2:
        out += f"\\begin{{definition}} {paragraph(writer, truth, 2)}\\end{{definition}}\n\\begin{{theorem}} {paragraph(writer, truth, 2)}\\end{{theorem}}\n\\begin{{proof}} {paragraph(writer, truth, 3)}\\end{{proof}}\n{paragraph(writer, truth, 4)}\n\n"
        out += f"{paragraph(writer, truth, 2)}\n\\begin{{align}} L(\\theta) &= \\sum_{{i}} \\log p_\\theta(y_i \\mid x_i) \\\\ &\\quad + \\lambda \\lVert\\theta\\rVert^2\\end{{align}}\n{paragraph(writer, truth, 3)}\n\n"
    if "quote" in style.parts and number == 5:
        out += f"\\begin{{quote}}{paragraph(writer, truth, 2)}\\end{{quote}}\n\\begin{{enumerate}}\\item {paragraph(writer, truth, 2)} \\item {paragraph(writer, truth, 1)} \\item {paragraph(writer, truth, 2)}\\end{{enumerate}}\n\n"
    if "listing" in style.parts and number == 4:
        out += LISTING
    return out


def section(number: int, head: str, style: Style, writer: Writer, truth: Truth) -> str:
    """One numbered section, with its floats and notes."""
    truth.sections.append(head)
    out = style.section % head + "\n"
    kinds = {1: "figure", 2: "algorithm", 3: "wide", 4: "figure"}
    for index in range(style.paragraphs):
        sentences = writer.paragraph(4 + (number + index) % 4)
        truth.sentences += sentences
        words = [tex(one) for one in sentences]
        if "notes" in style.parts and index == 1 and number in (0, 2, 5):
            words[1] += f"\\footnote{{{tex(writer.sentence())}}}"
        kind = kinds.get(number, "")
        if index == 0 and kind and (kind == "figure" or kind in style.parts):
            words.insert(2, "\n" + float_of(kind, writer))
        out += " ".join(words) + "\n\n"
    return out + extras(number, style, writer, truth)


def bibliography(style: Style, writer: Writer, truth: Truth) -> str:
    """The reference list, in LaTeX."""
    writer.entries = [writer.entry(number) for number in range(1, style.count + 1)]
    rows = []
    for number, entry in enumerate(writer.entries, start=1):
        text = entry_as(style.refs, entry, number)
        truth.references.append({key: entry[key] for key in ("title", "year", "doi", "arxiv_id")})
        names = entry["names"]
        assert isinstance(names, list)
        alpha = "".join(name.split()[1][0] for name in names) + str(entry["year"])[2:]
        label = alpha if style.label == "alpha" else str(number)
        rows.append(f"\\bibitem[{label}]{{r{number}}} {text}\n")
    setup = ""
    if style.label == "":
        setup = "\\makeatletter\\def\\@biblabel#1{\\hspace*{-\\labelsep}}\\makeatother\n\\let\\oldbib\\thebibliography\\renewcommand\\thebibliography[1]{\\oldbib{}\\setlength{\\leftmargin}{1.2em}\\setlength{\\itemindent}{-1.2em}\\setlength{\\labelwidth}{0pt}\\setlength{\\labelsep}{0pt}}\n"
    elif style.label == "%d.":
        setup = "\\makeatletter\\def\\@biblabel#1{#1.}\\makeatother\n"
    return f"{setup}\\begin{{thebibliography}}{{99}}\n{''.join(rows)}\\end{{thebibliography}}\n"


def paper(seed: int, style: Style) -> tuple[str, Truth]:
    """One paper's LaTeX and truth."""
    writer = Writer(seed, author_year=style.refs in ("apa", "nat"))
    abstract = writer.paragraph(7)
    truth = Truth(
        plain_title(style.title),
        style.subtitle,
        list(style.authors),
        " ".join(abstract),
        never=list(style.never),
    )
    if style.name == "margin_metadata":
        # Such papers have a summary for an abstract, and it is a section of theirs.
        truth.abstract = ""
        truth.sections.append("Summary")
        truth.sentences += abstract
    body = "".join(section(n, head, style, writer, truth) for n, head in enumerate(HEADS))
    for head in style.starred:
        truth.sections.append(head)
        body += f"\\section*{{{head}}}\n{paragraph(writer, truth, 5)}\n\n"
    refs = bibliography(style, writer, truth)
    after = ""
    if style.appendix:
        after = "\\appendix\n"
        for head in style.appendix:
            truth.sections.append(head)
            after += f"{style.section % head}\n{paragraph(writer, truth, 6)}\n\n{paragraph(writer, truth, 7)}\n\n"
    front = style.front % {
        "title": style.title,
        "abstract": " ".join(map(tex, abstract)),
        "subtitle": style.subtitle,
    }
    source = (
        "% Written by make_styles.py; change that instead.\n"
        f"{style.preamble}\\begin{{document}}\n{front}\n{body}{refs}{after}{style.tail}\\end{{document}}\n"
    )
    return source, truth


def plain_title(title: str) -> str:
    """A title without its LaTeX."""
    for code, text in (("$", ""), ("\\\\", ""), ("\\kappa", "κ"), ("\\&", "&")):
        title = title.replace(code, text)
    return " ".join(title.split())


def heads(
    before: str, section_style: str, sub_style: str, number: str = "\\arabic{section}"
) -> str:
    """LaTeX that sets how headings look."""
    return (
        f"\\makeatletter\\renewcommand\\thesection{{{number}}}\\renewcommand\\thesubsection{{\\arabic{{section}}.\\arabic{{subsection}}}}\\renewcommand\\section{{\\@startsection{{section}}{{1}}{{0pt}}{{-2.2ex}}{{1ex}}{{{before}{section_style}}}}}"
        f"\\renewcommand\\subsection{{\\@startsection{{subsection}}{{2}}{{0pt}}{{-1.6ex}}{{.6ex}}{{{sub_style}}}}}\\makeatother\n"
    )


def running(left: str, right: str) -> str:
    """LaTeX of a running head and a foot with the page's number."""
    return f"\\usepackage{{fancyhdr}}\\pagestyle{{fancy}}\\fancyhf{{}}\\fancyhead[L]{{{left}}}\\fancyhead[R]{{{right}}}\\fancyfoot[C]{{\\thepage}}\n"


WIDE = "\\twocolumn[{%s}]\n"
STYLES = (
    Style(
        "acm_sigconf",
        "Repairing What Reviewers Reject: Neural Patches in Open-Source Pull Requests",
        ("Zoë Müller", "Jean-Luc Désaunay", "Søren Kjær", "Łukasz Wójcik"),
        "\\documentclass[9pt,twocolumn,letterpaper]{extarticle}\n\\usepackage[margin=.75in,columnsep=.33in]{geometry}\n"
        + PACKAGES
        + "\\usepackage{helvet}\\renewcommand\\familydefault{\\rmdefault}\\usepackage{palatino}\n"
        + running(
            "\\footnotesize Code '25, June 2025, Lisbon, Portugal", "\\footnotesize Müller et al."
        )
        + heads("", "\\sffamily\\bfseries\\large\\MakeUppercase", "\\sffamily\\bfseries\\large"),
        WIDE
        % "\\begin{center}{\\sffamily\\bfseries\\LARGE %(title)s\\par}\\vspace{4pt}{\\sffamily\\large %(subtitle)s\\par}\\vspace{9pt}\\begin{tabular}{cccc}{\\large Zoë Müller}&{\\large Jean-Luc Désaunay}&{\\large Søren Kjær}&{\\large Łukasz Wójcik}\\\\ \\small Institute of Examples&\\small Université d'Exemple&\\small Example University&\\small Politechnika\\\\ \\small Bern, Switzerland&\\small Lyon, France&\\small Aarhus, Denmark&\\small Kraków, Poland\\\\ \\small zoe@example.org&\\small jl@example.org&\\small soren@example.org&\\small lw@example.org\\end{tabular}\\vspace{8pt}\\end{center}"
        + "\\section*{Abstract}\n%(abstract)s\n\n\\section*{CCS Concepts}\n\\small$\\bullet$ \\textbf{Software and its engineering} $\\to$ \\textit{Software maintenance tools}; Empirical software validation.\n\\section*{Keywords}\nprogram repair, pull requests, code review\n\n{\\footnotesize\\textbf{ACM Reference Format:}\\\\ Zoë Müller, Jean-Luc Désaunay, Søren Kjær, and Łukasz Wójcik. 2025. Repairing What Reviewers Reject. In \\textit{Proceedings of Code '25}. ACM, New York, NY, USA, 5 pages. https://doi.org/10.1145/1234567.7654321\\par}\n\\normalsize",
        "acm",
        subtitle="A Mixed-Methods Study",
        parts=frozenset(("subs", "wide", "notes", "listing")),
        starred=("Acknowledgments",),
        never=("Code '25, June 2025, Lisbon", "Müller et al."),
    ),
    Style(
        "acm_manuscript",
        "Conversational Debugging in Introductory Courses: What Novices Ask and What They Are Told",
        ("Aoife Ní Bhriain", "Tomás Ó Súilleabháin"),
        "\\documentclass[10pt]{article}\n\\usepackage[margin=1.5in]{geometry}\n"
        + PACKAGES
        + "\\usepackage{helvet,palatino}\\usepackage{lineno}\\linenumbers\n"
        + running(
            "\\footnotesize\\thepage\\quad Ní Bhriain and Ó Súilleabháin",
            "\\footnotesize Trans. Example, Vol. 4, No. 2",
        )
        + heads("", "\\sffamily\\bfseries", "\\sffamily\\bfseries"),
        "{\\sffamily\\bfseries\\LARGE\\raggedright %(title)s\\par}\\vspace{10pt}{\\sffamily\\large AOIFE NÍ BHRIAIN}, Example College Dublin, Ireland\n\n{\\sffamily\\large TOMÁS Ó SÚILLEABHÁIN}, University of Samples, Ireland\\vspace{8pt}\n\n{\\small %(abstract)s\n\nCCS Concepts: $\\bullet$ \\textbf{Applied computing} $\\to$ Education.\n\nAdditional Key Words and Phrases: debugging, novices, assistants\n\n\\textbf{ACM Reference Format:}\\\\ Aoife Ní Bhriain and Tomás Ó Súilleabháin. 2025. Conversational Debugging in Introductory Courses. \\textit{Trans. Example} 4, 2 (2025), 18 pages.\\par}\n",
        "acm",
        label="",
        columns=1,
        parts=frozenset(("subs", "notes", "quote", "run_in")),
        never=("Trans. Example, Vol. 4, No. 2",),
    ),
    Style(
        "neurips_like",
        "Budgeted Search over Program Edits Improves $k$-Shot Repair",
        ("Priya Raghunathan", "Kwame Osei", "Hannah Friedrichsen"),
        "\\documentclass[10pt]{article}\n\\usepackage[textwidth=5.5in,textheight=9in]{geometry}\n"
        + PACKAGES
        + "\\usepackage{times}\\usepackage{lineno}\\linenumbers\n"
        + heads("", "\\large\\bfseries", "\\normalsize\\bfseries"),
        "\\hrule height 4pt\\vspace{.25in}\\begin{center}{\\LARGE\\bfseries %(title)s\\par}\\end{center}\\vspace{.2in}\\hrule height 1pt\\vspace{.2in}\\begin{center}\\begin{tabular}[t]{c}\\textbf{Priya Raghunathan}\\thanks{Equal contribution.}\\\\ Example Labs\\\\ \\texttt{priya@example.org}\\end{tabular}\\quad\\begin{tabular}[t]{c}\\textbf{Kwame Osei}\\footnotemark[1]\\\\ University of Samples\\\\ \\texttt{kwame@example.org}\\end{tabular}\\quad\\begin{tabular}[t]{c}\\textbf{Hannah Friedrichsen}\\\\ University of Samples\\\\ \\texttt{hf@example.org}\\end{tabular}\\end{center}\\vspace{.2in}\\begin{center}\\large\\bfseries Abstract\\end{center}\\begin{quote}%(abstract)s\\end{quote}\n",
        "nat",
        label="",
        columns=1,
        parts=frozenset(("subs", "theorem", "algorithm", "run_in", "notes")),
        appendix=("Proofs of Auxiliary Claims", "Additional Experimental Details"),
    ),
    Style(
        "icml_like",
        "Teaching Verifiers to Disagree: Diversity-Aware Reranking of Generated Programs",
        ("Ravi Subramanian", "Élodie Marchand", "Chen Wei", "Anneliese Björk"),
        "\\documentclass[10pt,twocolumn,letterpaper]{article}\n\\usepackage[textwidth=6.75in,textheight=9in,columnsep=.25in]{geometry}\n"
        + PACKAGES
        + "\\usepackage{times}\n"
        + running("", "\\small\\bfseries Teaching Verifiers to Disagree")
        + heads("", "\\large\\bfseries", "\\normalsize\\bfseries", "\\arabic{section}."),
        WIDE
        % "\\begin{center}\\hrule\\vspace{10pt}{\\Large\\bfseries %(title)s\\par}\\vspace{8pt}\\hrule\\vspace{14pt}{\\bfseries Ravi Subramanian$^{*1}$ \\ Élodie Marchand$^{*1,2}$ \\ Chen Wei$^{2}$ \\ Anneliese Björk$^{3}$}\\vspace{14pt}\\end{center}"
        + "\\renewcommand\\thefootnote{}\\footnotetext{$^{*}$Equal contribution $^{1}$Department of Examples, University of Samples, Pune, India $^{2}$Example Labs, Paris, France $^{3}$Samples Institute, Uppsala, Sweden. Correspondence to: Ravi Subramanian $<$ravi@example.org$>$.\\\\ \\emph{Proceedings of the 42$^{nd}$ Conference on Examples}, PMLR 999, 2025. Copyright 2025 by the author(s).}\\renewcommand\\thefootnote{\\arabic{footnote}}\\begin{center}\\large\\bfseries Abstract\\end{center}\\begin{quote}%(abstract)s\\end{quote}\n",
        "nat",
        label="",
        parts=frozenset(("subs", "theorem", "algorithm", "wide", "run_in", "notes")),
        starred=("Impact Statement", "Acknowledgements"),
        appendix=("Derivation of the Bound", "Hyperparameters and Prompts"),
        never=("PMLR 999", "Correspondence to"),
    ),
    Style(
        "acl_like",
        "Do Code Models Read Documentation?",
        ("Ana Šimić-Horvat", "Matteo Ricci", "Yuki Sato"),
        "\\documentclass[11pt,twocolumn,a4paper]{article}\n\\usepackage[margin=2.5cm,columnsep=.6cm]{geometry}\n"
        + PACKAGES
        + "\\usepackage{times}\\pagestyle{empty}\n"
        + heads("", "\\large\\bfseries\\raggedright", "\\normalsize\\bfseries\\raggedright"),
        WIDE
        % "\\begin{center}{\\Large\\bfseries %(title)s\\par}\\vspace{16pt}{\\large\\begin{tabular}{c}{\\bfseries Ana Šimić-Horvat$^{\\dagger}$ \\quad Matteo Ricci$^{\\ddagger}$ \\quad Yuki Sato$^{\\dagger}$}\\\\ $^{\\dagger}$Example University \\quad $^{\\ddagger}$Samples Research\\\\ \\texttt{\\{hoa,sato\\}@example.org} \\quad \\texttt{ricci@example.org}\\end{tabular}}\\vspace{20pt}\\end{center}"
        + "\\begin{center}\\large\\bfseries Abstract\\end{center}\\begin{quote}\\small %(abstract)s\\end{quote}\n",
        "acm",
        label="",
        parts=frozenset(("subs", "wide", "run_in", "notes", "quote")),
        starred=("Limitations", "Ethics Statement"),
        appendix=("Annotation Guidelines",),
        count=31,
    ),
    Style(
        "springer_journal",
        "An exploratory study of prompt smells in long-lived repositories",
        ("Gülşen Yıldırım", "Pedro Álvarez-Núñez", "Mia Korhonen"),
        "\\documentclass[10pt]{article}\n\\usepackage[textwidth=11.9cm,textheight=19.5cm]{geometry}\n"
        + PACKAGES
        + "\\usepackage{times}\n"
        + running("\\small Prompt smells in long-lived repositories", "\\small\\thepage")
        + heads(
            "",
            "\\normalsize\\bfseries\\boldmath\\raggedright",
            "\\normalsize\\itshape\\raggedright",
        ),
        "{\\LARGE\\bfseries\\raggedright %(title)s\\par}\\vspace{12pt}{\\bfseries Gülşen Yıldırım$^1$ $\\cdot$ Pedro Álvarez-Núñez$^{1,2}$ $\\cdot$ Mia Korhonen$^2$}\\vspace{10pt}\n\n{\\small Received: 3 March 2024 / Accepted: 19 January 2025}\\vspace{10pt}\\renewcommand\\thefootnote{}\\footnotetext{Gülşen Yıldırım\\\\ gulsen@example.org\\\\ $^1$ Department of Examples, Samples University, Ankara, Turkey\\\\ $^2$ Example Institute, Tampere, Finland}\\renewcommand\\thefootnote{\\arabic{footnote}}\n\n\\noindent{\\bfseries Abstract} %(abstract)s\\vspace{8pt}\n\n\\noindent{\\bfseries Keywords} Prompts $\\cdot$ Repositories $\\cdot$ Smells\n",
        "lncs",
        label="%d.",
        columns=1,
        parts=frozenset(("subs", "notes", "quote", "run_in")),
        starred=("Declarations",),
    ),
    Style(
        "margin_metadata",
        "patchbook: teaching software repair with executable notebooks",
        ("Inês Figueiredo", "Bartholomew Quill"),
        "\\documentclass[10pt,a4paper]{article}\n\\usepackage[left=6.1cm,right=2cm,top=3cm,bottom=2.5cm,marginparwidth=4.1cm,marginparsep=.6cm]{geometry}\\reversemarginpar\n"
        + PACKAGES
        + "\\renewcommand\\familydefault{\\sfdefault}\\usepackage{helvet}\\setcounter{secnumdepth}{0}\\setlength{\\parindent}{0pt}\\setlength{\\parskip}{6pt}\n"
        + running("", "")
        + "\\fancyfoot[L]{\\footnotesize Figueiredo et al., (2025). patchbook. \\textit{Journal of Open Examples}, 8(91), 301. https://doi.org/10.21105/jose.99999}\\fancyfoot[C]{}\\fancyfoot[R]{\\footnotesize\\thepage}\n"
        + heads("", "\\Large\\bfseries", "\\large\\bfseries"),
        "{\\LARGE\\bfseries %(title)s\\par}\\vspace{8pt}\\marginpar{\\footnotesize\\raggedright\\textbf{DOI:} 10.21105/jose.99999\\\\[6pt]\\textbf{Software}\\\\ $\\bullet$ Review\\\\ $\\bullet$ Repository\\\\ $\\bullet$ Archive\\\\[6pt]\\textbf{Editor:} Rosalind Archer\\\\[4pt]\\textbf{Reviewers:}\\\\ $\\bullet$ @sampleone\\\\ $\\bullet$ @sampletwo\\\\[6pt]\\textbf{Submitted:} 11 May 2024\\\\ \\textbf{Published:} 02 April 2025\\\\[6pt]\\textbf{License}\\\\ Authors of papers retain copyright and release the work under a Creative Commons Attribution 4.0 International License (CC BY 4.0).}{\\bfseries Inês Figueiredo}$^{1}$ {\\bfseries and Bartholomew Quill}$^{2}$\n\n{\\bfseries 1} Department of Examples, Samples University, Portugal {\\bfseries 2} Independent Researcher, Canada\\vspace{6pt}\n\n\\section{Summary}\n%(abstract)s\n",
        "apa",
        label="",
        columns=1,
        parts=frozenset(("subs", "listing", "quote")),
        starred=("Acknowledgements",),
        never=(
            "Rosalind Archer",
            "@sampleone",
            "Creative Commons Attribution",
            "Submitted: 11 May",
        ),
        count=14,
        paragraphs=2,
    ),
    Style(
        "arxiv_stamp",
        "Agreement beyond $\\kappa$: Auditing Annotators of\\\\ Machine-Written Commit Messages",
        ("Dmitri Volkov", "Sara Lindholm", "Óscar Peña"),
        "\\documentclass[10pt,twocolumn]{article}\n\\usepackage[margin=.8in]{geometry}\n"
        + PACKAGES
        + "\\usepackage{xcolor,eso-pic,hyperref}\\AddToShipoutPictureBG*{\\put(22,260){\\rotatebox{90}{\\Large\\sffamily\\color{gray}arXiv:2503.04567v2 [cs.SE] 17 Apr 2025}}}\n",
        "\\title{%(title)s\\thanks{This work was supported by the Example Foundation.}}\\author{Dmitri Volkov \\and Sara Lindholm \\and Óscar Peña\\\\[4pt] University of Samples}\\date{April 17, 2025}\\maketitle\\begin{abstract}%(abstract)s\\end{abstract}\n",
        "ieee",
        parts=frozenset(("subs", "theorem", "algorithm", "wide", "listing", "notes")),
        appendix=("Coding Manual",),
        never=("arXiv:2503.04567v2", "Example Foundation"),
        count=33,
    ),
    Style(
        "ieee_compsoc",
        "Mining Rationale from Chat Logs of Distributed Maintainers",
        ("Veronika Šťastná", "Ibrahim Diallo"),
        "\\documentclass[10pt,journal,compsoc]{IEEEtran}\n" + PACKAGES,
        "\\title{%(title)s}\\author{Veronika~Šťastná,~\\IEEEmembership{Member,~IEEE,} and~Ibrahim~Diallo\\IEEEcompsocitemizethanks{\\IEEEcompsocthanksitem V. Šťastná is with the Department of Examples, Samples University.\\IEEEcompsocthanksitem I. Diallo is with Example Labs.}\\thanks{Manuscript received April 19, 2024; revised August 26, 2024.}}\\markboth{Transactions on Examples, Vol. 14, No. 8, August 2024}{Šťastná and Diallo: Mining Rationale from Chat Logs}\\IEEEtitleabstractindextext{\\begin{abstract}%(abstract)s\\end{abstract}\\begin{IEEEkeywords}Rationale, chat, maintenance, mining repositories\\end{IEEEkeywords}}\\maketitle\\IEEEdisplaynontitleabstractindextext\\IEEEpeerreviewmaketitle\n",
        "ieee",
        parts=frozenset(("subs", "wide", "notes", "quote")),
        starred=("Acknowledgments",),
        tail="\\begin{IEEEbiographynophoto}{Veronika Šťastná} studies how maintainers argue about designs and has taught at Samples University since 2011. She likes maps.\\end{IEEEbiographynophoto}\\begin{IEEEbiographynophoto}{Ibrahim Diallo} builds tools for distributed teams at Example Labs and holds a degree in linguistics.\\end{IEEEbiographynophoto}\n",
        never=("Vol. 14, No. 8", "Mining Rationale from Chat Logs", "She likes maps"),
    ),
    Style(
        "ieee_appendix",
        "Cost-Aware Test Selection for Continuous Delivery of Machine Learning Pipelines in Regulated Settings",
        ("Chloé Dubois", "Håkon Nordmann", "Mustafa Çelik", "Grace Mwangi", "Li Na"),
        "\\documentclass[conference]{IEEEtran}\n" + PACKAGES,
        "\\title{%(title)s}\\author{\\IEEEauthorblockN{Chloé Dubois\\IEEEauthorrefmark{1}, Håkon Nordmann\\IEEEauthorrefmark{2}, Mustafa Çelik\\IEEEauthorrefmark{1}, Grace Mwangi\\IEEEauthorrefmark{3}, Li Na\\IEEEauthorrefmark{2}}\\IEEEauthorblockA{\\IEEEauthorrefmark{1}Samples University, Lyon, France\\\\ Email: \\{chloe, mustafa\\}@example.org}\\IEEEauthorblockA{\\IEEEauthorrefmark{2}Example Institute, Bergen, Norway}\\IEEEauthorblockA{\\IEEEauthorrefmark{3}Examples Ltd., Nairobi, Kenya}}\\maketitle\\begin{abstract}%(abstract)s\\end{abstract}\n",
        "ieee",
        parts=frozenset(("subs", "theorem", "wide", "listing", "run_in", "notes")),
        starred=("Data Availability",),
        appendix=("Appendix",),
        count=42,
    ),
    Style(
        "elsevier_preprint",
        "Green refactoring: energy regressions introduced by automated edits",
        ("Lucía Fernández", "Emre Aydın", "Oluwaseun Adebayo"),
        "\\documentclass[preprint,12pt]{elsarticle}\n"
        + PACKAGES
        + "\\usepackage{lineno}\\linenumbers\n",
        "\\begin{frontmatter}\\title{%(title)s}\\author[a]{Lucía Fernández\\corref{c}}\\author[b]{Emre Aydın}\\author[a,b]{Oluwaseun Adebayo}\\cortext[c]{Corresponding author: lucia@example.org}\\affiliation[a]{organization={Samples University},city={Seville},country={Spain}}\\affiliation[b]{organization={Example Institute},city={Izmir},country={Turkey}}\\begin{abstract}%(abstract)s\\end{abstract}\\begin{keyword}energy \\sep refactoring \\sep regression\\end{keyword}\\end{frontmatter}\n",
        "ieee",
        columns=1,
        paragraphs=3,
        parts=frozenset(("subs", "notes", "quote")),
        starred=("Declaration of competing interest", "Data availability"),
        never=("Preprint submitted to",),
    ),
    Style(
        "lncs_running",
        "From Tickets to Tests: Deriving Acceptance Criteria with Conversational Agents in Municipal Projects",
        ("Franziska Groß", "Dušan Petrović", "Anaïs Lefèvre"),
        "\\documentclass[runningheads]{llncs}\n"
        + PACKAGES.replace(
            "\\newtheorem{theorem}{Theorem}\n\\newtheorem{definition}{Definition}\n", ""
        ).replace(",amsthm", ""),
        "\\title{%(title)s}\\titlerunning{From Tickets to Tests}\\author{Franziska Groß\\inst{1}\\orcidID{0000-1111-2222-3333} \\and Dušan Petrović\\inst{2} \\and Anaïs Lefèvre\\inst{1,2}}\\authorrunning{F. Groß et al.}\\institute{Samples University, 10115 Berlin, Germany\\\\ \\email{gross@example.org} \\and Example Institute, Novi Sad, Serbia}\\maketitle\\begin{abstract}%(abstract)s\\keywords{Acceptance criteria \\and Tickets \\and Agents.}\\end{abstract}\n",
        "lncs",
        label="%d.",
        columns=1,
        parts=frozenset(("subs", "run_in", "notes", "quote", "listing")),
        never=("F. Groß et al.",),
    ),
    Style(
        "report_contents",
        "State of Practice in Assisted Migration of Legacy Ledgers",
        ("Theodora Papadopoulou", "Finn O'Hara"),
        "\\documentclass[11pt,a4paper]{article}\n\\usepackage[margin=2.6cm]{geometry}\n"
        + PACKAGES
        + "\\usepackage{parskip}\n",
        "\\title{%(title)s}\\author{Theodora Papadopoulou\\\\ \\small Samples University \\and Finn O'Hara\\\\ \\small Example Institute}\\date{October 2024}\\maketitle\\begin{abstract}%(abstract)s\\end{abstract}\\tableofcontents\\newpage\n",
        "nat",
        label="alpha",
        columns=1,
        parts=frozenset(("subs", "theorem", "run_in", "notes", "quote", "listing")),
        starred=("Acknowledgements",),
    ),
    Style(
        "short_two_pages",
        "Poster: Prompt Linting in the Editor",
        ("Aarav Mehta", "Jiyeon Park"),
        "\\documentclass[9pt,twocolumn,letterpaper]{extarticle}\n\\usepackage[margin=.7in]{geometry}\n"
        + PACKAGES
        + "\\usepackage{times}\\pagestyle{empty}\n"
        + heads(
            "\\centering", "\\normalsize\\scshape", "\\normalsize\\itshape", "\\Roman{section}."
        ),
        "\\title{\\bfseries %(title)s}\\author{Aarav Mehta\\\\ Samples University\\\\ \\texttt{aarav@example.org} \\and Jiyeon Park\\\\ Example Institute\\\\ \\texttt{jp@example.org}}\\date{}\\maketitle{\\bfseries\\itshape Abstract}---{\\bfseries %(abstract)s}\\par\\vspace{4pt}{\\bfseries\\itshape Index Terms}---prompts, editors, linting\\par\n",
        "ieee",
        paragraphs=1,
        count=26,
    ),
)


def main() -> None:
    """Write sources and truths; build the PDFs where TeX is installed."""
    HERE.mkdir(exist_ok=True)
    for seed, style in enumerate(STYLES, start=100):
        if sys.argv[1:] and style.name not in sys.argv[1:]:
            continue
        source, truth = paper(seed, style)
        path = HERE / f"{style.name}.tex"
        path.write_text(source, encoding="utf-8")
        record = {key: getattr(truth, key) for key in truth.__dataclass_fields__}
        path.with_suffix(".json").write_text(
            json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        if shutil.which("pdflatex"):
            try:
                build(path)
            except subprocess.CalledProcessError as error:
                sys.exit(f"{path.name}: {error.stdout.decode(errors='replace')[-1500:]}")


if __name__ == "__main__":
    main()
