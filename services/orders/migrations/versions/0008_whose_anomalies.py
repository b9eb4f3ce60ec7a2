"""Whose customer an anomaly is about, and what work lists of one salesperson read."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    op.add_column(
        "anomaly",
        sa.Column("salesperson_id", sa.Text(), nullable=True, comment="its order's, always"),
    )
    op.execute(
        "update anomaly a set salesperson_id = o.salesperson_id"
        ' from "order" o where o.id = a.order_id and o.salesperson_id is not null'
    )
    op.create_index(
        "ix_anomaly_waiting_own",
        "anomaly",
        ["salesperson_id", "step", "told_all", sa.text("priority desc"), "raised_at", "id"],
        postgresql_where=_OPEN,
    )
    op.drop_index("ix_task_open_role", "task")
    op.create_index(
        "ix_task_open_role",
        "task",
        ["role", "person_id", "due_at", "id"],
        postgresql_where=_OPEN,
    )


def downgrade() -> None:
    op.drop_index("ix_task_open_role", "task")
    op.create_index("ix_task_open_role", "task", ["role", "due_at"], postgresql_where=_OPEN)
    op.drop_index("ix_anomaly_waiting_own", "anomaly")
    op.drop_column("anomaly", "salesperson_id")
