"""What a run has written so far stands in its own row, so that one statement ends a run and takes its text along."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("mochi_runs", sa.Column("partial_answer", sa.Text))
    op.execute(
        "UPDATE mochi_runs SET partial_answer = "
        "(SELECT body FROM mochi_partial_answers WHERE mochi_partial_answers.run_id = mochi_runs.run_id) "
        "WHERE run_id IN (SELECT run_id FROM mochi_partial_answers)"
    )
    op.drop_table("mochi_partial_answers")
