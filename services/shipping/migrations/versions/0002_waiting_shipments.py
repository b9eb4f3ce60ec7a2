"""What work lists read, the first due first, and lists by carrier and batch."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_shipment_waiting", "shipment")
    op.create_index(
        "ix_shipment_waiting",
        "shipment",
        ["state", "due_at", "id"],
        postgresql_where=sa.text("blocked is null"),
    )
    op.create_index(
        "ix_shipment_withdrawn",
        "shipment",
        ["due_at", "id"],
        postgresql_where=sa.text("release_withdrawn_at is not null"),
    )
    op.create_index("ix_shipment_carrier", "shipment", ["carrier_code", "requested_at", "id"])
    op.create_index("ix_shipment_batch", "shipment", ["batch_day", "requested_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_shipment_batch", "shipment")
    op.drop_index("ix_shipment_carrier", "shipment")
    op.drop_index("ix_shipment_withdrawn", "shipment")
    op.drop_index("ix_shipment_waiting", "shipment")
    op.create_index(
        "ix_shipment_waiting",
        "shipment",
        ["due_at", "id"],
        postgresql_where=sa.text(
            "state in ('requested', 'released', 'checked', 'handed', 'picking', 'packed')"
        ),
    )
