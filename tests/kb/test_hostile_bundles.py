"""Bundles are read as hostile input: refused with a reason, and nothing is changed."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import os
import random
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kb.bundle import FORMAT, check_bundle, load_bundle, read_manifest
from kb.bundle_file import MEMBERS
from kb.catalogue.remarks import remark_log
from kb.catalogue.screening import read_held, read_screenings
from kb.errors import BundleError
from kb.library import Library

FIXTURE = Path(__file__).parents[1] / "fixtures" / "v1" / "library.kbz"

Members = dict[str, bytes]


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Library]:
    made = Library.create(tmp_path / "empty")
    yield made
    made.close()


def counts(library: Library) -> tuple[int, dict[str, int]]:
    with library.catalogue.read() as reader:
        return reader.generation, reader.counts()


def members_of(path: Path) -> Members:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in MEMBERS}


def rewritten(target: Path, change: Callable[[Members], Any]) -> Path:
    """The fixture with changed members, sizes and hashes made to fit."""
    members = members_of(FIXTURE)
    change(members)
    if members["manifest.json"].startswith(b'{"') and b'"members"' in members["manifest.json"]:
        told = json.loads(members["manifest.json"])
        for name, content in members.items():
            if name in (told["members"] or ()):
                seen = hashlib.sha256(content).hexdigest()
                told["members"][name] = {"bytes": len(content), "sha256": seen}
        members["manifest.json"] = json.dumps(told).encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return target


def manifest(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Members], None]:
    def apply(members: Members) -> None:
        members["manifest.json"] = json.dumps(change(json.loads(members["manifest.json"]))).encode()

    return apply


def first_paper(change: Callable[[dict[str, Any]], Any]) -> Callable[[Members], None]:
    """Change the record on the first line that has sentences."""

    def apply(members: Members) -> None:
        lines = [json.loads(line) for line in members["papers.jsonl"].splitlines()]
        change(lines[0])
        members["papers.jsonl"] = b"".join(json.dumps(one).encode() + b"\n" for one in lines)

    return apply


def fact(name: str, value: Any) -> Callable[[Members], None]:
    return first_paper(lambda paper: paper.__setitem__(name, value))


def text_of(name: str, change: Callable[[bytes], bytes]) -> Callable[[Members], None]:
    return lambda members: members.__setitem__(name, change(members[name]))


def vectors(change: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    def apply(content: bytes) -> bytes:
        stream = io.BytesIO()
        np.save(stream, change(np.load(io.BytesIO(content))), allow_pickle=True)
        return stream.getvalue()

    return apply


def count(name: str, value: Any) -> Callable[[Members], None]:
    return manifest(lambda m: m | {"counts": m["counts"] | {name: value}})


def swap_lines(content: bytes) -> bytes:
    return b"".join(reversed(content.splitlines(keepends=True)))


CONTENT: dict[str, Callable[[Members], Any]] = {
    "newer format": manifest(lambda m: m | {"format": 99}),
    "format zero": manifest(lambda m: m | {"format": 0}),
    "format is text": manifest(lambda m: m | {"format": "1"}),
    "format is true": manifest(lambda m: m | {"format": True}),
    "unknown manifest key": manifest(lambda m: m | {"created": "today"}),
    "no members": manifest(lambda m: {k: v for k, v in m.items() if k != "members"}),
    "members is a list": manifest(lambda m: m | {"members": []}),
    "manifest is a list": text_of("manifest.json", lambda _: b"[]"),
    "manifest is not JSON": text_of("manifest.json", lambda _: b"{"),
    "huge dimension": manifest(lambda m: m | {"dimension": 10**9}),
    "too many papers announced": count("papers", 4),
    "too few papers announced": count("papers", 2),
    "huge count": count("passages", 2**31 - 1),
    "count beyond any": count("sentences", 10**30),
    "negative count": count("tags", -1),
    "NaN vector": text_of("passages.npy", vectors(lambda v: v * np.float16("nan"))),
    "long vectors": text_of("passages.npy", vectors(lambda v: v * np.float16(2))),
    "zero vectors": text_of("sentences.npy", vectors(lambda v: v * np.float16(0))),
    "float32 vectors": text_of("passages.npy", vectors(lambda v: v.astype(np.float32))),
    "column order": text_of("passages.npy", vectors(np.asfortranarray)),
    "pickled vectors": text_of("passages.npy", vectors(lambda v: np.array([{"a": 1}] * 3))),
    "infinite vector": text_of("passages.npy", vectors(lambda v: np.full_like(v, np.inf))),
    "vectors of half the length": text_of("passages.npy", vectors(lambda v: v[:, ::2])),
    "another dimension": manifest(lambda m: m | {"dimension": m["dimension"] // 2}),
    "negative dimension": manifest(lambda m: m | {"dimension": -384}),
    "one vector less": text_of("passages.npy", vectors(lambda v: v[:-1])),
    "one vector more": text_of("passages.npy", vectors(lambda v: np.concatenate([v, v[:1]]))),
    "no vectors": text_of("passages.npy", lambda _: b""),
    "papers out of order": text_of("papers.jsonl", swap_lines),
    "a paper twice": text_of("papers.jsonl", lambda c: c + c.splitlines(keepends=True)[-1]),
    "cut line": text_of("papers.jsonl", lambda c: c[:-2]),
    "not UTF-8": text_of("papers.jsonl", lambda c: c.replace(b"Ledger", b"Led\xff\xfer")),
    "NaN score": text_of("papers.jsonl", lambda c: c.replace(b'"score":1.0', b'"score":NaN', 1)),
    "deep nesting": text_of("papers.jsonl", lambda c: b"[" * 100_000 + b"\n" + c),
    "a million brackets": text_of("papers.jsonl", lambda c: b"[" * 10**6 + b"\n" + c),
    "a million objects": text_of("papers.jsonl", lambda c: b'{"a":' * 10**6 + b"\n" + c),
    "a number of ten thousand digits": text_of(
        "papers.jsonl", lambda c: b'{"year":' + b"9" * 10_000 + b"}\n" + c
    ),
    "a key twice": text_of("papers.jsonl", lambda c: c.replace(b"{", b'{"title":"Another",', 1)),
    "UTF-16": text_of("papers.jsonl", lambda c: c.decode().encode("utf-16")),
    "a byte order mark": text_of("papers.jsonl", lambda c: b"\xef\xbb\xbf" + c),
    "an escaped half of a character": text_of(
        "papers.jsonl", lambda c: c.replace(b"Ledger", b"Led\\ud800ger")
    ),
    "paper is a list": text_of("papers.jsonl", lambda c: b"[1]\n" + c),
    "unknown key": fact("colour", "red"),
    "key missing": first_paper(lambda p: p.pop("title")),
    "title is a number": fact("title", 7),
    "title is null": fact("title", None),
    "lone surrogate": fact("title", "\ud800"),
    "authors is a text": fact("authors", "Ada"),
    "author is a list": fact("authors", [["Ada"]]),
    "year is a float": fact("year", 2024.5),
    "year is huge": fact("year", 10**20),
    "path for an id": fact("paper_id", "../../etc/passwd"),
    "id not in plain form": fact("paper_id", "2402.00002v1"),
    "script for an arXiv id": fact("arxiv_id", '"><script>'),
    "script for a DOI": fact("doi", "javascript:alert(1)"),
    "hash is no hash": fact("content_hash", "zz"),
    "unknown digest field": fact("digest", {"gossip": "…"}),
    "score beyond 1": fact("scores", {"phase": {"dataset-construction": 1.5}}),
    "page text twice": first_paper(lambda p: p["page_texts"].append(p["page_texts"][0])),
    "span beyond the text": first_paper(lambda p: p["passages"][0].__setitem__("end", 9_999)),
    "negative span": first_paper(lambda p: p["passages"][0].__setitem__("start", -1)),
    "passage of no page": first_paper(lambda p: p["passages"][0].__setitem__("page", 77)),
    "sentence beyond": first_paper(
        lambda p: p["passages"][0]["sentences"][0].__setitem__(1, 9_999)
    ),
    "unknown label": first_paper(lambda p: p["passages"][0]["sentences"][0].__setitem__(2, "rant")),
    "unknown category": first_paper(lambda p: p["tags"][-1].__setitem__("key", "cookery")),
    "unknown facet": first_paper(lambda p: p["tags"][-1].__setitem__("facet", "mood")),
    "tag twice": first_paper(lambda p: p["tags"].append(p["tags"][-1])),
    "unknown judge": first_paper(lambda p: p["tags"][-1].__setitem__("by", "oracle")),
    "collection of nothing": text_of("collections.jsonl", lambda _: b'{"name":"x"}\n'),
    "one collection entry more": text_of("collections.jsonl", lambda c: c + c),
}


AT = "2026-03-01T00:00:00+00:00"
LATER = "2026-03-01T00:00:01.000001+00:00"
PAPER = "2501.00001"

Line = dict[str, Any]

SOUND: dict[str, list[Line]] = {
    "notes.jsonl": [
        {"at": AT, "who": "ada", "paper_id": PAPER, "text": "kept", "replaces": None},
        {"at": LATER, "who": "ada", "paper_id": PAPER, "text": "", "replaces": 1},
    ],
    "reading.jsonl": [{"who": "ada", "paper_id": PAPER, "state": "read", "at": AT}],
    "saved_searches.jsonl": [
        {
            "who": "ada",
            "name": "news",
            "at": AT,
            "query": "tests",
            "filters": {"phases": ["planning"], "year_from": 2024},
            "mode": "hybrid",
        }
    ],
    "reviews.jsonl": [
        {
            "name": "Tests",
            "at": AT,
            "question": "How?",
            "criteria": [{"text": "uses a model", "kind": "include"}],
            "coders": 2,
            "blind": True,
            "checks": [{"at": AT, "who": "ada", "papers": [PAPER], "left": 3, "found": 0}],
        }
    ],
    "review_sources.jsonl": [
        {
            "review": "Tests",
            "at": AT,
            "who": "ada",
            "kind": "library",
            "details": {"filters": {}},
            "found": 1,
            "papers": [[PAPER, "Kettle"]],
        }
    ],
    "screenings.jsonl": [
        {
            "at": AT.replace("+", ".000000+"),
            "who": "ada",
            "review": "Tests",
            "paper_id": PAPER,
            "stage": "abstract",
            "verdict": "include",
            "reason": "",
            "settles": False,
            "undoes": None,
        },
        {
            "at": LATER,
            "who": "ada",
            "review": "Tests",
            "paper_id": PAPER,
            "stage": "abstract",
            "verdict": "undo",
            "reason": "",
            "settles": False,
            "undoes": 1,
        },
    ],
}
"""What people wrote, as a bundle carries it."""

_CHECK = {"at": AT, "who": "ada", "papers": [PAPER], "left": 1, "found": 0}

SIGNED = [member for member, lines in SOUND.items() if "who" in lines[0]]
ABOUT = [member for member, lines in SOUND.items() if "paper_id" in lines[0]]

# Member, line from 0, key, and a value that may not stand there.
WRONG: list[tuple[str, int, str, Any]] = [
    *((member, 0, "who", value) for member in SIGNED for value in (7, "a" * 101, "a\nb", None)),
    *((member, 0, "at", value) for member in SOUND for value in ("", "now", "9999" + AT[4:], 1)),
    *((member, 0, "at", "2026-02-31T00:00:00+00:00") for member in SOUND),
    *((member, 0, "at", AT.replace("+00:00", "+05:00")) for member in SOUND),
    *((member, 0, "paper_id", value) for member in ABOUT for value in ("../x", "", 5)),
    *((member, 0, "colour", "red") for member in SOUND),
    ("notes.jsonl", 0, "text", ""),
    ("notes.jsonl", 0, "text", " \n"),
    ("notes.jsonl", 0, "text", "a\0b"),
    ("notes.jsonl", 0, "text", "a" * 10_001),
    ("notes.jsonl", 0, "text", "\ud800"),
    ("notes.jsonl", 0, "replaces", 1),
    ("notes.jsonl", 0, "replaces", 2),
    ("notes.jsonl", 1, "replaces", 0),
    ("notes.jsonl", 1, "replaces", -1),
    ("notes.jsonl", 1, "replaces", 2),
    ("notes.jsonl", 1, "replaces", True),
    ("notes.jsonl", 1, "paper_id", "2402.00002"),
    ("reading.jsonl", 0, "state", "eaten"),
    ("reading.jsonl", 0, "state", ""),
    ("saved_searches.jsonl", 0, "name", ""),
    ("saved_searches.jsonl", 0, "name", "a" * 81),
    ("saved_searches.jsonl", 0, "name", "a\u202eb"),
    ("saved_searches.jsonl", 0, "query", None),
    ("saved_searches.jsonl", 0, "mode", "magic"),
    ("saved_searches.jsonl", 0, "filters", []),
    ("saved_searches.jsonl", 0, "filters", {"mood": "good"}),
    ("saved_searches.jsonl", 0, "filters", {"phases": "planning"}),
    ("saved_searches.jsonl", 0, "filters", {"tags": [["a", "b"]]}),
    ("saved_searches.jsonl", 0, "filters", {"year_from": "2024"}),
    ("saved_searches.jsonl", 0, "filters", {"tag_status": "oracle"}),
    ("reviews.jsonl", 0, "name", "Others"),
    ("reviews.jsonl", 0, "name", " Tests"),
    ("reviews.jsonl", 0, "name", "a" * 81),
    ("reviews.jsonl", 0, "question", "a" * 501),
    ("reviews.jsonl", 0, "question", "a\x07b"),
    ("reviews.jsonl", 0, "criteria", [{"text": "x", "kind": "perhaps"}]),
    ("reviews.jsonl", 0, "criteria", [{"text": "x"}]),
    ("reviews.jsonl", 0, "coders", 0),
    ("reviews.jsonl", 0, "coders", 10),
    ("reviews.jsonl", 0, "blind", 1),
    ("reviews.jsonl", 0, "checks", [_CHECK | {"papers": "all"}]),
    ("reviews.jsonl", 0, "checks", [_CHECK | {"papers": ["../x"]}]),
    ("reviews.jsonl", 0, "checks", [_CHECK | {"left": -1}]),
    ("review_sources.jsonl", 0, "review", "Others"),
    ("review_sources.jsonl", 0, "kind", "gossip"),
    ("review_sources.jsonl", 0, "kind", "search"),
    ("review_sources.jsonl", 0, "details", {}),
    ("review_sources.jsonl", 0, "details", {"filters": {}, "query": "x"}),
    ("review_sources.jsonl", 0, "details", {"filters": {"author": ["a"]}}),
    ("review_sources.jsonl", 0, "found", -1),
    ("review_sources.jsonl", 0, "papers", {}),
    ("review_sources.jsonl", 0, "papers", [[PAPER]]),
    ("review_sources.jsonl", 0, "papers", [["x y", "Kettle"]]),
    ("review_sources.jsonl", 0, "papers", [[PAPER, 7]]),
    ("screenings.jsonl", 0, "review", "Others"),
    ("screenings.jsonl", 0, "stage", "title"),
    ("screenings.jsonl", 0, "verdict", "not_retrieved"),
    ("screenings.jsonl", 0, "verdict", "undo"),
    ("screenings.jsonl", 0, "reason", "a" * 501),
    ("screenings.jsonl", 0, "settles", "no"),
    ("screenings.jsonl", 0, "undoes", 1),
    ("screenings.jsonl", 0, "at", LATER.replace(":01.", ":02.")),
    ("screenings.jsonl", 1, "undoes", None),
    ("screenings.jsonl", 1, "undoes", 0),
    ("screenings.jsonl", 1, "undoes", 2),
    ("screenings.jsonl", 1, "paper_id", "2402.00002"),
]


def with_work(change: Callable[[dict[str, list[Line]]], Any]) -> Callable[[Members], None]:
    """Add what people wrote, changed."""

    def apply(members: Members) -> None:
        work = copy.deepcopy(SOUND)
        change(work)
        told = json.loads(members["manifest.json"])
        for name, lines in work.items():
            members[name] = b"".join(json.dumps(one).encode() + b"\n" for one in lines)
            told["members"][name] = {}
        members["manifest.json"] = json.dumps(told).encode()

    return apply


def refused(library: Library, path: Path) -> str:
    """The bundle is refused with a reason, and nothing has changed."""
    before = counts(library)
    with pytest.raises(BundleError) as caught:
        load_bundle(library, path)
    assert counts(library) == before
    assert caught.value.remedy
    assert "\n" not in caught.value.message
    return str(caught.value)


@pytest.mark.parametrize("name", CONTENT)
def test_a_bundle_with_wrong_content_is_refused(name: str, empty: Library, tmp_path: Path) -> None:
    refused(empty, rewritten(tmp_path / "hostile.kbz", CONTENT[name]))


@pytest.mark.parametrize("at", range(len(WRONG)), ids=lambda at: f"{WRONG[at][0]}-{at}")
def test_what_people_wrote_is_refused_where_it_is_wrong(
    at: int, empty: Library, tmp_path: Path
) -> None:
    member, line, key, value = WRONG[at]
    change = with_work(lambda work: work[member][line].__setitem__(key, value))
    told = refused(empty, rewritten(tmp_path / "hostile.kbz", change))
    assert member in told or "the review 'Others' is not told" in told or "'Tests' is not" in told


@pytest.mark.parametrize("member", SOUND)
def test_lines_that_lack_a_key_or_stand_twice_are_refused(
    member: str, empty: Library, tmp_path: Path
) -> None:
    for key in SOUND[member][0]:
        change = with_work(lambda work, key=key: work[member][0].pop(key))  # type: ignore[misc]
        refused(empty, rewritten(tmp_path / "hostile.kbz", change))
    if member in ("reading.jsonl", "saved_searches.jsonl", "reviews.jsonl"):
        twice = with_work(lambda work: work[member].append(work[member][0]))
        assert "only line" in refused(empty, rewritten(tmp_path / "hostile.kbz", twice))


def test_what_people_wrote_is_kept_where_it_is_sound(empty: Library, tmp_path: Path) -> None:
    path = rewritten(tmp_path / "sound.kbz", with_work(lambda work: None))
    load_bundle(empty, path)
    with empty.catalogue.read() as reader:
        assert len(remark_log(reader.connection)) == 2
        assert len(read_screenings(reader.connection, "Tests")) == 2
        assert [one.paper_id for one in read_held(reader.connection, "Tests")] == [PAPER]


def test_a_long_chain_of_undos_is_only_long(empty: Library, tmp_path: Path) -> None:
    def chained(work: dict[str, list[Line]]) -> None:
        undo = work["screenings.jsonl"][1]
        work["screenings.jsonl"] += [undo | {"undoes": n} for n in range(2, 5_000)]

    load_bundle(empty, rewritten(tmp_path / "chain.kbz", with_work(chained)))
    with empty.catalogue.read() as reader:
        assert len(read_screenings(reader.connection, "Tests")) == 5_000


def test_the_rewriting_itself_is_harmless(empty: Library, tmp_path: Path) -> None:
    plain = rewritten(tmp_path / "plain.kbz", lambda members: None)
    assert load_bundle(empty, plain).added == 3


def test_a_newer_schema_alone_is_no_reason_to_refuse(empty: Library, tmp_path: Path) -> None:
    newer = manifest(lambda m: m | {"schema": 99})
    assert load_bundle(empty, rewritten(tmp_path / "newer.kbz", newer)).added == 3


def test_a_newer_format_is_called_newer_whatever_members_it_has(
    empty: Library, tmp_path: Path
) -> None:
    def newer(members: Members) -> None:
        manifest(lambda m: m | {"format": FORMAT + 1})(members)
        members["moods.jsonl"] = members.pop("collections.jsonl")

    path = rewritten(tmp_path / "newer.kbz", newer)
    with pytest.raises(BundleError, match=f"format {FORMAT + 1}") as raised:
        load_bundle(empty, path)
    assert raised.value.code == "bundle_newer"


def zipped(target: Path, entries: list[tuple[zipfile.ZipInfo | str, bytes]]) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return target


def entries() -> list[tuple[zipfile.ZipInfo | str, bytes]]:
    return [(name, content) for name, content in members_of(FIXTURE).items()]


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/etc/passwd", "papers.jsonl/x", "C:\\evil", "extra.pkl", "", "a/"]
)
def test_a_strange_member_is_refused(name: str, empty: Library, tmp_path: Path) -> None:
    hostile = zipped(tmp_path / "hostile.kbz", [*entries(), (zipfile.ZipInfo(name or "x"), b"")])
    assert "members" in refused(empty, hostile)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "hostile.kbz"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_twice_is_refused(empty: Library, tmp_path: Path) -> None:
    hostile = zipped(tmp_path / "hostile.kbz", [*entries(), ("papers.jsonl", b"")])
    assert "members" in refused(empty, hostile)


def test_a_missing_member_is_refused(empty: Library, tmp_path: Path) -> None:
    assert "missing" in refused(empty, zipped(tmp_path / "hostile.kbz", entries()[:-1]))


def test_a_link_is_refused(empty: Library, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("papers.jsonl")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    rest = [one for one in entries() if one[0] != "papers.jsonl"]
    assert "link" in refused(empty, zipped(tmp_path / "h.kbz", [*rest, (link, b"/etc/passwd")]))


def test_an_encrypted_or_strangely_packed_member_is_refused(empty: Library, tmp_path: Path) -> None:
    content = bytearray(FIXTURE.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    (tmp_path / "encrypted.kbz").write_bytes(content)
    assert "encrypted" in refused(empty, tmp_path / "encrypted.kbz")
    with zipfile.ZipFile(tmp_path / "packed.kbz", "w", zipfile.ZIP_BZIP2) as archive:
        for name, data in members_of(FIXTURE).items():
            archive.writestr(name, data)
    assert "unknown way" in refused(empty, tmp_path / "packed.kbz")


def test_a_zip_bomb_is_refused_unopened(empty: Library, tmp_path: Path) -> None:
    rest = [one for one in entries() if one[0] != "papers.jsonl"]
    bomb = zipped(tmp_path / "bomb.kbz", [*rest, ("papers.jsonl", b"\n" * 200_000_000)])
    assert bomb.stat().st_size < 300_000
    assert "far more" in refused(empty, bomb)


def test_a_member_that_lies_about_its_size_is_refused(empty: Library, tmp_path: Path) -> None:
    content = bytearray(FIXTURE.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 24 : at + 28] = (50).to_bytes(4, "little")
    (tmp_path / "lie.kbz").write_bytes(content)
    refused(empty, tmp_path / "lie.kbz")


def test_members_over_one_another_are_refused(empty: Library, tmp_path: Path) -> None:
    content = bytearray(FIXTURE.read_bytes())
    second = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 1)
    content[second + 42 : second + 46] = (0).to_bytes(4, "little")
    (tmp_path / "over.kbz").write_bytes(content)
    refused(empty, tmp_path / "over.kbz")


def test_a_huge_table_of_contents_is_refused(empty: Library, tmp_path: Path) -> None:
    many: list[tuple[zipfile.ZipInfo | str, bytes]] = [(f"{n}", b"") for n in range(500)]
    hostile = zipped(tmp_path / "many.kbz", [*entries(), *many])
    assert "table of contents" in refused(empty, hostile)


NAMES = {
    "another case": "Papers.jsonl",
    "another case of the ending": "papers.JSONL",
    "full-width letter": "\uff50apers.jsonl",
    "composed letters": "paper\u017f.jsonl",
    "a dot before": "./papers.jsonl",
    "a dot after": "papers.jsonl.",
    "a stream of Windows": "papers.jsonl::$DATA",
    "a space after": "papers.jsonl ",
    "backslashes": "..\\\\papers.jsonl",
    "a device": "CON",
    "direction turned": "\u202elnosj.srepap",
    "a long name": "a" * 3000,
}


@pytest.mark.parametrize("trick", NAMES)
def test_a_name_that_only_looks_like_ours_is_refused(
    trick: str, empty: Library, tmp_path: Path
) -> None:
    hostile = zipped(tmp_path / "hostile.kbz", [*entries(), (NAMES[trick], b"{}")])
    assert "members" in refused(empty, hostile)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "hostile.kbz"]


Bytes = Callable[[bytearray], Any]
ENTRY = b"PK\x01\x02"
LAST = b"PK\x05\x06"


def at_entry(offset: int, value: bytes, number: int = 0) -> Bytes:
    """Overwrite bytes of an entry of the table of contents."""

    def change(content: bytearray) -> None:
        at = -1
        for _ in range(number + 1):
            at = content.index(ENTRY, at + 1)
        content[at + offset : at + offset + len(value)] = value

    return change


def at_end(offset: int, value: bytes) -> Bytes:
    def change(content: bytearray) -> None:
        at = content.rindex(LAST)
        content[at + offset : at + offset + len(value)] = value

    return change


def quoted_overlap(content: bytearray) -> None:
    """Every member's data runs to the end of the last: they share it (Fifield, 2019)."""
    start = int.from_bytes(content[content.rindex(LAST) + 16 :][:4], "little")
    at = content.index(ENTRY)
    for _ in range(4):
        offset = int.from_bytes(content[at + 42 : at + 46], "little")
        content[at + 20 : at + 24] = (start - offset - 60).to_bytes(4, "little")
        content[at + 24 : at + 28] = (start - offset - 60).to_bytes(4, "little")
        at = content.index(ENTRY, at + 1)


