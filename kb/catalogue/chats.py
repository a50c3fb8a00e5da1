"""Chats in the catalogue: turns, and what people call them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from kb.catalogue.tables import chat_heads, chats


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and its answer, as it was given then."""

    n: int
    at: str
    """ISO time, UTC."""
    question: str
    answer: dict[str, Any]
    """As `kb ask --json` printed it."""


@dataclass(frozen=True, slots=True)
class ChatHead:
    """A chat without its turns."""

    chat: str
    """Its id."""
    name: str
    """What people call it; "" where nobody named it."""
    first: str
    """Its first question."""
    turns: int
    started: str
    """ISO time of the first turn, UTC."""
    last: str
    """ISO time of the last turn, UTC."""
    who: str = ""
    """Whose it is; "" is the library's own."""

    @property
    def title(self) -> str:
        """Its name, else its first question."""
        return self.name or self.first


def heads(connection: Connection) -> list[ChatHead]:
    """Every chat, the one with the newest turn first."""
    told = (
        select(
            chats.c.chat,
            func.min(chats.c.n).label("first"),
            func.max(chats.c.n).label("newest"),
            func.count().label("turns"),
            func.min(chats.c.at).label("started"),
            func.max(chats.c.at).label("last"),
        )
        .group_by(chats.c.chat)
        .subquery()
    )
    query = (
        select(
            told.c.chat,
            chat_heads.c.name,
            chat_heads.c.who,
            chats.c.question,
            told.c.turns,
            told.c.started,
            told.c.last,
        )
        .select_from(told)
        .join(chats, chats.c.n == told.c.first)
        .outerjoin(chat_heads, chat_heads.c.chat == told.c.chat)
        .order_by(told.c.newest.desc())
    )
    return [
        ChatHead(
            row.chat, row.name or "", row.question, row.turns, row.started, row.last, row.who or ""
        )
        for row in connection.execute(query)
    ]


def turns(connection: Connection, chat: str = "") -> list[tuple[str, Turn]]:
    """(chat, turn) of one chat, or of all; the first one first."""
    query = select(chats).order_by(chats.c.n)
    if chat:
        query = query.where(chats.c.chat == chat)
    return [
        (row.chat, Turn(row.n, row.at, row.question, dict(row.answer)))
        for row in connection.execute(query)
    ]


def name_chat(connection: Connection, chat: str, name: str) -> None:
    """Call a chat by a name; "" takes its name away."""
    _put_head(connection, chat, name=name)


def own_chat(connection: Connection, chat: str, who: str) -> None:
    """Say whose a chat is."""
    _put_head(connection, chat, who=who)


def _put_head(connection: Connection, chat: str, **values: str) -> None:
    held = chat_heads.c.chat == chat
    if not connection.execute(update(chat_heads).where(held).values(**values)).rowcount:
        row = {"chat": chat, "name": "", "who": ""} | values
        connection.execute(chat_heads.insert().values(**row))


def owner_of(connection: Connection, chat: str) -> str | None:
    """Whose a chat is; "" is the library's own, None where it has no turn yet."""
    known = connection.execute(select(chats.c.n).where(chats.c.chat == chat).limit(1)).first()
    query = select(chat_heads.c.who).where(chat_heads.c.chat == chat)
    return None if known is None else connection.execute(query).scalar() or ""


def chat_named(connection: Connection, name: str) -> str:
    """The id of the chat that people call by `name`; "" where none is."""
    query = select(chat_heads.c.chat).where(chat_heads.c.name == name)
    return connection.execute(query).scalar() or ""


def remove_chat(connection: Connection, chat: str) -> int:
    """Remove a chat and its name. Returns how many turns it had."""
    connection.execute(delete(chat_heads).where(chat_heads.c.chat == chat))
    return connection.execute(delete(chats).where(chats.c.chat == chat)).rowcount
