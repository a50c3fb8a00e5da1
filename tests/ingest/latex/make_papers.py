"""Writes the LaTeX papers of this folder, their exact truth, and (with TeX at hand) their PDFs.

    python tests/ingest/latex/make_papers.py

Every sentence is made here from word lists, so that what a parser should read is known to the
letter. The PDFs are committed beside their sources; TeX is needed only to build them again.
"""

# ruff: noqa: E501 - a preamble is read as the line of LaTeX that it is
from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent

SUBJECTS = (
    "the repository-level benchmark|a retrieval-augmented assistant|our fine-tuned classifier|"
    "the static analyser|an execution-based filter|the annotation protocol|each development team|"
    "the specification miner|a multi-agent workflow|the regression suite|the scheduler|"
    "a lightweight verifier|the compiler feedback|every official release|the documentation|"
    "an affordable configuration|the planning component|a self-consistency check|"
    "the differential oracle|this straightforward baseline"
).split("|")
VERBS = (
    "reduces|clarifies|outperforms|complements|identifies|reconfigures|satisfies|reflects|"
    "simplifies|overlooks|anticipates|reproduces|stabilises|affects|classifies|quantifies"
).split("|")
OBJECTS = (
    "the sufficiency of unit tests|flaky integration failures|long-range dependencies between files|"
    "the difficulty of ambiguous requirements|undocumented configuration changes|"
    "hallucinated identifiers|the efficiency of automated refinement|security-relevant defects|"
    "inconsistent naming conventions|state-of-the-art completion models|"
    "the effort of experienced maintainers|off-by-one mistakes|the traceability of design decisions|"
    "specification drift|performance regressions|unverified assumptions about the environment"
).split("|")
TAILS = (
    "in large industrial codebases|under a fixed computational budget|across different programming languages|"
    "when the context window overflows|for newly onboarded contributors|without additional supervision|"
    "in a controlled experiment with professionals|according to the interviewed practitioners|"
    "although the effect is comparatively small|while preserving backward compatibility|"
    "even if configuration files are incomplete|on heterogeneous infrastructure|"
    "with statistically significant differences|after several iterations of refinement"
).split("|")
LEADS = (
    "However, |Consequently, |In practice, |Surprisingly, |In contrast, |As a result, |Furthermore, |"
    "In this configuration, ||||||".split("|")
)
TITLES = (
    "Difficult Configurations and Efficient Verification of Generated Code",
    "Understanding Workflow Failures in Repository-Level Program Synthesis",
    "A Field Study of Specification Drift in Continuously Deployed Assistants",
    "Towards Affordable Regression Oracles for Automatically Refactored Software",
    "Stratified Sampling of Flaky Tests: An Empirical Investigation",
    "Planning before Coding: Effects of Explicit Decomposition on Defect Density",
    "Measuring Requirement Ambiguity with Disagreement between Code Models",
    "Self-Refinement without Feedback Is Insufficient: Evidence from Compilers",
    "What Maintainers Notice: Reviewing Machine-Written Patches at Scale",
    "Selecting Exemplars by Dataflow for Few-Shot Code Summarisation",
    "Fault Localisation with Offline Language Models on Commodity Hardware",
    "Traceable Decisions: Linking Architecture Records to Generated Modules",
)
NAMES = (
    "Ada Fischer|Marta Lindqvist|Jiro Tanaka|Owen Griffiths|Beatriz Carvalho|Femi Adeyemi|"
    "Linnea Hoffmann|Rafael Ortiz|Sofia Petrova|Mei Zhang|Tomas Novak|Ingrid Larsen"
).split("|")
HEADS = (
    ("Background", "Study Design", "Findings", "Threats to Validity"),
    ("Related Work", "Approach", "Experimental Setup", "Results and Discussion"),
    ("Motivating Example", "Problem Formulation", "Evaluation", "Limitations"),
)
SUBHEADS = (
    "Data Collection|Participants and Tasks|Offline Filtering|Effect of Context Size|Qualitative Findings|"
    "Configuration Space|Baselines|Statistical Analysis|Cost Model|Error Classification"
).split("|")
VENUES = (
    "Journal of Reliable Programs|Transactions on Software Craft|Proceedings of the Workshop on Code Assistants|"
    "Annals of Program Repair|Letters on Automated Engineering"
).split("|")


