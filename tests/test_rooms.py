"""The house plan of the code: who may import whom, who owns what, and how big things grow.

`violations` reads sources, not modules, so that imports within functions count too, and
so that each rule is tried on a small source that breaks it.
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]

# room -> the rooms that it may import: app.py -> kb -> ingest, taxonomy.
MAY_IMPORT = {
    "app": {"kb"},
    "kb": {"kb", "ingest", "taxonomy"},
    "ingest": {"ingest"},
    "taxonomy": {"taxonomy"},
}

# outside package -> the files that may import it; a folder ends in "/", "*" is anywhere.
# One owner each: to replace a package, one file changes. What is not listed has no owner
# and may not be imported.
OWNERS: dict[str, tuple[str, ...]] = {
    "PIL": ("kb/exports/painting.py",),
    "alembic": ("kb/catalogue/migrating.py", "kb/migrations/"),
    "altair": ("kb/pages/",),
    "arxiv": ("ingest/arxiv_source.py",),
    "bibtexparser": ("ingest/bibliography_bibtex.py",),
    "certifi": ("ingest/network.py",),
    "chromadb": ("kb/vector_index.py",),
    "click": ("kb/cli.py", "kb/commands/"),
    "filelock": ("kb/lock.py",),
    "httpx": ("kb/vector_index.py",),
    "networkx": ("kb/map_network.py", "kb/exports/"),
    "numpy": ("*",),
    "onnxruntime": ("kb/onnx_model.py",),
    "openai": ("kb/writing/wire.py",),
    "pandas": ("kb/pages/",),
    "platformdirs": ("kb/model_files.py", "kb/settings.py"),
    "pylatexenc": ("ingest/latex_text.py",),
    "pymupdf": ("ingest/pdf.py",),
    "rapidfuzz": ("kb/titles.py",),
    "rispy": ("ingest/bibliography_ris.py",),
    "sentence_transformers": ("kb/embed.py",),
    "sqlalchemy": ("kb/catalogue/", "kb/migrations/"),
    "streamlit": ("app.py", "kb/pages/"),
    "tantivy": ("kb/text_index.py",),
    "threadpoolctl": ("kb/snapshot.py",),
    "tokenizers": ("kb/onnx_model.py",),
    "torch": ("kb/embed.py",),
    "tqdm": ("kb/commands/",),
    "transformers": ("kb/embed.py",),
    "urllib3": ("ingest/network.py",),
}

# (file, module of ours) that is loaded within a function, and why.
WHEN_NEEDED = {
    # The server stands first, and loads the pages while the browser fetches what it draws with.
    ("kb/pages/served.py", "kb.pages.parts.page"),
}

# Reading them runs what a stranger wrote; nothing here is stored that way.
UNSAFE = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}

# import name -> distribution, where they differ.
DISTRIBUTIONS = {
    "PIL": "pillow",
    "altair": "streamlit",  # comes with it, and only its pages use it
    "httpx": "chromadb",  # its client's transport, whose errors it passes on
    "pandas": "streamlit",  # comes with it, and only its pages use it
    "sentence_transformers": "sentence-transformers",
}

SAYS_NOTHING = {"util", "utils", "helper", "helpers", "manager", "managers", "base"}

LONGEST_MODULE = 400
LONGEST_FUNCTION = 50
LONGEST_MEDIAN_MODULE = 150


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module, by its full name."""

    name: str
    line: int
    in_function: bool
    for_types: bool
    """Within `if TYPE_CHECKING:`: never run."""


def sources() -> dict[str, str]:
    """path within the checkout -> source, of all production code."""
    files = [CHECKOUT / "app.py"]
    for room in ("kb", "ingest", "taxonomy"):
        files += sorted((CHECKOUT / room).rglob("*.py"))
    return {
        file.relative_to(CHECKOUT).as_posix(): file.read_text(encoding="utf-8")
        for file in files
        if file.is_file()
    }


def module_name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(path: str, tree: ast.AST, *, inside: bool = False, types: bool = False) -> list[Import]:
    found: list[Import] = []
    for node in ast.iter_child_nodes(tree):
        line = getattr(node, "lineno", 0)
        found += [Import(name, line, inside, types) for name in _imported(path, node)]
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        is_types = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        found += imports(path, node, inside=inside or is_function, types=types or is_types)
    return found


