"""Chats have names; what people decide about challenges is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "3"
down_revision = "2"


def upgrade() -> None:
    """Add the tables; what is held stays as it is."""
    _chat_heads()
    _challenge_decisions()


def _chat_heads() -> None:
    op.create_table(
        "chat_heads",
        sa.Column("chat", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("chat"),
    )


def _challenge_decisions() -> None:
    op.create_table(
        "challenge_decisions",
        sa.Column("n", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("n"),
        sqlite_autoincrement=True,
    )
