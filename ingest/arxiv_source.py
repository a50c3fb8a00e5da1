"""Papers from arXiv: records by id or query, and PDFs; the only module that imports arxiv."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from ingest.arxiv_http import PLACES, Manners, PoliteSession
from ingest.errors import SourceError
from ingest.identity import arxiv_id, arxiv_version, normal_doi
from ingest.records import Paper, ParseNote
from ingest.sources import Found, clean_text
from ingest.url import BadUrl, Gate, parse

if TYPE_CHECKING:
    import arxiv

API_URL = "https://export.arxiv.org/api/query"
PDF_URL = "https://arxiv.org/pdf"
PAGE = 100
"""Records asked for at once: arXiv's own advice."""
EMPTY_TRIES = 4
"""How often a page is asked for that is empty and should not be."""
_TOTAL = re.compile(rb"<(?:\w+:)?totalResults[^>]*>\s*(\d+)")
_WITHDRAWN = re.compile(r"\bwithdrawn\b", re.IGNORECASE)


class ArxivSource:
    """Asks arXiv, politely.

    Takes the addresses of the API and of the PDFs, the manners of asking, other places that
    may be asked (scheme, host and port; one of the two addresses that names this machine is
    one of itself), and, so that time can be played, how to sleep and to tell seconds. Not for
    several threads at once: one connection is what arXiv's terms allow.
    """

    def __init__(
        self,
        base_url: str = API_URL,
        pdf_url: str = PDF_URL,
        delay_seconds: float = 3.0,
        timeout: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        manners: Manners | None = None,
        allow: Sequence[str] = (),
    ) -> None:
        chosen = manners or Manners(delay_seconds=delay_seconds, timeout=timeout)
        self._base_url = base_url
        self._pdf_url = pdf_url.rstrip("/")
        gate = Gate.of((*PLACES, *allow, *_of_this_machine(base_url, pdf_url)))
        self._session = PoliteSession(chosen, gate, sleep, clock)

    def by_ids(self, ids: Sequence[str]) -> Iterator[Found]:
        """One item for each id, in the order given, asked for 100 at a time.

        Takes arXiv ids or URLs; a version asks for that version. An item whose id is no arXiv
        id, or which arXiv does not have, raises SourceError when read. Raises SourceError
        where arXiv itself fails.
        """
        for start in range(0, len(ids), PAGE):
            chunk = ids[start : start + PAGE]
            wanted = [arxiv_id(one) + arxiv_version(one) for one in chunk]
            known = [one for one in wanted if one]
            papers: dict[str, Paper] = {}
            if known:
                for paper in self._papers("", known, len(known)):
                    papers[paper.arxiv_id] = paper
            for given, one in zip(chunk, wanted, strict=True):
                yield Found(given, partial(_found, given, papers.get(arxiv_id(one))))

    def by_query(
        self,
        query: str,
        maximum: int,
        since: date | None = None,
        until: date | None = None,
        start: int = 0,
    ) -> Iterator[Found]:
        """The papers a query finds, at most up to result number `maximum`.

        Takes a query of arXiv's (`cat:cs.SE AND abs:agent`). With `since` the newest come
        first and it ends at papers neither new nor revised since that day; without, arXiv's
        own ranking. With `until` only papers submitted up to that day. Results before number
        `start`, from 0, are passed over unasked. Raises SourceError.
        """
        if until:
            query = f"({query}) AND submittedDate:[199108010000 TO {until:%Y%m%d}2359]"
        for paper in self._papers(query, [], maximum, since, start):
            yield Found(paper.arxiv_id, partial(_found, paper.arxiv_id, paper))

    def _client(self) -> arxiv.Client:
        """The client of the arxiv package, made to ask through the polite session."""
        import arxiv

        # Spacing and retrying are the session's: the client knows neither timeouts nor
        # Retry-After, and would retry what the session gave up on.
        client = arxiv.Client(page_size=PAGE, delay_seconds=0.0, num_retries=0)
        client.query_url_format = self._base_url + "?{}"
        client._session.close()
        client._session = _Checked(self._session)
        return client

    def _papers(
        self,
        query: str,
        ids: list[str],
        maximum: int,
        since: date | None = None,
        start: int = 0,
    ) -> Iterator[Paper]:
        """Papers as arXiv gives them, each once."""
        import arxiv

        criterion = arxiv.SortCriterion
        order = criterion.LastUpdatedDate if since else criterion.Relevance
        search = arxiv.Search(query=query, id_list=ids, max_results=maximum, sort_by=order)
        seen: set[str] = set()
        stale = 0
        results = self._client().results(search, offset=start)
        while True:
            try:
                result = next(results, None)
                if result is None or (since and result.updated.date() < since):
                    return
                paper = _paper(result)
            except arxiv.ArxivError as error:
                raise _malformed(error.url, str(error.message)) from error
            # What the client makes of a date or a field that is missing or not as arXiv's.
            except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError) as error:
                raise _malformed(self._base_url, "an entry is not as arXiv writes it") from error
            if paper.paper_id in seen:
                # A feed that repeats itself would go on for ever.
                stale += 1
                if stale > PAGE:
                    raise _malformed(self._base_url, "its pages repeat without end")
                continue
            seen.add(paper.paper_id)
            yield paper

    def fetch_pdf(self, paper_id: str, target: Path) -> Path:
        """Fetch a paper's PDF to a file, which is there whole or not at all.

        Takes an arXiv id or URL, with a version or not, and the file to write. Gives that
        file. Raises SourceError; OSError where the disk fails.
        """
        known = arxiv_id(paper_id)
        if not known:
            raise SourceError(
                "not_found", "Only arXiv ids have a PDF at arXiv.", paper_id, "Add its PDF file."
            )
        url = f"{self._pdf_url}/{known}{arxiv_version(paper_id)}"
        content = self._session.download(url)
        if b"%PDF" not in content[:1024]:
            raise SourceError(
                "malformed",
                "arXiv sent something other than a PDF.",
                paper_id,
                "Open its page and look.",
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".part", delete=False) as file:
            part = Path(file.name)
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                file.close()
                part.replace(target)
            except OSError:
                part.unlink(missing_ok=True)
                raise
        return target


