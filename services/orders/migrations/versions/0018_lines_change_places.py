"""A line keeps its id where it moves: of two that change places, one is written first."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_PLACE = "uq_order_line_order_id_line_no"


def upgrade() -> None:
    op.drop_constraint(_PLACE, "order_line")
    op.create_unique_constraint(
        _PLACE, "order_line", ["order_id", "line_no"], deferrable=True, initially="DEFERRED"
    )


def downgrade() -> None:
    op.drop_constraint(_PLACE, "order_line")
    op.create_unique_constraint(_PLACE, "order_line", ["order_id", "line_no"])
