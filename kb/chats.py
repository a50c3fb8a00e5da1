"""Chats: kept as they were answered, named, searched, removed."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kb.bounds import named
from kb.catalogue.chats import (
    ChatHead,
    Turn,
    chat_named,
    heads,
    name_chat,
    own_chat,
    owner_of,
    remove_chat,
)
from kb.catalogue.chats import turns as stored_turns
from kb.errors import UsageError, unknown
from kb.followup import Turn as Earlier
from kb.followup import turn_of
from kb.library import Library

LAST = "last"
"""Means the chat with the newest turn wherever a chat is named."""

LONGEST_NAME = 80
"""Characters of a name: it has to fit a line of the sidebar's list."""

Whose = tuple[str, ...] | None
"""The names under which somebody's chats are kept, the first one for new chats; "" is the
library's own. None: everybody's, and new ones are the library's own."""

# Chats named in an error: the newest are those that a person means.
_LISTED = 5


@dataclass(frozen=True, slots=True)
class Talk:
    """A chat to be gone on with."""

    chat: str
    """Its id."""
    name: str
    """What to call it, where it is new; "" else."""
    earlier: tuple[Earlier, ...]
    """Its turns as a follow-up reads them, the first one first."""


def new_chat() -> str:
    """An id for a chat that has no turn yet; nobody can guess it."""
    return secrets.token_urlsafe(12)


def chats(library: Library, words: str = "", whose: Whose = None) -> list[ChatHead]:
    """Somebody's chats, newest first; with `words`, those that hold all of them.

    Looked for in names, questions, answers and the titles of what is cited; case does not
    count.
    """
    wanted = words.casefold().split()
    with library.catalogue.read() as reader:
        every = heads(reader.connection)
        found = [one for one in every if whose is None or one.who in whose]
        if not wanted:
            return found
        texts = {one.chat: [one.name] for one in found}
        for chat, turn in stored_turns(reader.connection):
            if chat in texts:
                texts[chat] += _texts(turn)
    told = {chat: "\n".join(some).casefold() for chat, some in texts.items()}
    return [one for one in found if all(word in told[one.chat] for word in wanted)]


def find(library: Library, name: str, whose: Whose = None) -> ChatHead:
    """The chat that `name` means: its id, its name, its first question, or `last`.

    Raises UsageError that names the newest chats.
    """
    known = chats(library, whose=whose)
    if name == LAST and known:
        return known[0]
    for same in (
        lambda one: one.chat == name,
        lambda one: one.name == name,
        lambda one: one.first == name,
    ):
        found = next(filter(same, known), None)
        if found:
            return found
    error = unknown("chat", name, [one.title for one in known[:_LISTED]])
    if len(known) > _LISTED:
        error.remedy += f" and {len(known) - _LISTED} more: kb chats list"
    if not known:
        error.remedy = "there is none yet: kb ask QUESTION --chat NAME"
    raise error


def talk(library: Library, name: str) -> Talk:
    """The chat that `name` means, to go on with; a new one of that name where there is none.

    Raises UsageError for `last` where there is none, and for what is not a name.
    """
    try:
        chat = find(library, name).chat
    except UsageError:
        if name == LAST:
            raise
        return Talk(new_chat(), named(name, "chat", LONGEST_NAME, LAST), ())
    return Talk(chat, "", tuple(turn_of(one.answer) for one in turns(library, chat)))


def turns(library: Library, chat: str) -> list[Turn]:
    """The turns of a chat, the first one first; none where there is no such chat."""
    with library.catalogue.read() as reader:
        return [turn for _, turn in stored_turns(reader.connection, chat)] if chat else []


def may_write(library: Library, chat: str, whose: Whose) -> bool:
    """True where a chat is one's own, or has no turn yet."""
    with library.catalogue.read() as reader:
        return _is_own(owner_of(reader.connection, chat), whose)


def keep(
    library: Library,
    chat: str,
    question: str,
    answer: Mapping[str, Any],
    name: str = "",
    whose: Whose = None,
) -> None:
    """Append a turn, and call the chat by `name` where one is given.

    Where somebody else has begun a chat of that name meanwhile, the turn goes there. Raises
    CatalogueUnwritable where the catalogue cannot be written, UsageError for a chat that is
    not one's own.
    """
    with library.writing_beside(follow=False), library.catalogue.write(bump=False) as writer:
        taken = chat_named(writer.connection, name) if name else ""
        owner = owner_of(writer.connection, taken or chat)
        if not _is_own(owner, whose):
            raise UsageError(
                "this chat is somebody else's",
                item=chat,
                remedy="ask in a chat of your own",
                code="not_yours",
            )
        writer.log_turn(taken or chat, question, answer, now=library.now())
        if owner is None and whose and whose[0]:
            own_chat(writer.connection, chat, whose[0])
        if name and not taken:
            name_chat(writer.connection, chat, name)


def rename(library: Library, chat: str, name: str, whose: Whose = None) -> str:
    """Call a chat by a name; "" means by its first question again. Returns the name as kept.

    Raises UsageError for a name that is another chat's of these people, too long or not
    printable, and for an unknown chat.
    """
    plain = named(name, "chat", LONGEST_NAME, LAST) if name.strip() else ""
    renamed = find(library, chat, whose).chat
    others = (one for one in chats(library, whose=whose) if one.chat != renamed)
    if plain and any(plain in (one.name, one.chat) for one in others):
        raise UsageError(
            f"another chat is called {plain}",
            item=plain,
            remedy="give another name, or rename that one first",
            code="name_taken",
        )
    with library.writing_beside(follow=False), library.catalogue.write(bump=False) as writer:
        name_chat(writer.connection, renamed, plain)
    return plain


def remove(library: Library, chat: str, whose: Whose = None) -> int:
    """Remove a chat for good. Returns how many turns it had. Raises UsageError."""
    doomed = find(library, chat, whose).chat
    with library.writing_beside(follow=False), library.catalogue.write(bump=False) as writer:
        return remove_chat(writer.connection, doomed)


def _is_own(owner: str | None, whose: Whose) -> bool:
    return owner is None or whose is None or owner in whose


def _texts(turn: Turn) -> Iterator[str]:
    answer = turn.answer
    yield turn.question
    yield str(answer.get("reason", ""))
    yield from (str(one.get("text", "")) for one in answer.get("sentences", ()))
    for one in answer.get("citations", ()):
        yield str(one.get("title", ""))
        yield str(one.get("quote", ""))
