"""Cases and visits in the order in which work lists read them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_PLANNED = sa.text("state = 'planned'")


def upgrade() -> None:
    op.drop_index("ix_case_state", "case")
    op.create_index("ix_case_state", "case", ["state", "opened_at", "id"])
    op.create_index(
        "ix_visit_due",
        "visit",
        [sa.text("urgent desc"), "planned_on", "id"],
        postgresql_where=_PLANNED,
    )
    op.drop_index("ix_visit_planned", "visit")


def downgrade() -> None:
    op.create_index(
        "ix_visit_planned", "visit", ["planned_on", "urgent"], postgresql_where=_PLANNED
    )
    op.drop_index("ix_visit_due", "visit")
    op.drop_index("ix_case_state", "case")
    op.create_index("ix_case_state", "case", ["state", "opened_at"])
