"""Of imported orders only those that were over wait for nobody; the others are ours to settle."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_COLUMNS = ["stage", "touched_at", "id"]


def upgrade() -> None:
    op.add_column(
        "order",
        sa.Column(
            "past",
            sa.Boolean(),
            nullable=False,
            # Stays: the release before, which may still run, does not name it.
            server_default=sa.text("false"),
            comment="imported, and over in the books it came from",
        ),
    )
    # The old books know days, which were written down as noons; what ended here ended at a moment.
    op.execute(
        """update "order" set past = true where imported
            and (fulfilled_at at time zone 'Asia/Shanghai')::time = '12:00'"""
    )
    op.drop_index("ix_order_waiting", "order")
    op.create_index(
        "ix_order_waiting", "order", _COLUMNS, postgresql_where=sa.text("hold is null and not past")
    )


def downgrade() -> None:
    op.drop_index("ix_order_waiting", "order")
    op.create_index(
        "ix_order_waiting",
        "order",
        _COLUMNS,
        postgresql_where=sa.text("hold is null and not imported"),
    )
    op.drop_column("order", "past")
