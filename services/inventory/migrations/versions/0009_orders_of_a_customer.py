"""The orders of a customer: which technique last passed for it is asked for every draft."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_order_copy_customer", "order_copy", [sa.text("(view #>> '{customer,id}')")])


def downgrade() -> None:
    op.drop_index("ix_order_copy_customer", "order_copy")
