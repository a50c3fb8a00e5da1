"""The app's words: each is marked, each is translated, and what is compiled is what is written."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from kb.pages.parts.words_found import of_code, of_codebook
from taxonomy.codebook import SHIPPED

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = CHECKOUT / "kb" / "pages"
LOCALE = PAGES / "locale"
SOURCES = [CHECKOUT / "app.py", *sorted(PAGES.rglob("*.py"))]
Text = str | tuple[str, ...]
AGAIN = "run `make words`, then translate what is new in the .po"

# What must stand in a translation as it stands in the text.
KEPT = (
    re.compile(r"\{\w*\}"),  # what is filled in
    re.compile(r"%[sd]"),
    re.compile(r":material/\w+:"),
    re.compile(r"\*\*|`[^`]*`"),  # Markdown that opens and closes
    re.compile(r"\]\([^)]*\)"),  # where a link goes
    re.compile(r"https?://\S+"),
    re.compile(r"</?\w+[^>]*>"),
)


def extracted() -> set[Text]:
    """Every text that the code marks; a pair where there is a form for several."""
    found: set[Text] = set()
    for files, how in ((SOURCES, of_code), (SHIPPED, of_codebook)):
        for path in files:
            with path.open("rb") as source:
                found |= {text for _line, _mark, text, _notes in how(source, (), (), {})}
    return found


def test_marks_are_found_in_strings_too() -> None:
    code = """x = f"{_('one')} {y}"; later('two ' 'parts'); many("{n} a", "{n} as", 2); _(NAME)"""
    found = [text for _line, _mark, text, _notes in of_code(io.BytesIO(code.encode()), (), (), {})]
    assert sorted(map(str, found)) == ["('{n} a', '{n} as')", "one", "two parts"]


def written(folder: Path) -> Catalog:
    with (folder / "LC_MESSAGES" / "sixfold.po").open("rb") as file:
        return read_po(file)


LANGUAGES = sorted(one for one in LOCALE.iterdir() if one.is_dir())


def told(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(the text in its forms, the translation in its forms)."""

    def forms(text: str | Sequence[str] | None) -> tuple[str, ...]:
        return (text or "",) if text is None or isinstance(text, str) else tuple(text)

    return forms(message.id), forms(message.string)


@pytest.mark.parametrize("folder", LANGUAGES, ids=lambda folder: folder.name)
def test_every_text_has_a_translation(folder: Path) -> None:
    held = {m.id if isinstance(m.id, str) else tuple(m.id): m for m in written(folder) if m.id}
    assert held.keys() == extracted(), AGAIN
    missing = [key for key, one in held.items() if one.fuzzy or not all(told(one)[1])]
    assert not missing, AGAIN


@pytest.mark.parametrize("folder", LANGUAGES, ids=lambda folder: folder.name)
def test_a_translation_keeps_what_is_filled_in_and_what_is_markup(folder: Path) -> None:
    held = [told(message) for message in written(folder) if message.id]
    # The last form is the one for several, which a language without plurals has.
    pairs = [(texts[-1], said) for texts, translations in held for said in translations if said]
    assert not [(kind.pattern, *pair) for pair in pairs for kind in KEPT if not same(kind, *pair)]


def same(kind: re.Pattern[str], text: str, translation: str) -> bool:
    return sorted(kind.findall(text)) == sorted(kind.findall(translation))


@pytest.mark.parametrize("folder", LANGUAGES, ids=lambda folder: folder.name)
def test_what_is_compiled_is_what_is_written(folder: Path) -> None:
    held = io.BytesIO()
    write_mo(held, written(folder))
    assert (folder / "LC_MESSAGES" / "sixfold.mo").read_bytes() == held.getvalue(), AGAIN


@pytest.mark.parametrize("folder", LANGUAGES, ids=lambda folder: folder.name)
def test_the_written_file_changes_only_with_its_texts(folder: Path) -> None:
    text = (folder / "LC_MESSAGES" / "sixfold.po").read_text(encoding="utf-8")
    assert not re.search(r"^#([:~]|, fuzzy)", text, re.MULTILINE), "lines, old or fuzzy entries"
    ids = [message.id for message in written(folder) if message.id]
    first = [one if isinstance(one, str) else one[0] for one in ids]
    assert first == sorted(first)


# What Streamlit shows to a person: the name of a call, and which of its arguments are texts.
FIRST = (
    *("title", "header", "subheader", "markdown", "caption", "write", "text", "html"),
    *("info", "warning", "error", "success", "toast", "metric", "button", "form_submit_button"),
    *("download_button", "link_button", "checkbox", "toggle", "radio", "selectbox", "slider"),
    *("multiselect", "segmented_control", "pills", "select_slider", "text_input", "text_area"),
    *("number_input", "date_input", "file_uploader", "chat_input", "expander", "popover", "tabs"),
    *("status", "spinner", "dialog", "progress", "feedback"),
)
NAMED = ("label", "help", "placeholder", "title", "text", "caption", "body", "alt", "prefix")
ELSEWHERE = ("page_link", "Page", "Tooltip", "X", "Y", "Legend", "Axis")
# Calls whose own texts are looked at, because they give them back.
THROUGH = ("plain", "escaped", "visible", "format", "join", "strip", "partial")
MARKED = ("_", "many", "later")

