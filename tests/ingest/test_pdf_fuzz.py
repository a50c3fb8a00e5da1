"""Damaged PDFs by the hundred: the parent lives, nothing hangs, and every file has an end.

Damage is of the kinds that transfers, disks and hostile authors make; each run makes the same.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.errors import PDF_REMEDIES, PdfError
from ingest.pdf import Limits, Parser

LATEX = Path(__file__).parent / "latex"
SOURCES = ("styles/short_two_pages.pdf", "article_two.pdf", "elsevier.pdf")
SECONDS = 5.0

Damage = Callable[[bytearray, random.Random], None]


def flipped(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 8, 64, 512))):
        data[chance.randrange(len(data))] = chance.randrange(256)


def cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def holed(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 20)):
        at = chance.randrange(len(data))
        del data[at : at + chance.randrange(1, 400)]


def stuffed(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at:at] = chance.randbytes(chance.randrange(1, 4000))


def swapped(data: bytearray, chance: random.Random) -> None:
    """Two objects change places, so that every reference to them lies."""
    objects = list(re.finditer(rb"\d+ 0 obj.*?endobj", bytes(data), re.DOTALL))
    if len(objects) < 2:
        return
    one, other = sorted(chance.sample(objects, 2), key=lambda found: found.start())
    first, second = bytes(one[0]), bytes(other[0])
    data[other.start() : other.end()] = first
    data[one.start() : one.end()] = second


def replaced(pattern: bytes, values: tuple[bytes, ...]) -> Damage:
    """Damage that puts other values where a pattern stands."""

    def damage(data: bytearray, chance: random.Random) -> None:
        found = list(re.finditer(pattern, bytes(data)))
        for one in chance.sample(found, min(len(found), chance.randint(1, 6))):
            # Of the same length, so that the table of places stays right.
            new = chance.choice(values)[: one.end() - one.start()]
            data[one.start() : one.end()] = new.ljust(one.end() - one.start())

    return damage


def appended(objects: bytes) -> Damage:
    """Damage that writes objects anew at the end, as an update of the file would."""

    def damage(data: bytearray, chance: random.Random) -> None:
        numbers = [int(one) for one in re.findall(rb"(\d+) 0 obj", bytes(data))] or [1]
        picked = chance.choice(numbers)
        data += b"\n%d 0 obj\n%s\nendobj\n" % (picked, objects.replace(b"SELF", b"%d" % picked))
        data += b"xref\n0 1\n0000000000 65535 f \ntrailer<</Root %d 0 R/Size 9>>\n" % picked
        data += b"startxref\n%d\n%%%%EOF" % chance.randrange(len(data))

    return damage


DAMAGES: dict[str, Damage] = {
    "bytes flipped": flipped,
    "cut short": cut,
    "holes": holed,
    "stuffed": stuffed,
    "objects swapped": swapped,
    "table of places": replaced(rb"\d{10} \d{5} n", (b"9999999999 00000 n", b"0000000000 00000 n")),
    "lengths that lie": replaced(
        rb"/Length \d+", (b"/Length 0", b"/Length 99999999", b"/Length -1")
    ),
    "huge numbers": replaced(rb"\d{3,}", (b"9" * 30, b"-" + b"9" * 30, b"1e99")),
    "filters that lie": replaced(rb"/FlateDecode", (b"/LZWDecode", b"/DCTDecode", b"/JBIG2Decode")),
    "pages in a circle": appended(
        b"<</Type/Pages/Count 9/Kids[SELF 0 R SELF 0 R]/Parent SELF 0 R>>"
    ),
    "a million pages": appended(b"<</Type/Pages/Count 1000000/Kids[SELF 0 R]>>"),
    "deeply nested": appended(b"<</Type/Catalog/Pages " + b"[" * 3000 + b"]" * 3000 + b">>"),
}


def ending(parser: Parser, path: Path) -> str:
    """What becomes of a file: `paper`, `silent` (a paper without a word or a reason), a code."""
    try:
        parsed = parser.parse(path)
    except PdfError as error:
        return error.code if error.message else "silent"
    return "paper" if parsed.title or parsed.sections or parsed.warnings else "silent"


def ends_of(tmp_path: Path, seed: int, rounds: int) -> dict[str, list[str]]:
    """Kind of damage -> how its files ended, each within the limit."""
    ends: dict[str, list[str]] = {name: [] for name in DAMAGES}
    chance = random.Random(seed)
    wholes = [(LATEX / source).read_bytes() for source in SOURCES]
    path = tmp_path / "damaged.pdf"
    with Parser(Limits(seconds=SECONDS)) as parser:
        for number in range(rounds):
            for name, damage in DAMAGES.items():
                data = bytearray(wholes[number % len(wholes)])
                damage(data, chance)
                path.write_bytes(bytes(data))
                start = time.monotonic()
                ends[name].append(ending(parser, path))
                # A killed child starts anew within the same call; a loaded machine is slow.
                assert time.monotonic() - start < SECONDS + 20
        # The last word is a whole file: nothing before has spoilt the parser.
        assert parser.parse(LATEX / SOURCES[0]).pages == 2
    return ends


def check(ends: dict[str, list[str]]) -> None:
    every = [end for some in ends.values() for end in some]
    assert set(every) <= {"paper", *PDF_REMEDIES}, ends
    assert "paper" in every
    assert len(set(every)) > 1, "no damage was done"


def test_damaged_pdfs_end_with_a_paper_or_a_reason(tmp_path: Path) -> None:
    check(ends_of(tmp_path, seed=11, rounds=8))


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_five_hundred_damaged_pdfs(tmp_path: Path) -> None:
    check(ends_of(tmp_path, seed=2025, rounds=42))
