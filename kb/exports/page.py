"""The map as one interactive HTML page that needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from kb.lattice import PaperFacts
from kb.maps import ChallengeMap
from kb.quotes import legible

DATA = "sixfold-map"
"""Id of the script element that holds the map as JSON, for the page and for `kb verify`."""
_PLAIN_URL = re.compile(r"https?://[^\s<>\"']+")


@cache
def _template() -> str:
    return (files("kb.exports") / "page.html").read_text(encoding="utf-8")


def as_html(chart: ChallengeMap, papers: Mapping[str, PaperFacts]) -> bytes:
    """A page with matrix, search and challenges down to their quotes.

    The data stands in a JSON element in which nothing can end the element; the script
    writes it as text only; a content policy allows that one script, named by its hash, and
    no connection to anywhere.
    """
    cited = sorted({edge.paper_id for edge in chart.edges} & papers.keys())
    known = {
        key: {
            "title": legible(papers[key].title),
            "authors": [legible(name) for name in papers[key].authors],
            "year": papers[key].year,
            "url": papers[key].url if _PLAIN_URL.fullmatch(papers[key].url) else "",
            "phases": list(papers[key].phases),
            "layers": list(papers[key].layers),
            "categories": list(papers[key].categories),
            "facets": {axis: list(keys) for axis, keys in sorted(papers[key].facets.items())},
        }
        for key in cited
    }
    data = json.dumps({**chart.to_json(), "papers": known}, ensure_ascii=False, allow_nan=False)
    for char in "<>&\u2028\u2029":
        data = data.replace(char, f"\\u{ord(char):04x}")
    page = _template()
    script = page[page.index("<script>") + len("<script>") : page.index("</script>\n</body>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    filled = page.replace("@SCRIPT_HASH@", f"sha256-{digest}", 1).replace("@DATA@", data, 1)
    return filled.encode("utf-8", errors="backslashreplace")