class _Checked:
    """The session as the client sees it: answers that are no whole Atom feed are refused."""

    def __init__(self, session: PoliteSession) -> None:
        self._session = session

    def get(self, url: str, headers: dict[str, str]) -> Any:
        """A page of the API. Raises SourceError.

        arXiv now and then answers with an empty page where there are more results: it is
        asked again.
        """
        for _ in range(EMPTY_TRIES):
            answer = self._session.get(url, headers)
            content = answer.content
            # The client's XML parser mends what is broken: half a feed would pass for whole.
            if b"<feed" not in content or not content.rstrip().endswith(b"</feed>"):
                raise _malformed(url, "it is no whole Atom feed")
            if not _wrongly_empty(url, content):
                return answer
        raise _malformed(url, "it is empty, though there are more results")


def _of_this_machine(*urls: str) -> Iterator[str]:
    """The places among these addresses that lie here; what is no address fails when asked."""
    for url in urls:
        with suppress(BadUrl):
            place = parse(url).place
            if place.loopback:
                yield str(place)


def _wrongly_empty(url: str, content: bytes) -> bool:
    """True for a page without entries before the last result."""
    told = _TOTAL.search(content)
    start = parse_qs(parse(url).query).get("start", ["0"])[0]
    return b"<entry" not in content and told is not None and int(told[1]) > int(start)


def _malformed(url: str, why: str) -> SourceError:
    return SourceError(
        "malformed",
        f"arXiv's answer cannot be read: {why}.",
        url,
        "Try again later; check the settings.",
    )


def _found(given: str, paper: Paper | None) -> Paper:
    if paper is None:
        raise SourceError("not_found", "arXiv does not have this paper.", given, "Check the id.")
    return paper


def _paper(result: arxiv.Result) -> Paper:
    """A record as arXiv's client gives it. Raises SourceError."""
    identity = arxiv_id(result.entry_id)
    if not identity:
        # arXiv reports errors as an entry with an id of its own.
        raise SourceError(
            "bad_query", f"arXiv says: {clean_text(result.summary)[:200]}", "", "Check the query."
        )
    others = [one for one in result.categories if one != result.primary_category]
    primary = [result.primary_category] if result.primary_category else []
    return Paper(
        paper_id=identity,
        title=clean_text(result.title),
        abstract=clean_text(result.summary),
        authors=tuple(
            " ".join(author.name.split()) for author in result.authors if author.name.strip()
        ),
        categories=tuple(primary + others),
        published=result.published.date().isoformat(),
        doi=normal_doi(result.doi or ""),
        arxiv_id=identity,
        version=arxiv_version(result.entry_id),
        source="arxiv",
        warnings=_withdrawn(result),
    )


def _withdrawn(result: arxiv.Result) -> tuple[ParseNote, ...]:
    """A note on a paper that its authors took back: its last version has no text."""
    for said in (result.comment or "", result.summary if len(result.summary) < 300 else ""):
        if _WITHDRAWN.search(said):
            return (ParseNote("withdrawn", clean_text(said)[:300]),)
    return ()
