"""The child process that reads PDFs: `python -m ingest.pdf_child MEGABYTES`.

Writes an empty JSON object when it is ready; then reads one JSON request a line from standard
input, and answers one JSON line each.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from ingest import drawing, pdf
from ingest.errors import PdfError
from ingest.parsed_json import to_json


def _limit_memory(megabytes: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    size = megabytes * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Nothing here writes files; a PDF that makes the library do so is stopped.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _alarm(seconds: float) -> None:
    """Let the system end this process when time is up, whatever the library is doing."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The answer: {parsed}, {marks}, {png}, {png, found}, or {error: {code, detail}}."""
    path = Path(request["path"])
    limits = pdf.Limits(**request["limits"])
    try:
        if request["do"] == "parse":
            return {"parsed": to_json(pdf.read_pdf(path, limits))}
        if request["do"] == "mark":
            png, found = drawing.draw_marked(path, request["page"], request["said"])
            return {"png": base64.b64encode(png).decode("ascii"), "found": found}
        where = path, request["page"], request["quote"], request["boxes"]
        if request["do"] == "find":
            return {"marks": drawing.find_marks(*where)}
        png = drawing.draw_page(*where)
        return {"png": base64.b64encode(png).decode("ascii")}
    except PdfError as error:
        return {"error": {"code": error.code, "detail": error.detail}}
    except MemoryError:
        return {"error": {"code": "out_of_memory", "detail": "It needs more memory than allowed."}}
    except Exception as error:  # noqa: BLE001 - the parent must hear of every failure, ours too
        return {"error": {"code": "crashed", "detail": f"{type(error).__name__}: {error}"[:300]}}


def main() -> None:
    """Answer requests until standard input ends."""
    # The library prints to standard output; answers go to a copy of it.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    pdf.warm_up()
    _limit_memory(int(sys.argv[1]))
    replies.write(b"{}\n")
    replies.flush()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        _alarm(request["limits"]["seconds"])
        reply = json.dumps(answer(request)).encode()
        _alarm(0.0)
        replies.write(reply + b"\n")
        replies.flush()


if __name__ == "__main__":
    main()
