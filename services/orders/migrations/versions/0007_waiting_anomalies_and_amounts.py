"""Anomalies in the order of work lists; amounts beside the newest orders."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NEWEST = [sa.text("created_at desc"), sa.text("id desc")]


def upgrade() -> None:
    op.create_index(
        "ix_anomaly_waiting",
        "anomaly",
        ["step", "told_all", sa.text("priority desc"), "raised_at", "id"],
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_index("ix_order_newest", "order")
    op.create_index("ix_order_newest", "order", _NEWEST, postgresql_include=["total"])


def downgrade() -> None:
    op.drop_index("ix_order_newest", "order")
    op.create_index("ix_order_newest", "order", _NEWEST)
    op.drop_index("ix_anomaly_waiting", "anomaly")
