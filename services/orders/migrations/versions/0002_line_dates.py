"""Each line's own production date; how the slide of a confirmation counts days."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "order_line",
        sa.Column(
            "base_production_due",
            sa.Date(),
            nullable=True,
            comment="as the planner signed it, before the slide",
        ),
    )
    # Until now an order had one date for all its made lines.
    op.execute(
        "update order_line set base_production_due = o.base_production_due "
        "from \"order\" o where o.id = order_line.order_id and order_line.supply = 'make'"
    )
    op.add_column(
        "confirmation",
        sa.Column(
            "slides_in_working_days",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="as the setting was at first sending",
        ),
    )
    op.alter_column("confirmation", "slides_in_working_days", server_default=None)


def downgrade() -> None:
    raise NotImplementedError("migrations go forward; a backup is taken before each")
