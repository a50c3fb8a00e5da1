"""What can go wrong while papers come in.

IngestError            everything below; carries code, message, item and remedy
├── PdfError           one PDF could not be read
└── SourceError        a record, a file or a service could not be read
"""

from __future__ import annotations

PDF_REMEDIES = {
    "not_found": "Check the path.",
    "not_a_pdf": "Give a PDF file; save the page's PDF again if a web page was saved instead.",
    "empty": "Fetch it again.",
    "unopenable": "The file is damaged beyond repair: fetch it again.",
    "encrypted": "Remove the password first, e.g. with `qpdf --decrypt`.",
    "too_large": "Raise `Limits.megabytes` or split the file.",
    "timeout": "Raise `Limits.seconds`, or leave this file out.",
    "out_of_memory": "Raise `Limits.memory_megabytes`, or leave this file out.",
    "crashed": "The PDF library crashed on this file only: print it to a new PDF and retry.",
    "not_started": "Free memory, or install Sixfold again; then run the same command again.",
    "no_page": "Ask for a page between 1 and the number of pages.",
}
"""Code of a `PdfError` -> what the user can do about it."""


class IngestError(Exception):
    """A paper could not be taken in; the others can.

    Takes: code, a stable key; message, one sentence for people; item, the file, line or
    id it is about; remedy, what to do about it ("" where nothing helps).
    """

    def __init__(self, code: str, message: str, item: str = "", remedy: str = "") -> None:
        super().__init__(code, message, item, remedy)
        self.code = code
        self.message = message
        self.item = item
        self.remedy = remedy

    def __str__(self) -> str:
        where = f"{self.item}: " if self.item else ""
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{where}{self.message}{remedy}"


class PdfError(IngestError):
    """A PDF could not be read.

    Takes: code, a key of `PDF_REMEDIES`; detail, what was found; item, the file.
    """

    def __init__(self, code: str, detail: str, item: str = "") -> None:
        super().__init__(code, detail, item, PDF_REMEDIES[code])
        # Exception pickles by calling the class with `args`: keep them what __init__ takes.
        self.args = (code, detail, item)

    @property
    def detail(self) -> str:
        """What was found, in one sentence."""
        return self.message


class SourceError(IngestError):
    """A record, a file or a service could not be read; see `IngestError`."""