def with_comment(content: bytearray) -> None:
    """A comment that holds a second end of the archive."""
    content[-2:] = (22).to_bytes(2, "little")
    content += LAST + bytes(18)


def prefixed(content: bytearray) -> None:
    content[:0] = b"%PDF-1.7 and a script: " * 4


def zip64(content: bytearray) -> None:
    """An entry whose sizes stand in an extra field, and are 2**63."""
    at = content.index(ENTRY)
    name = int.from_bytes(content[at + 28 : at + 30], "little")
    extra = b"\x01\x00\x10\x00" + (2**63).to_bytes(8, "little") * 2
    content[at + 20 : at + 28] = b"\xff" * 8
    content[at + 30 : at + 32] = len(extra).to_bytes(2, "little")
    content[at + 46 + name : at + 46 + name] = extra
    end = content.rindex(LAST)
    held = int.from_bytes(content[end + 12 : end + 16], "little") + len(extra)
    content[end + 12 : end + 16] = held.to_bytes(4, "little")


CONTAINERS: dict[str, Bytes] = {
    "bytes after the end": lambda c: c.extend(b"more"),
    "a second archive after the end": lambda c: c.extend(bytes(c)),
    "a comment with another end": with_comment,
    "a comment announced": at_end(20, b"\x05\x00"),
    "something before the start": prefixed,
    "quoted overlap": quoted_overlap,
    "sizes in zip64": zip64,
    "all sizes unknown": at_entry(20, b"\xff" * 8),
    "packed size of zero": at_entry(20, bytes(4)),
    "unpacked size of 4 GB": at_entry(24, b"\xfe\xff\xff\xff"),
    "a member over the table of contents": at_entry(20, b"\xff\xff\xff\x7f", 4),
    "a member from beyond the file": at_entry(42, b"\xff\xff\xff\x7f"),
    "name not in UTF-8": at_entry(46, b"\xff\xfe\xfd"),
    "null in a name": at_entry(48, b"\x00"),
    "name longer than it is": at_entry(28, b"\xff\xff"),
    "another name than the member's own": lambda c: c.__setitem__(
        slice(30, 31), bytes([c[30] ^ 0x20])
    ),
    "another checksum": at_entry(16, b"\0\0\0\0"),
    "encrypted": at_entry(8, b"\x01"),
    "strongly encrypted": at_entry(8, b"\x41"),
    "packed with LZMA": at_entry(10, b"\x0e"),
    "packed in an unknown way": at_entry(10, b"\xee"),
    "a folder": at_entry(38, (0o040755 << 16).to_bytes(4, "little")),
    "a device": at_entry(38, (0o020666 << 16).to_bytes(4, "little")),
    "a pipe": at_entry(38, (0o010666 << 16).to_bytes(4, "little")),
    "another disk": at_end(4, b"\x01\x00"),
    "too many entries announced": at_end(10, b"\xff\xff"),
    "no entries announced": at_end(8, bytes(4)),
    "table of contents elsewhere": at_end(16, b"\x07\0\0\0"),
    "a table of contents without end": at_end(12, b"\xff\xff\xff\x7f"),
}


