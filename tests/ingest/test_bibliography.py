"""Bibliographies of every dialect: what they say is read, what is broken costs only itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.bibliography import bibliography, is_bibliography, size
from ingest.bibliography_files import file_paths
from ingest.bibliography_record import published
from ingest.errors import PdfError, SourceError
from ingest.identity import work_id
from ingest.latex_text import plain
from ingest.names import listed, parts_of, reading_order
from ingest.records import PageText, Paper, Parsed, Section

HERE = Path(__file__).parent / "bibliographies"
BODY = (Section("Introduction", 1, 1, (PageText(1, "Text."),)),)
PARSED = Parsed("A printed title", ("Ada L.",), "Printed.", 1, BODY, (), 3, year=2024)
GERMAN = {
    "title": "Titel",
    "authors": "Autoren",
    "year": "Jahr",
    "abstract": "Zusammenfassung",
}


def papers(path: Path, columns: dict[str, str] | None = None) -> list[Paper]:
    return [found.read() for found in bibliography(path, columns=columns).items()]


def outcomes(path: Path) -> list[Paper | SourceError]:
    """Every item's paper, or the error that reading it raises."""
    read: list[Paper | SourceError] = []
    for found in bibliography(path).items():
        try:
            read.append(found.read())
        except SourceError as error:
            read.append(error)
    return read


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def test_jabref() -> None:
    one, two = papers(HERE / "jabref.bib")
    assert one.title == "Testing LLM-Written Code with Metamorphic Relations"
    assert one.authors == ("Kaj Åhlberg", "Mia Grün", "Pieter van der Linde")
    assert one.abstract == "We test 40% of all programs & find that α-renaming matters — a lot."
    assert (one.paper_id, one.published) == ("doi:10.5555/invented_1001", "2024-05")
    assert (two.authors, two.published) == (("Kaj Åhlberg",), "2024-06-30")
    assert two.paper_id == work_id("A second study of oracles", "ahlberg", 2024)


@pytest.mark.parametrize(
    ("name", "when"),
    [
        ("zotero.bib", "2025-06"),
        ("betterbibtex.bib", "2025-06-14"),
        ("zotero.json", "2025-06-14"),
        ("zotero.csv", "2025-06-14"),
    ],
)
def test_zotero_says_the_same_in_every_format(name: str, when: str) -> None:
    paper = next(iter(bibliography(HERE / name).items())).read()
    assert paper.paper_id == paper.arxiv_id == "2506.90001"
    assert paper.title == "Planning before Typing: How Agents Decide"
    assert paper.authors == ("Ngozi Okafor", "Planning Consortium")
    assert paper.published == when
    assert paper.doi == ""  # arXiv's own says nothing that the id does not
    if name != "betterbibtex.bib":
        assert paper.abstract == "Agents cost $5 to $10 a task. We ask why."


def test_mendeley_and_endnote_hold_one_work() -> None:
    (mendeley,), endnote = papers(HERE / "mendeley.bib"), papers(HERE / "endnote.ris")
    assert mendeley.paper_id == "2311.90002"
    assert mendeley.title == endnote[0].title == "Repair Loops that End"
    assert mendeley.authors == endnote[0].authors == ("Léa Moreau", "An Nguyên")
    assert (
        mendeley.abstract
        == endnote[0].abstract
        == ("Repairing programs costs $3 each, ~10% less than before.")
    )
    assert mendeley.doi == endnote[0].doi == "10.5555/invented.2002"
    assert endnote[0].published == "2023-11-05"
    assert endnote[1].authors == ("Invented Labs",)


def test_acm_scopus_and_csl_hold_one_work() -> None:
    read = [papers(HERE / "acm.bib")[0], papers(HERE / "scopus.csv")[0]]
    read.append(next(p for p in outcomes(HERE / "zotero.json")[1:] if isinstance(p, Paper)))
    assert {one.paper_id for one in read} == {"doi:10.5555/invented.3003"}
    assert {one.title for one in read} == {"Requirements for Models of Code"}
    assert read[0].authors == read[2].authors == ("Yui Sato", "Brian O'Neil Jr.")
    assert read[1].authors == ("Yui Sato", "Brian O'Neil")


def test_dblp_inherits_from_its_volume_which_is_no_paper() -> None:
    one, two = papers(HERE / "dblp.bib")
    assert (one.paper_id, one.authors) == ("2402.90004", ("José García", "Wei Zhang"))
    assert (two.title, two.year) == ("Datasets of Code, Deduplicated", 2021)


