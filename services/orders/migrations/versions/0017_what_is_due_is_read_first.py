"""Work lists read orders by when they are to be confirmed: those left alone came before."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_WAITS = sa.text("hold is null and not past")


def upgrade() -> None:
    op.drop_index("ix_order_waiting", "order")
    op.create_index(
        "ix_order_waiting",
        "order",
        ["stage", "confirmation_due_at", "touched_at", "id"],
        postgresql_where=_WAITS,
    )


def downgrade() -> None:
    op.drop_index("ix_order_waiting", "order")
    op.create_index(
        "ix_order_waiting", "order", ["stage", "touched_at", "id"], postgresql_where=_WAITS
    )
