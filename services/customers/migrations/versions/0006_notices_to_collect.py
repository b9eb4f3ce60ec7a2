"""Who collects what a sent notice asks for, and until when."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "notice",
        sa.Column(
            "salesperson_id",
            sa.String(length=80),
            nullable=True,
            comment="who sells to the customer; follows it while the notice is open",
        ),
    )
    op.add_column(
        "notice",
        sa.Column(
            "due_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when its money is due, by its first sending",
        ),
    )
    op.alter_column(
        "notice",
        "sent_at",
        existing_type=sa.DateTime(timezone=True),
        existing_nullable=True,
        comment="the last time, like the next four; the change log has all",
    )
    op.execute(
        "update notice n set salesperson_id = c.salesperson_id from customer c"
        " where c.id = n.customer_id and n.state in ('drafted', 'sent')"
        " and c.salesperson_id is not null"
    )
    # As the setting has it that comes with this version.
    op.execute("update notice set due_at = sent_at + interval '72 hours' where state = 'sent'")
    op.create_index(
        "ix_notice_unpaid",
        "notice",
        ["salesperson_id", "due_at"],
        postgresql_where=sa.text("state = 'sent'"),
    )


def downgrade() -> None:
    raise NotImplementedError("migrations go forward; a backup is taken before each")
