"""Orders of the old books wait for nobody: they are left out where work is looked for."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_COLUMNS = ["stage", "touched_at", "id"]


def upgrade() -> None:
    op.drop_index("ix_order_waiting", "order")
    op.create_index(
        "ix_order_waiting",
        "order",
        _COLUMNS,
        postgresql_where=sa.text("hold is null and not imported"),
    )


def downgrade() -> None:
    op.drop_index("ix_order_waiting", "order")
    op.create_index("ix_order_waiting", "order", _COLUMNS, postgresql_where=sa.text("hold is null"))