def test_arxiv_and_better_bibtex_json() -> None:
    (bib,) = papers(HERE / "arxiv.bib")
    held, attachment = outcomes(HERE / "betterbibtex.json")
    assert isinstance(held, Paper)
    assert bib.paper_id == held.paper_id == "2501.90005"
    assert bib.authors == held.authors == ("Jan van der Berg", "Eva Lund", "DeepCode Team")
    assert bib.categories == ("cs.SE",)
    assert isinstance(attachment, SourceError)
    assert (attachment.code, attachment.item.rpartition("/")[2]) == (
        "no_work",
        "betterbibtex.json#2",
    )


def test_ris_of_pubmed_and_scopus() -> None:
    (paper,) = papers(HERE / "pubmed.ris")
    assert (paper.authors, paper.published) == (("R Haddad", "P J Stone"), "2022-03-14")
    assert paper.abstract.startswith("BACKGROUND: Software")
    one, two = papers(HERE / "scopus.ris")
    assert (one.paper_id, one.authors) == ("2402.90004", ("J. García", "W. Zhang"))
    assert [note.code for note in one.warnings] == ["no_end"]
    assert two.title == "A record whose end was lost"


def test_tables() -> None:
    scopus = papers(HERE / "scopus.csv")[1]
    assert (scopus.authors, scopus.abstract) == (("Rae Roe",), "")
    one, two = papers(HERE / "asreview.csv")
    assert one.authors == ("L. Moreau", "A. Nguyên")
    assert two.title == "A Record, with Commas"  # and no paper id from the number of its row
    assert two.paper_id == work_id("a record with commas", "Roe", None)
    (german,) = papers(HERE / "spalten.csv", GERMAN)
    assert (german.title, german.authors) == ("Über das Prüfen von Programmen", ("Jan Müller",))
    assert (german.year, german.abstract) == (2020, "Wir prüfen; gründlich.")


def test_a_column_that_is_not_there_lists_those_that_are() -> None:
    with pytest.raises(SourceError, match="Titel, Autoren, Jahr, Zusammenfassung") as missing:
        papers(HERE / "spalten.csv", {"title": "Title"})
    assert missing.value.code == "unknown_column"
    with pytest.raises(SourceError, match="--columns title=NAME"):
        papers(HERE / "spalten.csv")


def test_each_broken_entry_costs_only_itself() -> None:
    read = outcomes(HERE / "broken.bib")
    titles = [one.title for one in read if isinstance(one, Paper)]
    assert titles == [
        "The First Whole Entry",
        "The Second Whole Entry",
        "No Key",
        "Another Work under the Same Key",
        "A Title",
        "A Web Page without an Author",
    ]
    failed = [one for one in read if isinstance(one, SourceError)]
    assert [one.item.rpartition("/")[2] for one in failed] == [
        "broken.bib:3 (unclosed)",
        "broken.bib:10 (untitled)",
        "broken.bib:14",
        "broken.bib:22 (cut)",
    ]
    assert all(one.message and one.remedy for one in failed)
    twin = next(p for p in read if isinstance(p, Paper) and "Same Key" in p.title)
    assert [note.code for note in twin.warnings] == ["duplicate_key"]
    web = next(p for p in read if isinstance(p, Paper) and "Web" in p.title)
    assert (web.authors, web.published) == ((), "")


