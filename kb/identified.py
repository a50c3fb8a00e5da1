"""Which held paper an arriving one is, going by identifiers that leave no doubt."""

from __future__ import annotations

from dataclasses import replace

from ingest.identity import arxiv_id
from ingest.records import Paper
from kb.catalogue import Catalogue
from kb.catalogue.known import Known, known_by
from kb.held import PDF_ONLY
from kb.titles import alike


def identified(catalogue: Catalogue, paper: Paper) -> Paper:
    """The paper under the id by which it is held already; as it is where it is new.

    One arXiv id, one DOI or one file is one paper, unless that would make one of two
    arXiv ids. Whoever is held under the paper's own id is that paper.
    """
    with catalogue.read() as reader:
        if reader.numbers([paper.paper_id]):
            return paper
        held = known_by(
            reader,
            arxiv_id=paper.arxiv_id,
            doi=_published_doi(paper.doi),
            pdf_sha256=paper.pdf_sha256,
        )
    certain = [one for one in held if _certain(paper, one)]
    if not certain:
        return paper
    best = min(certain, key=lambda one: (one.arxiv_id != paper.arxiv_id, one.n))
    return replace(paper, paper_id=best.paper_id)


def _published_doi(doi: str) -> str:
    """The DOI, unless it is the one that arXiv gives each of its papers."""
    return "" if arxiv_id(doi) else doi


def _certain(paper: Paper, held: Known) -> bool:
    if paper.arxiv_id and held.arxiv_id:
        return paper.arxiv_id == held.arxiv_id
    if paper.pdf_sha256 and paper.pdf_sha256 == held.pdf_sha256:
        return True
    # A proceedings volume's DOI stands on many records; a PDF's title may be misread.
    read_off = paper.source.startswith(PDF_ONLY)
    return read_off or alike(paper.title, held.title)
