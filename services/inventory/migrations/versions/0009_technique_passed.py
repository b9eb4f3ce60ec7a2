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
    op.execute(
        """
        update statement set passed_at = signed_at
        where kind = 'technique' and basis in ('current_recipe', 'written_insistence')
        """
    )
    op.create_index("ix_order_copy_customer", "order_copy", [sa.text("(view #>> '{customer,id}')")])


def downgrade() -> None:
    op.drop_index("ix_order_copy_customer", "order_copy")
    op.drop_column("statement", "passed_at")
