"""How long what people write may be: what is longer is refused, with the limit named."""

from __future__ import annotations

from kb.errors import UsageError

LONGEST_WHY = 1_000
"""Characters of the reason that somebody gives."""


def bounded(text: str, most: int = LONGEST_WHY) -> str:
    """The text. Raises UsageError where it has more than `most` characters."""
    if len(text) > most:
        raise UsageError(
            f"this text has {len(text):,} characters: {text[:40]} …",
            item=text[:40],
            remedy=f"give at most {most:,}",
            code="too_long",
        )
    return text


def named(name: str, what: str, most: int, *taken: str) -> str:
    """A name on one line, its white space folded.

    Takes: what, the thing that bears it, e.g. `chat`; most, its characters; taken, what
    nothing may be called. Raises UsageError where it is no such name.
    """
    plain = " ".join(name.split())
    if not plain or len(plain) > most or not plain.isprintable() or plain in taken:
        but = f", not {', '.join(taken)}" if taken else ""
        raise UsageError(
            f"not a name for a {what}: {name[:most]!r}",
            item=name[:most],
            remedy=f"give 1 to {most} printable characters{but}",
            code="bad_name",
        )
    return plain
