"""The map as a spreadsheet: one line an edge, with both ends and the quote."""

from __future__ import annotations

import csv
import io

from ingest.spreadsheet import guarded
from kb.exports.graphs import manifest
from kb.maps import ChallengeMap

COLUMNS = (
    "kind",
    "basis",
    "source",
    "source_kind",
    "source_label",
    "target",
    "target_kind",
    "target_label",
    "paper_id",
    "passage_id",
    "page",
    "quote",
    "start",
    "end",
    "score",
    "likeness",
    "method",
    "version",
    "human",
    "decided",
    "generation",
    "edges_sha256",
    "manifest",
)


def as_csv(chart: ChallengeMap) -> bytes:
    """UTF-8 with a byte order mark (Excel needs it), CRLF lines, every text quoted.

    Texts that a spreadsheet would run as a formula get an apostrophe in front;
    `ingest.spreadsheet.unguarded` takes it off. The first edge carries the manifest.
    """
    nodes = {node.id: node for node in chart.nodes}
    held = io.StringIO(newline="")
    writer = csv.writer(held, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    about = manifest(chart)
    generation, digest = chart.meta["generation"], chart.meta["hashes"]["edges"]
    for edge in chart.edges:
        source, target = nodes[edge.source], nodes[edge.target]
        row = (
            edge.kind,
            edge.basis,
            edge.source,
            source.kind,
            source.label,
            edge.target,
            target.kind,
            target.label,
            edge.paper_id,
            edge.passage_id,
            edge.page,
            edge.quote,
            edge.start,
            edge.end,
            edge.score,
            edge.likeness,
            edge.method,
            edge.version,
            str(edge.human).lower(),
            edge.decided,
            generation,
            digest,
            about,
        )
        about = ""  # once is enough
        writer.writerow([guarded(value) if isinstance(value, str) else value for value in row])
    return b"\xef\xbb\xbf" + held.getvalue().encode()
