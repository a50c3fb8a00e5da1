"""Nothing reports to its makers: some packages do so from compiled code, past the tests' walls."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# The smallest page that can be read; the reader makes up for the missing table of objects.
PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj
trailer<</Root 1 0 R>>
%%EOF
"""


@pytest.mark.parametrize(
    "arguments",
    [["-c", "import kb.onnx_model"], ["-m", "kb.cli", "parse", "empty.pdf"]],
    ids=["query model", "PDF"],
)
def test_onnxruntime_leaves_no_telemetry(arguments: list[str], tmp_path: Path) -> None:
    # ONNX Runtime makes an id of the device and a queue of events in the user's cache
    # when it is loaded, which reading a PDF does too, unless it is told not to.
    (tmp_path / "empty.pdf").write_bytes(PDF)
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert not [path for path in tmp_path.rglob("*") if "onnxruntime" in path.name]
