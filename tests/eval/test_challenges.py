"""The coded pairs of challenge sentences: sound, and told apart by the fitted likeness.

How well merging does on the whole library is in data/labels/pairs.md. Here no vectors are
made: the pairs are found again by their hashes, and what wording alone can tell has a floor.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kb.metrics import auc
from kb.trouble import troubles
from taxonomy.labels import FOLDER, lines, text_hash
from taxonomy.training import read_texts

PAIRS = list(lines(FOLDER / "pairs.jsonl"))


def test_the_halves_share_no_sentence_and_no_text_is_kept() -> None:
    sides = [pair[side] for pair in PAIRS for side in "ab"]
    assert len({(side["paper"], side["sha256"]) for side in sides}) == len(sides) == 2 * 564
    assert all(set(side) == {"paper", "start", "end", "sha256"} for side in sides)
    fitted = [line[side] for line in lines(FOLDER / "pairs_once.jsonl") for side in "ab"]
    near = list(lines(FOLDER / "pairs_near.jsonl"))
    assert [len(line["sentences"]) for line in near] == [8] * 120
    fitted += [one for line in near for one in line["sentences"]]
    assert not {(side["paper"], side["sha256"]) for side in fitted} & {
        (side["paper"], side["sha256"]) for side in sides
    }


def test_the_two_passes_agree_as_the_sheet_says() -> None:
    first, second = ([bool(pair[name]) for pair in PAIRS] for name in ("first", "second"))
    share = sum(a == b for a, b in zip(first, second, strict=True)) / len(PAIRS)
    p, q = sum(first) / len(PAIRS), sum(second) / len(PAIRS)
    chance = p * q + (1 - p) * (1 - q)
    assert (share - chance) / (1 - chance) == pytest.approx(0.95, abs=0.005)
    assert sum(bool(pair["same"]) for pair in PAIRS) == 86


def test_the_kind_of_trouble_tells_pairs_of_the_test_half_apart(shared_data: Path) -> None:
    names = ("arxiv_cs_abstracts.jsonl.gz", "llm_se_papers.jsonl.gz")
    texts = read_texts([shared_data / name for name in names])
    said, same = [], []
    for pair in PAIRS:
        sides = [pair[side] for side in "ab"]
        cut = [texts.get(at["paper"], ("", ""))[1][at["start"] : at["end"]] for at in sides]
        # A later version of an abstract may read otherwise.
        if pair["half"] == "test" and [text_hash(text) for text in cut] == [
            at["sha256"] for at in sides
        ]:
            said += cut
            same.append(bool(pair["same"]))
    assert len(same) > 200
    found = troubles(said, [0.8] * len(said))
    agreed = (found.kinds[::2] * found.kinds[1::2]).sum(axis=1)
    apart = np.array(same)
    assert auc(agreed[apart].tolist(), agreed[~apart].tolist()) >= 0.7
