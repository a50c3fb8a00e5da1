"""One name for one paper: arXiv id, else DOI, else the hash of its file."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from pathlib import Path
from urllib.parse import unquote

from ingest.errors import SourceError

ACCEPTED_FORMS = (
    "2506.23762 or quant-ph/0201082 (with version, arXiv: or as URL too), "
    "10.1145/3597503 (with doi: or as URL too), sha256: and 16 hexadecimal digits"
)

# Archives that gave out ids before April 2007 (arxiv.org/help/arxiv_identifier).
OLD_ARCHIVES = frozenset(
    "acc-phys adap-org alg-geom ao-sci astro-ph atom-ph bayes-an chao-dyn chem-ph cmp-lg "
    "comp-gas cond-mat cs dg-ga funct-an gr-qc hep-ex hep-lat hep-ph hep-th math math-ph "
    "mtrl-th nlin nucl-ex nucl-th patt-sol physics plasm-ph q-alg q-bio quant-ph solv-int "
    "supr-con".split()
)

_NEW_ID = re.compile(r"(\d{2}(?:0[1-9]|1[0-2])\.\d{4,5})(v\d+)?", re.IGNORECASE)
_OLD_ID = re.compile(
    r"([a-z-]+)(?:\.[a-z-]{2,})?/(\d{2}(?:0[1-9]|1[0-2])\d{3})(v\d+)?", re.IGNORECASE
)
_ARXIV_URL = re.compile(
    r"(?:https?://)?(?:[a-z]+\.)?arxiv\.org/(?:abs|pdf|html|src|e-print|format)/", re.IGNORECASE
)
_DOI_URL = re.compile(r"(?:https?://)?(?:dx\.|www\.)?doi\.org/", re.IGNORECASE)
_DOI = re.compile(r"10\.\d{4,9}(?:\.\d+)*/\S+")
_ARXIV_DOI = re.compile(r"10\.48550/arxiv\.(.+)", re.IGNORECASE)
_SHA = re.compile(r"sha256:([0-9a-f]{16})(?:[0-9a-f]{48})?", re.IGNORECASE)


def _arxiv_parts(text: str) -> tuple[str, str] | None:
    """(id without version, version or "") of a bare arXiv id; None for anything else."""
    found = _NEW_ID.fullmatch(text)
    if found:
        return found[1], (found[2] or "").lower()
    found = _OLD_ID.fullmatch(text)
    if found and found[1].lower() in OLD_ARCHIVES:
        # The subject class (math.GT/0309136) is not part of the id proper.
        return f"{found[1].lower()}/{found[2]}", (found[3] or "").lower()
    return None


def _strip_arxiv(text: str) -> str:
    """An arXiv URL, `arXiv:` form or arXiv DOI down to the bare id."""
    url = _ARXIV_URL.match(text)
    if url:
        bare = unquote(re.split(r"[?#]", text[url.end() :])[0]).rstrip("/")
        return re.sub(r"\.pdf$", "", bare, flags=re.IGNORECASE)
    bare = re.sub(r"^arxiv:\s*", "", text, flags=re.IGNORECASE)
    bare = re.sub(r"\s*\[[a-z.-]+\]$", "", bare, flags=re.IGNORECASE)
    doi = _ARXIV_DOI.fullmatch(_strip_doi(bare))
    return doi[1] if doi else bare


def _strip_doi(text: str) -> str:
    """A DOI in any dress (`doi:`, resolver URL) down to the bare DOI."""
    text = re.sub(r"^(?:doi:\s*)+", "", text, flags=re.IGNORECASE)
    url = _DOI_URL.match(text)
    bare = unquote(text[url.end() :]) if url else text
    return re.sub(r"^doi:\s*", "", bare, flags=re.IGNORECASE).strip()


def normal_doi(text: str) -> str:
    """The DOI in `text` without resolver, lower case; "" where it is none."""
    bare = _strip_doi(text.strip())
    return bare.lower() if _DOI.fullmatch(bare) else ""


def arxiv_id(text: str) -> str:
    """The arXiv id without version that `text` is, in any accepted dress; else ""."""
    parts = _arxiv_parts(_strip_arxiv(text.strip()))
    return parts[0] if parts else ""


def arxiv_version(text: str) -> str:
    """The version an arXiv id or URL names, e.g. `v2`; "" where it names none."""
    parts = _arxiv_parts(_strip_arxiv(text.strip()))
    return parts[1] if parts else ""


def paper_id(text: str) -> str:
    """The one id of the paper that `text` names.

    Takes an arXiv id, DOI or sha256 id, bare, prefixed or as URL. Gives the arXiv id
    without version, else `doi:…` in lower case, else `sha256:` + 16 hex digits.
    Raises SourceError `unknown_id`.
    """
    text = text.strip()
    known = arxiv_id(text)
    if known:
        return known
    digest = _SHA.fullmatch(text)
    if digest:
        return f"sha256:{digest[1].lower()}"
    doi = normal_doi(text)
    if doi:
        return f"doi:{doi}"
    raise SourceError(
        "unknown_id",
        "This is neither an arXiv id, a DOI nor a sha256 id.",
        text,
        f"Accepted forms: {ACCEPTED_FORMS}.",
    )


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, 64 hex digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha_id(content: bytes | Path) -> str:
    """The id of a paper known only by its file: `sha256:` + 16 hex digits. Raises OSError."""
    full = (
        file_sha256(content) if isinstance(content, Path) else hashlib.sha256(content).hexdigest()
    )
    return f"sha256:{full[:16]}"


def own_id(name: str) -> str:
    """The id of a record that only its source names, e.g. `P-017`: `sha256:` + 16 hex digits."""
    return sha_id(f"id:{name.strip()}".encode(errors="backslashreplace"))


def normal_title(title: str) -> str:
    """A title for comparing: no accents, case or punctuation; words with one space between."""
    bare = unicodedata.normalize("NFKD", title)
    plain = "".join(char for char in bare if not unicodedata.combining(char)).casefold()
    return " ".join(re.findall(r"[^\W_]+", plain))


def work_id(title: str, family: str, year: int | None) -> str:
    """The id of a work known by its facts alone: `sha256:` + 16 hex digits.

    Takes the title, the first author's family name ("" where unknown) and the year. The
    same work has the same id whichever kind of bibliography it stands in.
    """
    named = normal_title(title) or title.strip()  # "???" is a title too
    facts = f"work:{named}|{normal_title(family)}|{year or ''}"
    return sha_id(facts.encode(errors="backslashreplace"))