def test_one_work_has_one_id_in_every_format(tmp_path: Path) -> None:
    bib = r"@inproceedings{x, author={G{\"o}del, Kurt and B, C}, title={{On} \emph{It}}, year=1931}"
    ris = "TY  - JOUR\nA1  - Gödel, K.\nT1  - On it\nPY  - 1931/01/01\nER  - \n"
    table = "title;author;year\nOn It.;Kurt Gödel;1931\n"
    item = {"title": "On <i>It</i>", "author": [{"family": "Godel", "given": "Kurt"}]}
    csl = json.dumps([{**item, "issued": {"raw": "January 1931"}}])
    made = [
        written(tmp_path / "a.bib", bib),
        written(tmp_path / "a.ris", ris, "utf-16"),
        written(tmp_path / "a.csv", table, "cp1252"),
        written(tmp_path / "a.json", csl, "utf-8-sig"),
    ]
    ids = {paper.paper_id for path in made for paper in papers(path)}
    assert len(ids) == 1
    assert ids.pop().startswith("sha256:")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.bib", "", "empty"),
        ("a.bib", "TY  - JOUR\nTI  - x\nER  - \n", "looks like RIS"),
        ("a.bib", "<!DOCTYPE html><p>Sign in", "looks like a web page"),
        ("a.ris", "PMID- 1\nTI  - x\n", "PubMed's own format"),
        ("a.ris", "@article{x, title={y}}", "looks like BibTeX"),
        ("a.json", '{"a": 1}', "no bibliography"),
        ("a.json", '{"paper_id": "x"}\n{"paper_id": "y"}', "not JSON"),
        ("a.json", "[1, 2]", "no bibliography"),
        ("a.json", "[]", "no CSL-JSON entry"),
        ("a.json", '{"items":' * 50_000, "nests too deep"),
        ("a.csv", "\n\n", "empty|no head"),
        ("a.csv", "a,b\n1,2\n", "Columns: a, b"),
    ],
)
def test_a_file_that_is_none_says_so(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        papers(written(tmp_path / name, text))


def test_giants_and_bombs_cost_only_themselves(tmp_path: Path) -> None:
    giant, deep = "a" * 10_000_000, "{" * 3_000 + "a" + "}" * 3_000
    text = (
        f"@misc{{a, title={{{giant}}}}}\n@misc{{b, title={{{deep}}}}}\n@misc{{c, title={{Fine}}}}"
    )
    codes = [
        p.code if isinstance(p, SourceError) else p.title
        for p in outcomes(written(tmp_path / "a.bib", text))
    ]
    assert codes == ["too_long", "bad_latex", "Fine"]
    ris = f"TY  - JOUR\nTI  - {giant}\nER  - \nTY  - JOUR\nTI  - Fine\nER  - \n"
    read = outcomes(written(tmp_path / "a.ris", ris))
    assert [p.code if isinstance(p, SourceError) else p.title for p in read] == ["too_long", "Fine"]
    table = f'title,year\n"{giant}",1\nFine,2\n"never closed,3\nAlso fine,4\n'
    read = outcomes(written(tmp_path / "a.csv", table))
    told = [p.code if isinstance(p, SourceError) else p.title for p in read]
    assert told == ["bad_row", "Fine", "bad_row", "Also fine"]


def test_tex_reads_no_file(tmp_path: Path) -> None:
    secret = written(tmp_path / "secret.tex", "secret words")
    bib = f"@misc{{a, title={{\\input{{{secret}}} Title \\include{{{secret}}}}}}}"
    (paper,) = papers(written(tmp_path / "a.bib", bib))
    assert "secret words" not in paper.title


def test_line_ends_and_marks_do_not_matter(tmp_path: Path) -> None:
    text = (HERE / "jabref.bib").read_text(encoding="utf-8")
    plainly = papers(HERE / "jabref.bib")
    for encoding in ("utf-8-sig", "utf-16"):
        path = written(tmp_path / "jabref.bib", text.replace("\n", "\r\n"), encoding)
        assert papers(path) == plainly
    path.write_bytes(text.replace("\\emph", "caf\xe9 \\emph").encode("latin-1"))
    assert "café" in papers(path)[0].title


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"{\"o}{\ss} {\AA} \'{\i} \c{c} \v{s} {\l}", "öß Å í ç š ł"),
        (r"{G}{PT}-4 and {{BERT}}", "GPT-4 and BERT"),
        (r"a \textendash{} b -- c --- d", "a – b – c — d"),
        (r"$\alpha \leq \beta$", "α≤β"),
        (r"from $5 to $6, or \$7", "from $5 to $6, or $7"),
        (r"100% of A\&B\_C \#1", "100% of A&B_C #1"),
        (r"``quoted'' \enquote{twice}", "“quoted” twice"),
        (r"see \url{http://x.org/a_b}", "see http://x.org/a_b"),
        (r"\texttt{SAGE} & $\texttt{Droid}$", "SAGE & Droid"),
        ("plain", "plain"),
    ],
)
def test_tex_as_text(tex: str, text: str) -> None:
    assert plain(tex).replace("α ≤ β", "α≤β") == text


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        (":a/b.pdf:PDF", ("a/b.pdf",)),
        (
            "Full Text:files/1/x y.pdf:application/pdf;Page:files/2/x.html:text/html",
            ("files/1/x y.pdf", "files/2/x.html"),
        ),
        ("plain/path.pdf", ("plain/path.pdf",)),
        (r":C\:/Papers/a\;b.pdf:PDF", (r"C\:/Papers/a\;b.pdf",)),
        ("C:/Papers/a.pdf", ("C:/Papers/a.pdf",)),
        ("/a.pdf; /b.html", ("/a.pdf", "/b.html")),
        ("", ()),
    ],
)
def test_file_fields(value: str, paths: tuple[str, ...]) -> None:
    assert file_paths(value) == paths


@pytest.mark.parametrize(
    "field",
    [
        "x:papers/a b.pdf:PDF",
        r"x:papers/a b.pdf:application/pdf;y:z.html:text/html",
        "papers/a b.pdf",
        r"papers\a b.pdf",
        r"C\:\\Users\\me\\a b.pdf",
        ":home/me/a b.pdf:pdf",
    ],
)
def test_the_pdf_that_an_entry_names_is_attached(tmp_path: Path, field: str) -> None:
    bib = written(tmp_path / "lib.bib", f"@misc{{k, title={{T}}, year=2001, file={{{field}}}}}")
    folder = tmp_path / ("papers" if "papers" in field else "files/AB12")
    folder.mkdir(parents=True)
    pdf = folder / "a b.pdf"
    pdf.write_bytes(b"%PDF-")
    (found,) = bibliography(bib, lambda _: PARSED).items()
    paper = found.read()
    assert (paper.title, paper.published) == ("T", "2001")
    assert paper.sections == BODY
    assert Path(paper.pdf_path).resolve() == pdf
    (bare,) = bibliography(bib).items()
    assert not bare.read().has_full_text


