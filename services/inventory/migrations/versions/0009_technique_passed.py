"""When technique last passed, which the draft of the next statement for a customer asks for."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "statement",
        sa.Column(
            "passed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="technique: when it last passed, also once it is opened again or void",
        ),
    )
    op.add_column("statement", sa.Column("customer_id", sa.UUID(), nullable=True))
    op.execute(
        """
        update statement s set customer_id = (o.view #>> '{customer,id}')::uuid,
            passed_at = case
                when s.kind = 'technique' and s.basis in ('current_recipe', 'written_insistence')
                then s.signed_at end
        from order_copy o where o.order_id = s.order_id
        """
    )
    op.create_index(
        "ix_statement_customer",
        "statement",
        ["customer_id"],
        postgresql_where=sa.text("kind = 'technique'"),
    )


def downgrade() -> None:
    op.drop_index("ix_statement_customer", "statement")
    op.drop_column("statement", "customer_id")
    op.drop_column("statement", "passed_at")
