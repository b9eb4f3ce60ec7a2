"""The index of work lists: what stands in a stage, the longest waiting first."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_order_waiting",
        "order",
        ["stage", "touched_at", "id"],
        postgresql_where=sa.text("hold is null"),
    )


def downgrade() -> None:
    op.drop_index("ix_order_waiting", "order")
