"""What work lists read: anomalies, orders to ship; amounts beside the newest orders."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# As OrderLine.is_ready has it.
_READY = """
update "order" o set goods_ready = true
where stage in ('confirmed', 'in_progress', 'cancel_requested') and exists (
    select from order_line l where l.order_id = o.id and l.short_closed is false
    and (l.supply <> 'make' or l.production = 'stocked')
    and l.shipped_quantity < case when l.supply = 'make'
        then coalesce(l.accepted_quantity, l.quantity) else l.quantity end)
"""
_NEWEST = [sa.text("created_at desc"), sa.text("id desc")]


def upgrade() -> None:
    op.create_index(
        "ix_anomaly_waiting",
        "anomaly",
        ["step", "told_all", sa.text("priority desc"), "raised_at", "id"],
        postgresql_where=sa.text("state = 'open'"),
    )
    op.add_column(
        "order",
        sa.Column(
            "goods_ready",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="once confirmed: goods of a line are there that have not left",
        ),
    )
    op.alter_column("order", "goods_ready", server_default=None)
    op.execute(_READY)
    op.create_index(
        "ix_order_to_ship",
        "order",
        ["stage", "touched_at", "id"],
        postgresql_where=sa.text("goods_ready and hold is null"),
    )
    op.drop_index("ix_order_newest", "order")
    op.create_index("ix_order_newest", "order", _NEWEST, postgresql_include=["total"])


def downgrade() -> None:
    op.drop_index("ix_order_newest", "order")
    op.create_index("ix_order_newest", "order", _NEWEST)
    op.drop_column("order", "goods_ready")
    op.drop_index("ix_anomaly_waiting", "anomaly")