@dataclass
class Truth:
    """What a parser should find."""

    title: str
    authors: list[str]
    abstract: str
    columns: int
    sections: list[dict[str, object]] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    references: list[dict[str, object]] = field(default_factory=list)
    captions: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Writer:
    """Makes one paper's sentences, each once."""

    def __init__(self, seed: int, author_year: bool) -> None:
        self.random = random.Random(seed)
        self.author_year = author_year
        self.entries = [self.entry(number) for number in range(1, 15 + seed % 9)]
        self.seen: set[str] = set()

    def entry(self, number: int) -> dict[str, object]:
        """One cited work."""
        pick = self.random
        names = pick.sample(NAMES, pick.randint(1, 3))
        subject = pick.choice(SUBJECTS).split(" ", 1)[1]
        title = f"{subject} {pick.choice(('for', 'and', 'beyond'))} {pick.choice(OBJECTS)}"
        title = title[0].upper() + title[1:]
        year = pick.randint(2009, 2025)
        doi = f"10.{pick.randint(1000, 9999)}/{pick.choice(('jrp', 'craft', 'ape'))}.{year}.{number:05d}"
        arxiv = f"{pick.randint(15, 25)}{pick.randint(1, 12):02d}.{pick.randint(1, 19999):05d}"
        return {
            "names": names,
            "title": title,
            "year": year,
            "venue": pick.choice(VENUES),
            "doi": doi if number % 3 else "",
            "arxiv_id": "" if number % 3 else arxiv,
        }

    def cite(self) -> str:
        """A citation as printed."""
        entry = self.random.choice(self.entries)
        if self.author_year:
            names = entry["names"]
            assert isinstance(names, list)
            last = names[0].split()[-1]
            return (
                f"({last} et al., {entry['year']})"
                if len(names) > 1
                else f"({last}, {entry['year']})"
            )
        return f"[{self.entries.index(entry) + 1}]"

    def sentence(self) -> str:
        """A sentence that has not been said before."""
        pick = self.random
        while True:
            lead = pick.choice(LEADS)
            subject = pick.choice(SUBJECTS)
            text = (
                f"{lead}{subject} {pick.choice(VERBS)} {pick.choice(OBJECTS)} {pick.choice(TAILS)}"
            )
            kind = pick.random()
            if kind < 0.15:
                text += f" {self.cite()}"
            elif kind < 0.22:
                text += f", e.g. by {pick.randint(2, 60)}.{pick.randint(1, 9)}% in Fig. 1"
            elif kind < 0.34:
                text += f", and {pick.choice(SUBJECTS)} {pick.choice(VERBS)} {pick.choice(OBJECTS)}"
            text = text[0].upper() + text[1:] + "."
            if text not in self.seen:
                self.seen.add(text)
                return text

    def paragraph(self, count: int) -> list[str]:
        """Some sentences."""
        return [self.sentence() for _ in range(count)]


def tex(text: str) -> str:
    """A plain text as LaTeX prints it."""
    return text.replace("&", r"\&").replace("%", r"\%").replace("_", r"\_")


def entry_text(entry: dict[str, object], author_year: bool) -> str:
    """A reference as printed, in LaTeX."""
    names = entry["names"]
    assert isinstance(names, list)
    short = [f"{name.split()[0][0]}. {name.split()[1]}" for name in names]
    link = f"doi:{entry['doi']}" if entry["doi"] else f"arXiv:{entry['arxiv_id']}"
    if author_year:
        turned = [f"{name.split()[1]}, {name.split()[0][0]}." for name in names]
        who = turned[0] if len(turned) == 1 else ", ".join(turned[:-1]) + r", \& " + turned[-1]
        return f"{who} ({entry['year']}). {entry['title']}. \\emph{{{entry['venue']}}}. \\url{{{link}}}"
    who = short[0] if len(short) == 1 else ", ".join(short[:-1]) + f", and {short[-1]}"
    return f"{who}, ``{entry['title']},'' \\emph{{{entry['venue']}}}, {entry['year']}, {link}."


