"""Decisions, codebooks, merges and runs are kept; passages know their boxes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Add the tables and columns; what is held stays as it is."""
    op.add_column("papers", sa.Column("same_as", sa.Integer(), nullable=True))
    op.add_column("papers", sa.Column("title_key", sa.String(), nullable=True))
    for known in ("arxiv_id", "doi", "pdf_sha256", "same_as", "title_key"):
        op.create_index(op.f(f"ix_papers_{known}"), "papers", [known], unique=False)
    op.add_column("passages", sa.Column("boxes", sa.JSON(), nullable=True))
    op.add_column("journal", sa.Column("run", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_journal_run"), "journal", ["run"], unique=False)
    _decisions()
    _taxonomies()
    _merges()
    _runs()


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("n", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("paper_id", sa.String(), nullable=False),
        sa.Column("facet", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("settles", sa.Boolean(), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("n"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_decisions_paper_id"), "decisions", ["paper_id"], unique=False)
    # Tags by people that were held before there was a log: replaying it must keep them.
    # What Sixfold logs for them later on, `kb.catalogue.decisions.adopt` writes in these words.
    op.execute(
        "INSERT INTO decisions"
        " (at, who, paper_id, facet, key, verdict, why, version, settles)"
        " SELECT '', 'not recorded', papers.paper_id, tags.facet, tags.key,"
        " CASE WHEN tags.present THEN 'yes' ELSE 'no' END,"
        " 'held as a person''s tag before decisions were logged', '', false"
        " FROM tags JOIN papers ON papers.n = tags.paper WHERE tags.by = 'human'"
        " ORDER BY papers.paper_id, tags.facet, tags.key"
    )


def _taxonomies() -> None:
    op.create_table(
        "taxonomies",
        sa.Column("n", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("change", sa.JSON(), nullable=False),
        sa.Column("codebook", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
        sqlite_autoincrement=True,
    )


def _merges() -> None:
    op.create_table(
        "merges",
        sa.Column("n", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("kept", sa.String(), nullable=False),
        sa.Column("other", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("n"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_merges_kept"), "merges", ["kept"], unique=False)
    op.create_index(op.f("ix_merges_other"), "merges", ["other"], unique=False)


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("n", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("ended", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
        sqlite_autoincrement=True,
    )
