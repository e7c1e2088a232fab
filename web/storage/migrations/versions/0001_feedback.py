"""Feedback on answers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(32), nullable=False, unique=True),
        sa.Column("given_at", sa.DateTime, nullable=False, index=True),
        sa.Column("answer_id", sa.String(32), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("rating", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("passage_ids", sa.JSON, nullable=False),
        sa.Column("index_version", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    """Drop the table with all that is in it."""
    op.drop_table("feedback")