FLOATS = {
    "figure": "\\begin{figure}[t]\\centering\\rule{0.8\\linewidth}{2.2cm}\\caption{%s}\\end{figure}\n",
    "wide": "\\begin{figure*}[t]\\centering\\rule{0.9\\textwidth}{2.5cm}\\caption{%s}\\end{figure*}\n",
    "table": (
        "\\begin{table}[t]\\centering\\caption{%s}\\begin{tabular}{lrr}\\hline Model & Pass & Cost\\\\\\hline "
        "Alpha & 41.2 & 3\\\\ Beta & 39.9 & 12\\\\ Gamma & 57.0 & 7\\\\\\hline\\end{tabular}\\end{table}\n"
    ),
}


def body(writer: Writer, truth: Truth, style: Style) -> str:
    """Sections, floats, notes, lists and formulas of a paper, in LaTeX."""
    pick = writer.random
    out: list[str] = []
    heads = ("Introduction", *pick.choice(HEADS), "Conclusion")
    subs = pick.sample(SUBHEADS, len(SUBHEADS))
    for number, head in enumerate(heads, start=1):
        out.append(f"\\section{{{head}}}\n")
        truth.sections.append({"heading": head, "level": 1})
        for part in range(2 if number in (3, 4) else 1):
            if number in (3, 4):
                sub = subs.pop()
                out.append(f"\\subsection{{{sub}}}\n")
                truth.sections.append({"heading": sub, "level": 2})
            places = [(number, part, index) for index in range(style.paragraphs)]
            out += [block(writer, truth, place, style) for place in places]
    return "".join(out)


def block(writer: Writer, truth: Truth, place: tuple[int, int, int], style: Style) -> str:
    """One paragraph, with whatever hangs on it."""
    number, part, index = place
    sentences = writer.paragraph(writer.random.randint(4, 7))
    truth.sentences += sentences
    text = " ".join(tex(one) for one in sentences)
    if style.notes and index == 1 and number in (2, 4):
        note = writer.sentence()
        truth.notes.append(note)
        text = text.replace(tex(sentences[1]), f"{tex(sentences[1])}\\footnote{{{tex(note)}}}")
    out = text + "\n\n"
    if index == 0 and part == 0 and number in (2, 3, 5):
        kind = {2: "figure", 3: "table", 5: "wide" if style.columns == 2 else "figure"}[number]
        caption = writer.sentence()
        truth.captions.append(caption)
        out = FLOATS[kind] % tex(caption) + out
    if number == 3 and part == 1 and index == 1:
        items = writer.paragraph(3)
        truth.sentences += items
        out += (
            "\\begin{itemize}\n"
            + "".join(f"\\item {tex(one)}\n" for one in items)
            + "\\end{itemize}\n\n"
        )
    if number == 4 and part == 0 and index == 0:
        out += "\\begin{equation} f(x) = \\sum_{i=1}^{n} w_i x_i + b \\end{equation}\n\n"
    return out


@dataclass
class Style:
    """How a paper is set."""

    name: str
    preamble: str
    front: str
    columns: int
    author_year: bool = False
    notes: bool = True
    paragraphs: int = 4
    abstract_first: str = ""
    thanks: str = "\\section*{Acknowledgements}"
    tail: str = ""


