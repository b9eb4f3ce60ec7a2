"""A call may be agreed for a day that had one which was made."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # First, as it locks the table wholly: who asked for that last could wait crosswise with a call
    # that is being written.
    op.drop_constraint("uq_visit_shipment_id_reason_day_offset", "visit")
    op.create_index(
        "uq_visit_of_event",
        "visit",
        ["shipment_id", "reason", "day_offset"],
        unique=True,
        postgresql_where=sa.text("reason not in ('follow_up', 'monthly')"),
    )
    op.create_index(
        "uq_visit_follow_up",
        "visit",
        ["shipment_id", "planned_on"],
        unique=True,
        postgresql_where=sa.text("reason = 'follow_up' and state = 'planned'"),
    )
    op.alter_column("visit", "notes", comment="how it went, or why it was dropped")


def downgrade() -> None:
    raise NotImplementedError("migrations go forward; a backup is taken before each")
