"""Coupons that confirmed orders earned."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "coupon",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("order_number", sa.String(length=20), nullable=False),
        sa.Column(
            "promotion_code",
            sa.String(length=40),
            nullable=False,
            comment="of orders' promotion that gives it",
        ),
        sa.Column(
            "amount", sa.Numeric(precision=16, scale=2), nullable=False, comment="what it is worth"
        ),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_coupon_amount_positive")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_coupon_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon")),
        sa.UniqueConstraint(
            "order_id", "promotion_code", name=op.f("uq_coupon_order_id_promotion_code")
        ),
    )
    op.create_index("ix_coupon_customer_id", "coupon", ["customer_id", "id"])


def downgrade() -> None:
    raise NotImplementedError("migrations go forward; a backup is taken before each")