PACKAGES = (
    "\\usepackage[T1]{fontenc}\n\\usepackage[utf8]{inputenc}\n\\usepackage{url}\n\\urlstyle{same}\n"
)
PLAIN_FRONT = "\\title{%(title)s}\n\\author{%(authors)s}\n\\date{}\n\\maketitle\n\\begin{abstract}\n%(abstract)s\n\\end{abstract}\n"
WIDE_FRONT = (
    "\\twocolumn[\\begin{@twocolumnfalse}\\maketitle\\begin{abstract}\n%(abstract)s\n\\end{abstract}\\vspace{1em}"
    "\\end{@twocolumnfalse}]\n"
)
CAPS = (
    "\\makeatletter\\renewcommand\\section{\\@startsection{section}{1}{0pt}{-2ex}{1ex}{\\sffamily\\bfseries\\large\\MakeUppercase}}"
    "\\renewcommand\\subsection{\\@startsection{subsection}{2}{0pt}{-1.6ex}{.6ex}{\\sffamily\\bfseries\\normalsize}}\\makeatother\n"
)
HEADS_AND_FEET = (
    "\\usepackage{fancyhdr}\\pagestyle{fancy}\\fancyhf{}\\fancyhead[L]{Workshop on Code Assistants 2025}"
    "\\fancyhead[R]{Fischer et al.}\\fancyfoot[C]{\\thepage}\n"
)
IEEE_FRONT = (
    "\\title{%(title)s}\n\\author{%(ieee)s}\n\\maketitle\n\\begin{abstract}\n%(abstract)s\n\\end{abstract}\n"
    "\\begin{IEEEkeywords}\ncode generation, testing\n\\end{IEEEkeywords}\n"
)
STYLES = (
    Style(
        "ieee_conference",
        "\\documentclass[conference]{IEEEtran}\n" + PACKAGES,
        IEEE_FRONT,
        2,
        thanks="\\section*{Acknowledgment}",
    ),
    Style(
        "ieee_journal",
        "\\documentclass[journal]{IEEEtran}\n"
        + PACKAGES
        + "\\markboth{Annals of Program Repair, Vol. 3, No. 2}{Fischer et al.}\n",
        IEEE_FRONT,
        2,
        thanks="\\section*{Acknowledgment}",
    ),
    Style(
        "article_two",
        "\\documentclass[10pt,twocolumn]{article}\n" + PACKAGES + "\\usepackage{times}\n",
        PLAIN_FRONT,
        2,
    ),
    Style(
        "article_wide_abstract",
        "\\documentclass[10pt,twocolumn]{article}\n"
        + PACKAGES
        + "\\usepackage{mathptmx}\n"
        + HEADS_AND_FEET,
        "\\title{%(title)s}\\author{%(authors)s}\\date{}\n" + WIDE_FRONT,
        2,
        author_year=True,
    ),
    Style(
        "acm_like",
        "\\documentclass[10pt,twocolumn,letterpaper]{article}\n" + PACKAGES + CAPS + HEADS_AND_FEET,
        "\\title{\\sffamily\\bfseries %(title)s}\\author{%(authors)s}\\date{}\\maketitle\n\\section*{Abstract}\n%(abstract)s\n\n\\section*{Keywords}\ncode generation, testing\n\n",
        2,
    ),
    Style(
        "line_numbers",
        "\\documentclass[10pt,twocolumn]{article}\n"
        + PACKAGES
        + "\\usepackage[switch]{lineno}\\linenumbers\n\\usepackage{times}\n",
        PLAIN_FRONT,
        2,
        author_year=True,
    ),
    Style(
        "elsevier",
        "\\documentclass[5p,twocolumn,times]{elsarticle}\n" + PACKAGES,
        "\\begin{frontmatter}\\title{%(title)s}\n%(els)s\n\\begin{abstract}\n%(abstract)s\n\\end{abstract}\n\\begin{keyword}code generation \\sep testing\\end{keyword}\\end{frontmatter}\n",
        2,
    ),
    Style(
        "revtex",
        "\\documentclass[aps,twocolumn,nofootinbib]{revtex4-2}\n" + PACKAGES,
        "\\title{%(title)s}\n%(els)s\n\\begin{abstract}\n%(abstract)s\n\\end{abstract}\n\\maketitle\n",
        2,
    ),
    Style(
        "llncs",
        "\\documentclass{llncs}\n" + PACKAGES,
        "\\title{%(title)s}\\author{%(llncs)s}\\institute{University of Somewhere}\\maketitle\n\\begin{abstract}\n%(abstract)s\n\\end{abstract}\n",
        1,
        paragraphs=5,
    ),
    Style(
        "article_one",
        "\\documentclass[11pt]{article}\n" + PACKAGES + "\\usepackage{lineno}\\linenumbers\n",
        PLAIN_FRONT,
        1,
        author_year=True,
        paragraphs=5,
    ),
    Style(
        "computer_modern",
        "\\documentclass[10pt,twocolumn,a4paper]{article}\n"
        + PACKAGES.replace("[T1]", "[OT1]")
        + "\\usepackage{hyperref}\n",
        PLAIN_FRONT,
        2,
    ),
    Style(
        "unnumbered",
        "\\documentclass[10pt,twocolumn]{article}\n"
        + PACKAGES
        + "\\setcounter{secnumdepth}{0}\n\\usepackage{times}\n"
        + HEADS_AND_FEET,
        PLAIN_FRONT,
        2,
        author_year=True,
    ),
)