def _imported(path: str, node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = path.split("/")[: -node.level] if node.level else []
        origin = ".".join([*above, *([node.module] if node.module else [])])
        yield from (f"{origin}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
        ("import_module", "__import__")
    ):
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value


def violations(code: dict[str, str]) -> list[str]:
    """Everything that breaks the plan, as `path:line: what`."""
    found: list[str] = []
    for path, source in code.items():
        tree = ast.parse(source, path)
        used = imports(path, tree)
        for one in used:
            found += (f"{path}:{one.line}: {what}" for what in _wrong_import(path, one))
        found += (f"{path}:{what}" for what in _too_big(source, tree))
        found += (f"{path}:{what}" for what in _empty_names(path, tree))
        found += (f"{path}:{what}" for what in _untold(tree))
    return list(dict.fromkeys(found)) + _cycles(code)


def _wrong_import(path: str, one: Import) -> Iterator[str]:
    room, top = module_name(path).split(".")[0], one.name.split(".")[0]
    if top in MAY_IMPORT:
        if top not in MAY_IMPORT[room]:
            yield f"{room} may not import {top} ({one.name})"
        if f"{one.name}.".startswith("kb.pages."):
            parts = one.name.startswith("kb.pages.parts")  # what pages share is no page
            if not (parts and (path == "app.py" or path.startswith("kb/pages/"))):
                yield f"a page is imported by nobody ({one.name})"
        if one.in_function and (path, one.name) not in WHEN_NEEDED:
            yield f"imports its own {one.name} within a function"
    elif top in UNSAFE:
        yield f"{top} runs code when it reads"
    elif top not in sys.stdlib_module_names:
        if top not in OWNERS:
            yield f"{top} has no owner: name one in OWNERS"
        elif not any(_covers(owner, path) for owner in OWNERS[top]):
            yield f"{top} belongs to {', '.join(OWNERS[top])}"


def _covers(owner: str, path: str) -> bool:
    return owner in ("*", path) or (owner.endswith("/") and path.startswith(owner))


def _too_big(source: str, tree: ast.AST) -> Iterator[str]:
    length = len(source.splitlines())
    if length > LONGEST_MODULE:
        yield f"1: {length} lines, over {LONGEST_MODULE}"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield f"{node.lineno}: {node.name} has {length} lines, over {LONGEST_FUNCTION}"


def _empty_names(path: str, tree: ast.AST) -> Iterator[str]:
    for part in module_name(path).split("."):
        if SAYS_NOTHING & set(part.lower().split("_")):
            yield f"1: {part} says nothing"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            words = {word.lower() for word in re.findall(r"[A-Z][a-z0-9]*", node.name)}
            if SAYS_NOTHING & words:
                yield f"{node.lineno}: {node.name} says nothing"


def _untold(tree: ast.AST) -> Iterator[str]:
    """What has no docstring and no underscore, functions within functions too."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    for node in ast.walk(tree):
        if not isinstance(node, kinds) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            yield f"{node.lineno}: {node.name} does not say what it is"


def _cycles(code: dict[str, str]) -> list[str]:
    """Modules that import each other in a ring when they are loaded."""
    known = {module_name(path) for path in code}
    needs: dict[str, set[str]] = {}
    for path, source in code.items():
        name = module_name(path)
        used = [i for i in imports(path, ast.parse(source)) if not (i.in_function or i.for_types)]
        targets = {i.name if i.name in known else i.name.rpartition(".")[0] for i in used}
        needs[name] = (targets & known) - {name}
    while free := [name for name in needs if not needs[name] & set(needs)]:
        for name in free:
            del needs[name]
    rings = {name for name in needs if _reaches(needs, name, name)}
    return [f"import each other in a ring: {', '.join(sorted(rings))}"] if rings else []


def _reaches(needs: dict[str, set[str]], start: str, goal: str) -> bool:
    seen: set[str] = set()
    waiting = list(needs[start])
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            waiting += needs.get(name, ())
    return False


def test_the_code_keeps_to_the_plan() -> None:
    found = violations(sources())
    assert not found, "\n".join(found)


def test_half_of_the_modules_are_short() -> None:
    lengths = [len(source.splitlines()) for source in sources().values()]
    assert statistics.median(lengths) <= LONGEST_MEDIAN_MODULE


def test_every_outside_package_is_declared() -> None:
    declared = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    names = {
        re.split(r"[<>=!~\[; ]", need)[0].lower() for need in declared["project"]["dependencies"]
    }
    used = {
        one.name.split(".")[0]
        for path, source in sources().items()
        for one in imports(path, ast.parse(source))
    }
    outside = {name for name in used if name in OWNERS}
    assert {DISTRIBUTIONS.get(name, name) for name in outside} <= names


GOOD = {
    "app.py": "import streamlit\nfrom kb.library import Library\n",
    "kb/library.py": "from ingest.records import Paper\nfrom taxonomy import tagger\n",
    "kb/lock.py": "import os.path\nfrom filelock import FileLock\n",
    "kb/pages/ask.py": "import streamlit as st\nfrom kb.pages.parts import card\n",
    "kb/embed.py": "def _load():\n    import torch\n",
    "ingest/sources.py": "from ingest import records\nimport numpy as np\n",
}


def test_a_good_house_has_no_violations() -> None:
    assert violations(GOOD) == []


@pytest.mark.parametrize(
    ("path", "source", "what"),
    [
        ("ingest/x.py", "import kb.library\n", "ingest may not import kb"),
        ("ingest/x.py", "from taxonomy import tagger\n", "ingest may not import taxonomy"),
        ("taxonomy/x.py", "from ingest.records import Paper\n", "may not import ingest"),
        ("taxonomy/x.py", "def f():\n    import kb\n", "taxonomy may not import kb"),
        ("kb/x.py", "import app\n", "kb may not import app"),
        ("app.py", "from ingest import pdf\n", "app may not import ingest"),
        ("ingest/x.py", "from ..kb import library\n", "ingest may not import kb"),
        ("kb/x.py", "from .pages import ask\n", "a page is imported by nobody"),
        ("kb/x.py", "from kb.pages.ask import show\n", "a page is imported by nobody"),
        ("app.py", "import kb.pages.ask\n", "a page is imported by nobody"),
        ("kb/pages/x.py", "from kb.pages import ask\n", "a page is imported by nobody"),
        ("kb/x.py", "from kb.pages.parts import card\n", "a page is imported by nobody"),
        ("kb/x.py", "import importlib\nimportlib.import_module('kb.pages.ask')\n", "by nobody"),
        ("kb/x.py", "def f():\n    from kb import errors\n", "within a function"),
        ("kb/x.py", "import chromadb\n", "chromadb belongs to kb/vector_index.py"),
        ("kb/x.py", "def f():\n    from torch import nn\n", "torch belongs to kb/embed.py"),
        ("kb/library.py", "import streamlit\n", "streamlit belongs to app.py"),
        ("kb/x.py", "import faiss\n", "faiss has no owner"),
        ("kb/x.py", "import pickle\n", "pickle runs code"),
        ("kb/x.py", "x = 1\n" * 401, "401 lines"),
        ("kb/x.py", "def f():\n" + "    x = 1\n" * 50, "f has 51 lines"),
        ("kb/x.py", "class A:\n  def f(self):\n" + "    x = 1\n" * 50, "f has 51 lines"),
        ("kb/text_utils.py", "", "text_utils says nothing"),
        ("ingest/base/pdf.py", "", "base says nothing"),
        ("kb/x.py", "class PaperManager: ...\n", "PaperManager says nothing"),
        ("kb/x.py", "def _f():\n    def g(): ...\n", "g does not say what it is"),
    ],
)
def test_each_rule_catches_what_breaks_it(path: str, source: str, what: str) -> None:
    found = violations({**GOOD, path: source})
    assert any(line.startswith(path) and what in line for line in found), found


def test_a_ring_of_imports_is_caught() -> None:
    ring = {"kb/a.py": "from kb import b\n", "kb/b.py": "import kb.c\n", "kb/c.py": "import kb.a\n"}
    assert violations({**ring, "kb/d.py": "import kb.a\n"}) == [
        "import each other in a ring: kb.a, kb.b, kb.c"
    ]
    types = {
        **ring,
        "kb/c.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n  import kb.a\n",
    }
    assert violations(types) == []
