"""When a confirmation is due; how the slide counts working days."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "order",
        sa.Column(
            "confirmation_due_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="by when it is sent; made orders: all is stated; null: the clock does not run",
        ),
    )
    op.add_column(
        "confirmation",
        sa.Column(
            "slide_calendar",
            postgresql.JSONB(),
            nullable=True,
            comment="as entered at first sending, to count working days; null: calendar days count",
        ),
    )
    # Until now working days were Monday to Friday.
    op.execute("update confirmation set slide_calendar = '{}' where slides_in_working_days")
    op.drop_column("confirmation", "slides_in_working_days")


def downgrade() -> None:
    raise NotImplementedError("migrations go forward; a backup is taken before each")
