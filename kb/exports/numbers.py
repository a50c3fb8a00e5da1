"""The table behind a picture, as a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from ingest.spreadsheet import guarded
from kb.quotes import legible


def numbers(columns: Sequence[str], rows: Sequence[Sequence[str | float]]) -> bytes:
    """UTF-8 with a byte order mark (Excel needs it), CRLF lines, every text quoted.

    A text that a spreadsheet would run as a formula gets an apostrophe in front.
    """
    held = io.StringIO(newline="")
    writer = csv.writer(held, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    for row in (columns, *rows):
        writer.writerow([guarded(legible(one)) if isinstance(one, str) else one for one in row])
    return b"\xef\xbb\xbf" + held.getvalue().encode()
