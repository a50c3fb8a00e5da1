"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    _chats()
    _collections()
    _files()
    _journal()
    _meta()
    _papers()
    _searches()
    _tombstones()
    _page_texts()
    _passages()
    _tags()
    _sentences()


def _chats() -> None:
    op.create_table(
        "chats",
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("chat", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
        sa.UniqueConstraint("chat", "n"),
    )
    op.create_index(op.f("ix_chats_chat"), "chats", ["chat"], unique=False)


def _collections() -> None:
    op.create_table(
        "collections",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("paper_id", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", "paper_id"),
    )


def _files() -> None:
    long = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "files",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size", long, nullable=False),
        sa.Column("mtime_ns", long, nullable=False),
        sa.Column("paper_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("path"),
    )


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("paper_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
    )


def _meta() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )


def _papers() -> None:
    op.create_table(
        "papers",
        sa.Column("n", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("paper_id", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("abstract", sa.Text(), nullable=False),
        sa.Column("authors", sa.JSON(), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("published", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("doi", sa.String(), nullable=False),
        sa.Column("arxiv_id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("pdf_path", sa.Text(), nullable=False),
        sa.Column("pdf_sha256", sa.String(), nullable=False),
        sa.Column("full_text", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.JSON(), nullable=True),
        sa.Column("sections", sa.JSON(), nullable=False),
        sa.Column("refs", sa.JSON(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("added", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
        sa.UniqueConstraint("paper_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_papers_generation"), "papers", ["generation"], unique=False)


def _searches() -> None:
    op.create_table(
        "searches",
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("hits", sa.JSON(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
    )


def _tombstones() -> None:
    op.create_table(
        "tombstones",
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("paper", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
    )
    op.create_index(op.f("ix_tombstones_generation"), "tombstones", ["generation"], unique=False)


def _page_texts() -> None:
    op.create_table(
        "page_texts",
        sa.Column("paper", sa.Integer(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["paper"], ["papers.n"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("paper", "page"),
    )


def _passages() -> None:
    op.create_table(
        "passages",
        sa.Column("n", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("passage_id", sa.String(), nullable=False),
        sa.Column("paper", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("stop", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["paper"], ["papers.n"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("n"),
        sa.UniqueConstraint("passage_id"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_passages_paper"), "passages", ["paper"], unique=False)


def _tags() -> None:
    op.create_table(
        "tags",
        sa.Column("paper", sa.Integer(), nullable=False),
        sa.Column("facet", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["paper"], ["papers.n"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("paper", "facet", "key", "by"),
    )
    op.create_index("tags_by_key", "tags", ["facet", "key"], unique=False)


def _sentences() -> None:
    op.create_table(
        "sentences",
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("passage", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("stop", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["passage"], ["passages.n"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("n"),
    )
    op.create_index(op.f("ix_sentences_label"), "sentences", ["label"], unique=False)
    op.create_index(op.f("ix_sentences_passage"), "sentences", ["passage"], unique=False)