@pytest.mark.parametrize("trick", CONTAINERS)
def test_a_container_that_lies_is_refused(trick: str, empty: Library, tmp_path: Path) -> None:
    content = bytearray(FIXTURE.read_bytes())
    CONTAINERS[trick](content)
    (tmp_path / "hostile.kbz").write_bytes(content)
    refused(empty, tmp_path / "hostile.kbz")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "hostile.kbz"]


def test_an_archive_within_an_archive_is_not_looked_into(empty: Library, tmp_path: Path) -> None:
    inner = zipped(tmp_path / "inner.zip", [("papers.jsonl", b"x" * 10**6)]).read_bytes()
    rest = [one for one in entries() if one[0] != "papers.jsonl"]
    refused(empty, zipped(tmp_path / "hostile.kbz", [*rest, ("papers.jsonl", inner)]))


def test_what_is_no_file_is_refused_without_waiting(empty: Library, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.kbz")
    (tmp_path / "device.kbz").symlink_to("/dev/zero")
    (tmp_path / "folder.kbz").mkdir()
    (tmp_path / "nowhere.kbz").symlink_to(tmp_path / "missing")
    (tmp_path / "round.kbz").symlink_to(tmp_path / "round.kbz")
    for name in ("pipe", "device", "folder", "nowhere", "round"):
        assert "not a file" in refused(empty, tmp_path / f"{name}.kbz")


@pytest.mark.parametrize("content", [b"", b"PK", b"no bundle" * 100, b"PK\x05\x06" + b"\0" * 18])
def test_a_file_that_is_no_bundle_is_refused(
    content: bytes, empty: Library, tmp_path: Path
) -> None:
    (tmp_path / "no.kbz").write_bytes(content)
    refused(empty, tmp_path / "no.kbz")


def test_a_cut_bundle_is_refused(empty: Library, tmp_path: Path) -> None:
    content = FIXTURE.read_bytes()
    for length in (1, 100, len(content) // 2, len(content) - 1):
        (tmp_path / "cut.kbz").write_bytes(content[:length])
        refused(empty, tmp_path / "cut.kbz")


def test_flipped_bytes_are_refused_or_harmless(empty: Library, tmp_path: Path) -> None:
    content = FIXTURE.read_bytes()
    wanted = read_manifest(FIXTURE)
    rng = random.Random(7)
    path = tmp_path / "flipped.kbz"
    for _ in range(300):
        flipped = bytearray(content)
        flipped[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        try:
            # Dates and rights in the zip's own tables mean nothing to us.
            assert check_bundle(path, empty.codebook) == wanted
        except BundleError as error:
            assert error.remedy  # noqa: PT017 - either outcome is right


def test_vectors_of_another_model_are_refused_or_made_anew(empty: Library, tmp_path: Path) -> None:
    other = rewritten(tmp_path / "other.kbz", manifest(lambda m: m | {"model": "another-model"}))
    with pytest.raises(BundleError, match="another-model"):
        load_bundle(empty, other)
    report = load_bundle(empty, other, allow_other_model=True)
    assert report.added == 3
    with empty.catalogue.read() as reader:
        numbers, _, made = reader.all_vectors()
        text = reader.passages(numbers.tolist())
    title = "Kettle: Unit Tests Written While the Tea Is Drawing"
    wanted = [i for i, n in enumerate(numbers) if text[int(n)].paper_id == "2501.00001"]
    again = empty.embedder.encode([f"{title}\n{text[int(numbers[wanted[0]])].text}"])
    assert float(made[wanted[0]] @ again[0]) > 0.999
