"""A chat for other tools: Markdown with the BibTeX of what it cites."""

from __future__ import annotations

from kb.catalogue.chats import ChatHead
from kb.chats import turns
from kb.exporting import exported, keys_of
from kb.exports.chat import chat_markdown
from kb.library import Library
from kb.rechecks import recheck


def exported_chat(library: Library, head: ChatHead) -> str:
    """The chat as Markdown, each quote checked again; papers that are gone have no BibTeX."""
    asked = turns(library, head.chat)
    with library.catalogue.read() as reader:
        told = [(one, recheck(reader, one.answer.get("citations", ()))) for one in asked]
        cited = [now.paper_id for _, checked in told for now in checked]
        numbers = reader.numbers(cited)
        papers = list(reader.papers(numbers.values()).values())
    papers.sort(key=lambda one: cited.index(one.paper_id))
    bibtex = exported(library, papers, "bibtex").decode() if papers else ""
    return chat_markdown(head.title, told, keys_of(library) if papers else {}, bibtex)
