"""Text as a screen may show it: nothing in it drives a terminal or reorders what is read."""

from __future__ import annotations

import json
import re
from typing import Any

# Controls but tab and new line (a terminal obeys them), marks that hide or reorder what is
# read (CVE-2021-42574), annotations, tag characters, halves of a character.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u206f\ud800-\udfff"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """`text` for a screen: each such character is shown as U+FFFD. Lines stay."""
    return _UNSEEN.sub("\ufffd", text)


def visible_json(value: Any, indent: int | None = None) -> str:
    """A value as JSON that is as harmless, and reads back as the same value."""
    told = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    return _UNSEEN.sub(_written, told)


def _written(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]
