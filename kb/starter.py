"""The starter library that comes with Sixfold; `python -m kb.starter` rebuilds its bundle.

It holds bibliographic facts, our tags and, for some papers, a digest in our own words.
Abstracts are read to make the tags and are not kept: neither is any word of theirs.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ingest.records import Digest, Paper, Split
from ingest.sources import jsonl
from ingest.split import embedding_text, split
from kb.adding import tag_papers
from kb.bundle import Manifest, write_bundle
from kb.catalogue.values import NewPassage, StoredTag, Vector
from kb.digests import digest_sentences
from kb.embed import unit
from kb.errors import BundleError, UsageError
from kb.library import Library
from kb.model_files import cache_dir
from kb.vector_cache import VectorCache

DATA = Path(__file__).parents[1] / "data"
BUNDLE = DATA / "starter.kbz"
DIGESTS = DATA / "digests.jsonl"

FIELDS = ("problem", "contribution", "finding", "challenge", "direction")
DIGEST_WORDS = (60, 120)

# Papers cut, tagged and kept at once: bounds memory.
BATCH = 512


def starter_path() -> Path:
    """The starter's bundle. Raises BundleError where it does not lie in data/."""
    if not BUNDLE.is_file():
        raise BundleError(
            "the starter library is not here",
            item=str(BUNDLE),
            remedy="make starter builds it; or kb init, then kb add your own papers",
            code="no_starter",
        )
    return BUNDLE


def digests_in(bundle: Path) -> int:
    """How many papers of a bundle have a digest."""
    with zipfile.ZipFile(bundle) as file, file.open("papers.jsonl") as lines:
        return sum(bool(json.loads(line)["digest"]) for line in lines)


def default_texts() -> Path:
    """Records with abstracts: below `SIXFOLD_SHARED`, else `shared` beside the checkout."""
    named = os.environ.get("SIXFOLD_SHARED", "")
    shared = Path(named) if named else DATA.parents[1] / "shared"
    return shared / "data" / "llm_se_papers.jsonl.gz"


def read_digests(path: Path = DIGESTS) -> dict[str, Digest]:
    """paper_id -> digest. Raises UsageError naming the line that is not as it should be."""
    found: dict[str, Digest] = {}
    last = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        value = json.loads(line)
        words = " ".join(str(value.get(name, "")) for name in FIELDS).split()
        fault = ""
        if set(value) != {"id", *FIELDS} or not all(type(one) is str for one in value.values()):
            fault = f"the keys are id, {', '.join(FIELDS)}"
        elif not DIGEST_WORDS[0] <= len(words) <= DIGEST_WORDS[1]:
            fault = f"{len(words)} words, not {DIGEST_WORDS[0]} to {DIGEST_WORDS[1]}"
        elif value["id"] <= last:
            fault = "ids ascend, each once"
        if fault:
            raise UsageError(f"{path}:{number}: {fault}", item=f"{path}:{number}")
        last = value["id"]
        found[last] = Digest(**{name: value[name] for name in FIELDS})
    return found


def bare(paper: Paper, digest: Digest | None) -> Paper:
    """What the starter keeps of a paper: facts, without a word of the abstract."""
    return replace(paper, abstract="", digest=digest, source="starter", warnings=())


def title_evidence(tag: StoredTag, title: str) -> StoredTag:
    """The tag with only that evidence which the title shows."""
    shown = title.lower()
    kept = tuple(
        words
        for words in tag.evidence
        if re.search(rf"(?<!\w){re.escape(words.lower())}(?!\w)", shown)
    )
    return replace(tag, evidence=kept)