_WORD = re.compile(r"[A-Za-z]{2,}")
# What is no word of ours: markup, styles, icons, colours and sizes, places of the page.
_SILENT = re.compile(
    r"<(style|script)>.*?(?:</\1>|$)|</?[a-zA-Z][^<>]*>|<[^<>]*$|^[^<>]*>|&\w+;"
    r"|:material/\w+:|:(?:small|gray|red|green|orange|blue|violet)\b|`[^`]*`|\.sf-[\w-]+"
    # Examples of addresses and of the query language.
    r"|https?://\S+|\b\w+:(?:\"[^\"]*\"|[\w.]+\b)|\b(?:AND|OR|NOT)\b",
    re.DOTALL,
)
_IN_TAG = re.compile(r"<[^<>]*$")
# Names that stand as they are in every language.
NAMES = frozenset(
    "Sixfold arXiv BibTeX RIS CSV SVG PNG PDF JSON GraphML GEXF HTML Markdown LaTeX Cytoscape DOI"
    " Id ids AUC TL DR kappa kb km ms".split()
)


def offenders(source: str, file: str) -> list[str]:
    """Texts that a page shows without marking them, as `file:line: text`."""
    found = []
    for node in ast.walk(ast.parse(source, file)):
        if isinstance(node, ast.Call):
            for text in _shown(node):
                found += [f"{file}:{text.lineno}: {one}" for one in _texts(text)]
    return list(dict.fromkeys(found))


def _shown(call: ast.Call) -> Iterator[ast.expr]:
    """The arguments of a call that a person reads."""
    if not isinstance(call.func, ast.Attribute) or ast.unparse(call.func.value) == "_log":
        return
    name = call.func.attr
    if name in FIRST and call.args:
        yield call.args[0]
        formats = any(one.arg == "format_func" for one in call.keywords)
        if name in ("selectbox", "radio", "segmented_control", "pills", "select_slider"):
            yield from [] if formats else call.args[1:2]
    if name in (*FIRST, *ELSEWHERE):
        for one in call.keywords:
            if one.arg in NAMED or one.arg == "format_func":
                yield one.value
    if name == "show" and ast.unparse(call.func.value) == "page" and call.args:
        yield call.args[0]


def _texts(node: ast.expr) -> Iterator[str]:
    """Words in an expression that nothing marks."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and _speaks(node.value):
            yield node.value[:60]
    elif isinstance(node, ast.JoinedStr):
        yield from _of_string(node)
    elif isinstance(node, ast.Call):
        yield from _of_call(node)
    elif isinstance(node, ast.Attribute):
        # Keys of what comes from elsewhere are their own names; a module's constants are texts.
        if node.attr == "__getitem__" and ast.unparse(node.value).isupper():
            yield f"{ast.unparse(node)} shows its texts as they are"
    else:
        for one in _parts(node):
            yield from _texts(one)


def _parts(node: ast.expr) -> list[ast.expr]:
    """What may be shown of an expression that is made of others."""
    match node:
        case ast.Lambda(body=body):
            return [body]
        case ast.IfExp(body=body, orelse=other):
            return [body, other]
        case ast.ListComp(elt=one) | ast.GeneratorExp(elt=one):
            return [one]
        case ast.BinOp() | ast.BoolOp() | ast.List() | ast.Tuple() | ast.Starred():
            return [one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)]
    return []


def _of_string(node: ast.JoinedStr) -> Iterator[str]:
    """Of an f-string: its own words, and those of what is filled in outside of a tag."""
    whole = ""
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            if not _IN_TAG.search(whole):
                yield from _texts(part.value)
            whole += "\u241f"
        elif isinstance(part, ast.Constant):
            whole += str(part.value)
    if _speaks(whole):
        yield whole[:60]


def _of_call(node: ast.Call) -> Iterator[str]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
    if name in MARKED or name not in THROUGH:
        return
    if isinstance(node.func, ast.Attribute):
        yield from _texts(node.func.value)
    for one in (*node.args, *(keyword.value for keyword in node.keywords)):
        yield from _texts(one)


def _speaks(text: str) -> bool:
    return bool(set(_WORD.findall(_SILENT.sub(" ", text))) - NAMES)


def test_no_text_of_a_page_is_left_unmarked() -> None:
    found = [
        one
        for file in SOURCES
        for one in offenders(file.read_text(encoding="utf-8"), str(file.relative_to(CHECKOUT)))
    ]
    assert not found, "\n".join(["wrap in _(…) of kb.pages.parts.words:", *found])


@pytest.mark.parametrize(
    "source",
    [
        "st.button('Save')",
        "column.caption(f'{n:,} papers')",
        "st.text_input(_('Name'), help='who you are')",
        "st.tabs(['One thing', _('Another')])",
        "st.selectbox(_('By'), list(K), format_func=K.__getitem__)",
        "st.selectbox(_('By'), ['year', 'name'])",
        "st.html(f'<b class=\"x\">none</b>{y}')",
        "st.markdown('yes' if a else _('no'))",
        "st.page_link(places.MAP, label=f'{plain(\"Open it\")}')",
        "page.show('Map', draw)",
        "st.info('{n} left'.format(n=3))",
        "st.markdown(' · '.join(['papers', x]))",
    ],
)
def test_each_unmarked_text_is_caught(source: str) -> None:
    assert offenders(source, "x.py")


@pytest.mark.parametrize(
    "source",
    [
        "st.button(_('Save'), key='save')",
        "st.caption(_('{n} papers').format(n=f'{n:,}'))",
        "st.html(f'<div class=\"sf-who\">{escaped(who)}</div>')",
        'st.markdown(f\'**{n:,}** · {many("{n} paper", "{n} papers", n)}\')',
        "st.download_button('SVG', data)",
        "st.selectbox(_('By'), list(K), format_func=lambda one: _(K[one]))",
        "st.html(f'<style>.st-key-matrix{{min-width:{w}px}}{x}</style>')",
        "_log.warning('warming up: %s', error)",
        "page.show(later('Map'), draw)",
    ],
)
def test_marked_texts_and_what_is_no_text_pass(source: str) -> None:
    assert not offenders(source, "x.py")
