"""Saved searches, visits, reading states, remarks, owners of chats; systematic reviews."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "4"
down_revision = "3"


def upgrade() -> None:
    """Add the tables; what is held stays as it is."""
    _own_work()
    _remarks()
    _reviews()
    _screenings()
    owner = sa.Column("who", sa.String(), nullable=False, server_default="")
    op.add_column("chat_heads", owner)


def _own_work() -> None:
    op.create_table(
        "saved_searches",
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("who", "name"),
    )
    op.create_table(
        "visits",
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("who"),
    )
    op.create_table(
        "reading_states",
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("paper_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("who", "paper_id"),
    )


def _remarks() -> None:
    op.create_table(
        "remarks",
        sa.Column("n", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("paper_id", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("replaces", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("n"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_remarks_paper_id", "remarks", ["paper_id"])


def _reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("criteria", sa.JSON(), nullable=False),
        sa.Column("coders", sa.Integer(), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("checks", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "review_sources",
        sa.Column("n", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("review", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_review_sources_review", "review_sources", ["review"])
    op.create_table(
        "review_papers",
        sa.Column("review", sa.String(), nullable=False),
        sa.Column("source", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("paper_id", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("review", "source", "place"),
    )


def _screenings() -> None:
    op.create_table(
        "screenings",
        sa.Column("n", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("review", sa.String(), nullable=False),
        sa.Column("paper_id", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("settles", sa.Boolean(), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("n"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_screenings_review", "screenings", ["review"])