def build(texts: Path, target: Path = BUNDLE, digests_path: Path = DIGESTS) -> Manifest:
    """Build the starter's bundle at `target` from records with abstracts.

    Embeds what the cache of vectors does not hold: all of it the first time. Raises
    UsageError where a digest is of a paper that is not among the records.
    """
    digests = read_digests(digests_path)
    papers = sorted((found.read() for found in jsonl(texts).items()), key=lambda p: p.paper_id)
    strangers = sorted(set(digests) - {paper.paper_id for paper in papers})
    if strangers:
        raise UsageError(f"digests of papers not among the records: {strangers}", item=str(texts))
    with tempfile.TemporaryDirectory(prefix="sixfold-starter-") as folder:
        library = Library.create(Path(folder) / "library")
        cache = VectorCache(cache_dir() / "vectors.sqlite", library.embedder.model_id)
        for start in range(0, len(papers), BATCH):
            _keep(library, cache, papers[start : start + BATCH], digests)
        manifest = write_bundle(library, target)
        cache.close()
        library.close()
    return manifest


def _keep(
    library: Library, cache: VectorCache, batch: Sequence[Paper], digests: dict[str, Digest]
) -> None:
    """Tag papers by their abstracts, and keep them without."""
    fronts = _fronts(library, cache, batch)
    tagged = tag_papers(library, list(batch), fronts)
    kept = [bare(paper, digests.get(paper.paper_id)) for paper in batch]
    cuts = [split(paper, library.embedder.count_tokens) for paper in kept]
    built = _passages(library, cache, kept, cuts)
    # No date: whoever loads the bundle says when, and the same input gives the same bytes.
    with library.catalogue.write() as writer:
        for paper, cut, passages, (tags, scores) in zip(kept, cuts, built, tagged, strict=True):
            shown = [title_evidence(tag, paper.title) for tag in tags]
            writer.put_paper(paper, cut.pages, passages, shown, scores, now="")


def _encode(library: Library, cache: VectorCache, texts: Sequence[str]) -> Vector:
    return cache.encode(texts, library.embedder.encode, library.embedder.dimension)


def _fronts(library: Library, cache: VectorCache, batch: Sequence[Paper]) -> list[Vector]:
    """Each paper's own vector: the mean of its abstract's passages, length 1."""
    cuts = [split(paper, library.embedder.count_tokens) for paper in batch]
    vectors = _encode(library, cache, _texts(batch, cuts))
    fronts, at = [], 0
    for cut in cuts:
        some = vectors[at : at + len(cut.passages)]
        fronts.append(unit(some.mean(axis=0, keepdims=True))[0])
        at += len(cut.passages)
    return fronts


def _texts(batch: Iterable[Paper], cuts: Iterable[Split]) -> list[str]:
    return [
        embedding_text(paper.title, passage.text)
        for paper, cut in zip(batch, cuts, strict=True)
        for passage in cut.passages
    ]


def _passages(
    library: Library, cache: VectorCache, kept: Sequence[Paper], cuts: Sequence[Split]
) -> list[list[NewPassage]]:
    """Each paper's passages with vectors; a digest's sentences labelled by their field."""
    spans = [
        [digest_sentences(paper, passage) for passage in cut.passages]
        for paper, cut in zip(kept, cuts, strict=True)
    ]
    said = [
        passage.text[start:end]
        for cut, per_passage in zip(cuts, spans, strict=True)
        for passage, some in zip(cut.passages, per_passage, strict=True)
        for start, end, _ in some
    ]
    vectors = iter(_encode(library, cache, _texts(kept, cuts)))
    said_vectors = iter(_encode(library, cache, said))
    built = []
    for cut, per_passage in zip(cuts, spans, strict=True):
        mine = []
        for passage, some in zip(cut.passages, per_passage, strict=True):
            place = (passage.section, passage.page, passage.start, passage.end, passage.text)
            vector = next(vectors)
            sentences = tuple((a, b, label, 1.0, next(said_vectors)) for a, b, label in some)
            mine.append(NewPassage(*place, vector, sentences))
        built.append(mine)
    return built


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the bundle and say what is in it."""
    parser = argparse.ArgumentParser(prog="python -m kb.starter", description=build.__doc__)
    parser.add_argument("--texts", type=Path, default=default_texts())
    parser.add_argument("--output", type=Path, default=BUNDLE)
    chosen = parser.parse_args(arguments)
    manifest = build(chosen.texts, chosen.output)
    size = chosen.output.stat().st_size / 1e6
    sys.stdout.write(f"{chosen.output}: {size:.1f} MB, {manifest.counts}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
