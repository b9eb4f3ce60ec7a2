"""What was lost or came back is counted apart: it waits for its case and not to be shipped."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_ASTRAY = """
update order_line l set astray_quantity = s.quantity
from (
    select line ->> 'line_id' as line_id, sum((line ->> 'quantity')::numeric) as quantity
    from shipment_copy, jsonb_array_elements(view -> 'lines') as line
    where state in ('lost', 'returned_to_sender') group by 1
) as s
where l.id::text = s.line_id
"""
# As OrderLine.is_ready has it.
_NOT_READY = """
update "order" o set goods_ready = false
where goods_ready and exists (
    select from order_line l where l.order_id = o.id and l.astray_quantity > 0
) and not exists (
    select from order_line l where l.order_id = o.id and l.short_closed is false
    and (l.supply <> 'make' or l.production = 'stocked')
    and l.shipped_quantity + l.astray_quantity < case when l.supply = 'make'
        then coalesce(l.accepted_quantity, l.quantity) else l.quantity end)
"""


def upgrade() -> None:
    # The default stays: the release before this one writes lines without it.
    op.add_column(
        "order_line",
        sa.Column(
            "astray_quantity",
            sa.Numeric(16, 3),
            nullable=False,
            server_default="0",
            comment="left, and was lost or came back: its case sees to it",
        ),
    )
    op.execute(_ASTRAY)
    op.execute(_NOT_READY)


def downgrade() -> None:
    op.drop_column("order_line", "astray_quantity")
