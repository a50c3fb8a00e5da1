"""The catalogue's tables. Every change here needs a migration in `kb/migrations`."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from kb.catalogue.sums import Long, sum_column

metadata = MetaData()


def _owner(nullable: bool = False) -> Column[int]:
    """The paper a row belongs to; the row goes when the paper goes."""
    return Column(
        "paper", ForeignKey("papers.n", ondelete="CASCADE"), nullable=nullable, index=True
    )


meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),
)

papers = Table(
    "papers",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("paper_id", String, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("abstract", Text, nullable=False, default=""),
    Column("authors", JSON, nullable=False),
    Column("categories", JSON, nullable=False),
    Column("published", String, nullable=False, default=""),
    Column("year", Integer),
    Column("doi", String, nullable=False, default="", index=True),
    Column("arxiv_id", String, nullable=False, default="", index=True),
    Column("version", String, nullable=False, default=""),
    Column("pages", Integer),
    Column("pdf_path", Text, nullable=False, default=""),
    Column("pdf_sha256", String, nullable=False, default="", index=True),
    Column("full_text", Boolean, nullable=False, default=False),
    Column("digest", JSON),
    Column("sections", JSON, nullable=False),
    Column("refs", JSON, nullable=False),
    Column("notes", JSON, nullable=False),
    Column("source", Text, nullable=False, default=""),
    Column("content_hash", String, nullable=False),
    Column("scores", JSON, nullable=False),
    Column("added", String, nullable=False),
    Column("generation", Integer, nullable=False, index=True),
    Column("same_as", Integer, index=True),  # number of the paper that stands for this one
    Column("title_key", String, index=True),  # the title's letters; NULL = to be made
    sum_column("scores_sum", "scores"),
    # Not of what is set apart from the rest, nor of what follows from it.
    sum_column(
        "row_sum", but=("scores", "pdf_path", "added", "generation", "same_as", "title_key")
    ),
    sqlite_autoincrement=True,
)

page_texts = Table(
    "page_texts",
    metadata,
    Column("paper", ForeignKey("papers.n", ondelete="CASCADE"), primary_key=True),
    Column("page", Integer, primary_key=True),  # 0 = text that has no page
    Column("text", Text, nullable=False),
    sum_column("row_sum"),
)

passages = Table(
    "passages",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("passage_id", String, nullable=False, unique=True),
    _owner(),
    Column("ordinal", Integer, nullable=False),
    Column("section", Text, nullable=False),
    Column("page", Integer),
    Column("start", Integer, nullable=False),
    Column("stop", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),  # float16, little endian, unit length
    Column("boxes", JSON),  # [[x0, y0, x1, y1], …] on its page, in points from the top left
    sum_column("vector_sum", "vector"),
    sum_column("row_sum", but=("vector",)),
    sqlite_autoincrement=True,
)

sentences = Table(
    "sentences",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("passage", ForeignKey("passages.n", ondelete="CASCADE"), nullable=False, index=True),
    Column("start", Integer, nullable=False),  # in the passage's text
    Column("stop", Integer, nullable=False),
    Column("label", String, nullable=False, index=True),
    Column("score", Float, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    sum_column("vector_sum", "vector"),
    sum_column("row_sum", but=("vector",)),
)

tags = Table(
    "tags",
    metadata,
    Column("paper", ForeignKey("papers.n", ondelete="CASCADE"), primary_key=True),
    Column("facet", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("by", String, primary_key=True),  # machine | human
    Column("present", Boolean, nullable=False),  # False = a person removed it
    Column("score", Float, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("method", String, nullable=False),
    Column("version", String, nullable=False),
    sum_column("row_sum"),
    Index("tags_by_key", "facet", "key"),
)

# What people said, in order; only ever appended to. `tags` holds what follows from it.
decisions = Table(
    "decisions",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("at", String, nullable=False),
    Column("who", String, nullable=False),
    Column("paper_id", String, nullable=False, index=True),  # outlives the paper
    Column("facet", String, nullable=False),
    Column("key", String, nullable=False, default=""),
    Column("verdict", String, nullable=False),  # yes | no | done | undo
    Column("why", Text, nullable=False, default=""),
    Column("score", Float),  # the machine's, then
    Column("version", String, nullable=False, default=""),  # the machine's, then
    Column("settles", Boolean, nullable=False, default=False),  # made to end a disagreement
    Column("undoes", Integer),
    sum_column("row_sum"),
    sqlite_autoincrement=True,
)

# Versions of the library's own codebook; only ever appended to.
taxonomies = Table(
    "taxonomies",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("at", String, nullable=False),
    Column("who", String, nullable=False),
    Column("change", JSON, nullable=False),
    Column("codebook", JSON, nullable=False),
    sum_column("row_sum"),
    sqlite_autoincrement=True,
)

# Papers joined as one, or kept apart, by whom; only ever appended to.
merges = Table(
    "merges",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("at", String, nullable=False),
    Column("who", String, nullable=False),
    Column("action", String, nullable=False),  # same | apart | undo
    Column("kept", String, nullable=False, index=True),
    Column("other", String, nullable=False, index=True),
    Column("why", Text, nullable=False, default=""),
    Column("undoes", Integer),
    sum_column("row_sum"),
    sqlite_autoincrement=True,
)

# One row a run of adding; its items are in the journal.
runs = Table(
    "runs",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("at", String, nullable=False),
    Column("ended", String, nullable=False, default=""),
    Column("state", String, nullable=False),  # running | done | stopped
    Column("why", Text, nullable=False, default=""),
    Column("sources", JSON, nullable=False),
    Column("counts", JSON, nullable=False),
    sqlite_autoincrement=True,
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("paper", Integer, nullable=False),
    Column("generation", Integer, nullable=False, index=True),
)

journal = Table(
    "journal",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("at", String, nullable=False),
    Column("item", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("step", String, nullable=False, default=""),
    Column("error", Text, nullable=False, default=""),
    Column("paper_id", String, nullable=False, default=""),
    Column("run", Integer, index=True),
)

files = Table(
    "files",
    metadata,
    Column("path", Text, primary_key=True),
    Column("size", Long, nullable=False),
    Column("mtime_ns", Long, nullable=False),
    Column("paper_id", String, nullable=False),
)

searches = Table(
    "searches",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("at", String, nullable=False),
    Column("query", Text, nullable=False),
    Column("filters", JSON, nullable=False),
    Column("mode", String, nullable=False),
    Column("total", Integer, nullable=False),
    Column("hits", JSON, nullable=False),
    Column("generation", Integer, nullable=False),
)

collections = Table(
    "collections",
    metadata,
    Column("name", String, primary_key=True),
    Column("paper_id", String, primary_key=True),
    Column("at", String, nullable=False),
)

chats = Table(
    "chats",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("chat", String, nullable=False, index=True),
    Column("at", String, nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", JSON, nullable=False),
    sum_column("row_sum"),
    UniqueConstraint("chat", "n"),
)

# What people call their chats, and whose they are; a chat without a row is called by its
# first question.
chat_heads = Table(
    "chat_heads",
    metadata,
    Column("chat", String, primary_key=True),
    Column("name", Text, nullable=False),
    Column("who", String, nullable=False, server_default=""),  # "" = the library's own
)

# What people decided about challenges, in order; only ever appended to. Building the
# challenges applies them.
challenge_decisions = Table(
    "challenge_decisions",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("at", String, nullable=False),
    Column("who", String, nullable=False),
    Column("action", String, nullable=False),  # merge | split | rename | reject | undo
    Column("details", JSON, nullable=False),
    Column("why", Text, nullable=False, default=""),
    Column("undoes", Integer),
    sum_column("row_sum"),
    sqlite_autoincrement=True,
)

# Searches that people keep, to make again; `seen` is the highest paper number then looked at.
saved_searches = Table(
    "saved_searches",
    metadata,
    Column("who", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("at", String, nullable=False),
    Column("query", Text, nullable=False),
    Column("filters", JSON, nullable=False),
    Column("mode", String, nullable=False),
    Column("seen", Integer, nullable=False, default=0),
)

# When somebody last looked at the library, and the highest paper number there was then.
visits = Table(
    "visits",
    metadata,
    Column("who", String, primary_key=True),
    Column("at", String, nullable=False),
    Column("seen", Integer, nullable=False),
)

# How far somebody has read a paper; no row = not on the list.
reading_states = Table(
    "reading_states",
    metadata,
    Column("who", String, primary_key=True),
    Column("paper_id", String, primary_key=True),
    Column("state", String, nullable=False),  # to_read | reading | read
    Column("at", String, nullable=False),
)

# What people write about papers; only ever appended to. An empty text takes the one that
# it replaces away. (`papers.notes` is something else: what was odd about the file.)
remarks = Table(
    "remarks",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("at", String, nullable=False),
    Column("who", String, nullable=False),
    Column("paper_id", String, nullable=False, index=True),  # outlives the paper
    Column("text", Text, nullable=False),
    Column("replaces", Integer),
    sum_column("row_sum"),
    sqlite_autoincrement=True,
)

# Systematic reviews: their question and criteria.
reviews = Table(
    "reviews",
    metadata,
    Column("name", String, primary_key=True),
    Column("at", String, nullable=False),
    Column("question", Text, nullable=False, default=""),
    Column("criteria", JSON, nullable=False),  # [{"text": …, "kind": "include" | "exclude"}]
    Column("coders", Integer, nullable=False, default=1),  # who must decide each paper
    Column("blind", Boolean, nullable=False, default=False),
    Column("checks", JSON, nullable=False),  # random samples: [{"at", "who", "papers", …}]
    sum_column("row_sum"),
)

# Where a review's papers came from, in order: each search or collection, and what it gave.
review_sources = Table(
    "review_sources",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("review", String, nullable=False, index=True),
    Column("at", String, nullable=False),
    Column("who", String, nullable=False),
    Column("kind", String, nullable=False),  # search | collection | papers | library
    Column("details", JSON, nullable=False),  # query, filters, mode, name
    Column("found", Integer, nullable=False),  # records, those joined as one counted each
    sum_column("row_sum"),
    sqlite_autoincrement=True,
)

# Every paper of every source: a paper that two sources brought stands here twice.
review_papers = Table(
    "review_papers",
    metadata,
    Column("review", String, primary_key=True),
    Column("source", Integer, primary_key=True),
    Column("place", Integer, primary_key=True),  # as found, from 1
    Column("paper_id", String, nullable=False),  # outlives the paper
    Column("title", Text, nullable=False),
    sum_column("row_sum"),
)

# Who included or excluded what, and why; only ever appended to.
screenings = Table(
    "screenings",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("at", String, nullable=False),
    Column("who", String, nullable=False),
    Column("review", String, nullable=False, index=True),
    Column("paper_id", String, nullable=False),
    Column("stage", String, nullable=False),  # abstract | full_text
    Column("verdict", String, nullable=False),  # include | exclude | maybe | not_retrieved | undo
    Column("reason", Text, nullable=False, default=""),
    Column("settles", Boolean, nullable=False, default=False),  # ends a disagreement
    Column("undoes", Integer),
    sum_column("row_sum"),
    sqlite_autoincrement=True,
)
