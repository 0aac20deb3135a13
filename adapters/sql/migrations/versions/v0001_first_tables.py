"""The first tables.

A migration says what it does by itself, and never by the classes of the tables, which go on changing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_sessions()
    _create_runs()


def _create_sessions() -> None:
    op.create_table(
        "mochi_sessions",
        sa.Column("key", _KEY, sa.Identity(), primary_key=True),
        sa.Column("collection", _BYTEWISE, nullable=False),
        sa.Column("session_id", _BYTEWISE, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("message_count", sa.Integer, nullable=False),
        sa.Column("next_position", sa.Integer, nullable=False),
        sa.Column("preview", sa.Text),
        sa.Column("document", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("mochi_sessions_by_id", "mochi_sessions", ["collection", "session_id"], unique=True)
    op.create_index("mochi_sessions_by_age", "mochi_sessions", ["collection", "updated_at", "session_id"])
    op.create_table(
        "mochi_messages",
        _session_key(),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "mochi_words",
        _session_key(),
        sa.Column("word", _BYTEWISE, primary_key=True),
        sa.Column("source", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("mochi_words_by_word", "mochi_words", ["word", "session_key"])


def _create_runs() -> None:
    op.create_table(
        "mochi_runs",
        sa.Column("run_id", _BYTEWISE, primary_key=True),
        sa.Column("session_id", _BYTEWISE, nullable=False),
        sa.Column("owner", _BYTEWISE, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("mochi_runs_by_age", "mochi_runs", ["session_id", "created_at", "run_id"])
    is_open = sa.text("is_open")
    op.create_index("mochi_runs_open", "mochi_runs", ["session_id"], sqlite_where=is_open, postgresql_where=is_open)
    op.create_table(
        "mochi_partial_answers",
        sa.Column("run_id", _BYTEWISE, sa.ForeignKey("mochi_runs.run_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )


def _session_key() -> sa.Column[int]:
    return sa.Column(
        "session_key",
        _KEY,
        sa.ForeignKey("mochi_sessions.key", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