def paper(seed: int, style: Style) -> tuple[str, Truth]:
    """One paper's LaTeX and truth."""
    writer = Writer(seed, style.author_year)
    names = writer.random.sample(NAMES, 3)
    abstract = " ".join(writer.paragraph(7))
    truth = Truth(TITLES[seed], names, abstract, style.columns)
    facts = {
        "title": truth.title,
        "abstract": tex(abstract),
        "authors": r" \and ".join(f"{name}\\\\ University of Somewhere" for name in names),
        "ieee": r" \and ".join(
            f"\\IEEEauthorblockN{{{n}}}\\IEEEauthorblockA{{University of Somewhere}}" for n in names
        )
        if "conference" in style.name
        else ", ".join(names),
        "els": "\n".join(f"\\author{{{name}}}" for name in names)
        + "\n"
        + (
            r"\affiliation{organization={University of Somewhere}}"
            if style.name == "elsevier"
            else r"\affiliation{University of Somewhere}"
        ),
        "llncs": r" \and ".join(names),
    }
    text = body(writer, truth, style)
    thanks = writer.paragraph(2)
    truth.sections.append({"heading": style.thanks[len("\\section*{") : -1], "level": 1})
    entries = []
    for number, entry in enumerate(writer.entries, start=1):
        label = "[]" if style.author_year else ""
        entries.append(f"\\bibitem{label}{{r{number}}} {entry_text(entry, style.author_year)}\n")
        truth.references.append({key: entry[key] for key in ("title", "year", "doi", "arxiv_id")})
    hanging = "\\makeatletter\\def\\@biblabel#1{}\\makeatother\n" if style.author_year else ""
    source = (
        "% Written by make_papers.py; change that instead.\n"
        f"{style.preamble}{hanging}\\begin{{document}}\n{style.front % facts}{text}"
        f"{style.thanks}\n{' '.join(map(tex, thanks))}\n\n"
        f"\\begin{{thebibliography}}{{99}}\n{''.join(entries)}\\end{{thebibliography}}\n"
        "\\end{document}\n"
    )
    return source, truth


def build(source: Path) -> None:
    """Turn a .tex file into a PDF beside it. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory() as work:
        command = [
            "pdflatex",
            "-interaction=nonstopmode",
            "-halt-on-error",
            f"-output-directory={work}",
            source.name,
        ]
        for _ in range(2):
            subprocess.run(command, cwd=source.parent, check=True, capture_output=True)
        shutil.copy(Path(work) / f"{source.stem}.pdf", source.with_suffix(".pdf"))


def main() -> None:
    """Write sources and truths; build the PDFs where TeX is installed."""
    for seed, style in enumerate(STYLES):
        source, truth = paper(seed, style)
        path = HERE / f"{style.name}.tex"
        path.write_text(source, encoding="utf-8")
        record = {key: getattr(truth, key) for key in truth.__dataclass_fields__}
        path.with_suffix(".json").write_text(
            json.dumps(record, indent=1, ensure_ascii=False) + "\n"
        )
        if shutil.which("pdflatex"):
            try:
                build(path)
            except subprocess.CalledProcessError as error:
                sys.exit(f"{path.name}: {error.stdout.decode(errors='replace')[-1500:]}")


if __name__ == "__main__":
    main()
