"""What a work list reads of what is owed: kind by kind, the first due first."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_OPEN = sa.text("done_at is null")


def upgrade() -> None:
    op.create_index(
        "ix_obligation_waiting", "obligation", ["kind", "due_at", "id"], postgresql_where=_OPEN
    )
    op.drop_index("ix_obligation_open", "obligation")


def downgrade() -> None:
    op.create_index("ix_obligation_open", "obligation", ["due_at"], postgresql_where=_OPEN)
    op.drop_index("ix_obligation_waiting", "obligation")