@pytest.mark.parametrize("name", ["refs/key1.PDF", "files/2401.00001.pdf", "refs/2401.00001v2.pdf"])
def test_a_pdf_beside_is_found_by_key_or_id(tmp_path: Path, name: str) -> None:
    bib = written(tmp_path / "refs.bib", "@misc{key1, title={T}, eprint={2401.00001v2}}")
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_bytes(b"%PDF-")
    (found,) = bibliography(bib, lambda _: PARSED).items()
    assert found.read().has_full_text


def test_a_pdf_that_cannot_be_read_leaves_the_record(tmp_path: Path) -> None:
    def broken(path: Path) -> Parsed:
        raise PdfError("encrypted", "It wants a password.", str(path))

    bib = written(tmp_path / "refs.bib", "@misc{key1, title={T}, file={a.pdf}}")
    (tmp_path / "a.pdf").write_bytes(b"%PDF-")
    (found,) = bibliography(bib, broken).items()
    paper = found.read()
    assert paper.title == "T"
    (note,) = paper.warnings
    assert note.code == "no_pdf"
    assert "a.pdf: It wants a password." in note.detail


def test_ris_and_tables_name_pdfs_too(tmp_path: Path) -> None:
    (tmp_path / "a b.pdf").write_bytes(b"%PDF-")
    address = (tmp_path / "a b.pdf").as_uri()
    ris = f"TY  - JOUR\nTI  - T\nL1  - x.html\nL1  - {address}\nER  - \n"
    table = "Title,File Attachments\nT,x.html; a b.pdf\n"
    for path in (written(tmp_path / "a.ris", ris), written(tmp_path / "a.csv", table)):
        (found,) = bibliography(path, lambda _: PARSED).items()
        assert found.read().has_full_text, path


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (("2025-06-30",), "2025-06-30"),
        (("2025-06-30T10:00:00Z",), "2025-06-30"),
        (("2025/06/30/",), "2025-06-30"),
        (("2023/11//",), "2023-11"),
        (("30 June 2025",), "2025-06-30"),
        (("June 2025",), "2025-06"),
        (("06/2025",), "2025-06"),
        (("30/06/2025",), "2025"),
        (("2025-02-31",), "2025-02"),
        (("", "2024", "Sept."), "2024-09"),
        (("", "2024", "13"), "2024"),
        (
            (
                "",
                "in press",
            ),
            "",
        ),
        (("", "c2019"), "2019"),
        (("", "0000"), ""),
    ],
)
def test_dates(given: tuple[str, ...], wanted: str) -> None:
    assert published(*given) == wanted


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("Smith, J., Doe, A.B.", ("J. Smith", "A.B. Doe")),
        ("Smith J.; Doe A.", ("J. Smith", "A. Doe")),
        ("Ann Smith, Bo Doe and Cy Fox", ("Ann Smith", "Bo Doe", "Cy Fox")),
        ("Smith, Ann and Doe, Bo", ("Ann Smith", "Bo Doe")),
        ("Smith, Ann", ("Ann Smith",)),
        ("Smith, Ann (571); Doe, Bo (572)", ("Ann Smith", "Bo Doe")),
        ("Ann Smith et al.", ("Ann Smith et al.",)),
        ("Ann Smith; et al.", ("Ann Smith",)),
        ("", ()),
    ],
)
def test_cells_of_names(cell: str, names: tuple[str, ...]) -> None:
    assert listed(cell) == names


@pytest.mark.parametrize(
    "name",
    ["Jan van der Berg", "Ada", "John Smith Jr.", "Invented Labs", "a b", "A  B", "X, Y", ""],
)
def test_parts_of_a_name_give_it_back(name: str) -> None:
    assert parts_of(name).text == name


def test_reading_order_of_three_parts() -> None:
    assert reading_order("Berg, Jr., Jan") == reading_order("Berg, Jan, Jr.") == "Jan Berg Jr."


def test_sizes_for_a_progress_bar() -> None:
    sizes = {path.name: size(path) for path in HERE.iterdir()}
    assert sizes["pubmed.ris"] == 1
    assert sizes["scopus.csv"] == 3
    assert sizes["zotero.json"] == 3
    assert sizes["broken.bib"] >= 9
    assert size(HERE / "none.bib") == 0
    assert all(is_bibliography(path) for path in HERE.iterdir())
