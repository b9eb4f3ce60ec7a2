"""Statements, work centres and slots, works instructions and the daily production report."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "instruction",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("order_number", sa.Text(), nullable=False),
        sa.Column("line_id", sa.UUID(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column(
            "part",
            sa.Integer(),
            nullable=False,
            comment="1; a further instruction for the line: 2, …",
        ),
        sa.Column("product_id", sa.UUID(), nullable=False),
        sa.Column("product_code", sa.Text(), nullable=False),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("unit_decimals", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column("tolerance_over", sa.Numeric(precision=7, scale=3), nullable=False),
        sa.Column("tolerance_under", sa.Numeric(precision=7, scale=3), nullable=False),
        sa.Column("packing", sa.Text(), nullable=True),
        sa.Column("special_rules", sa.Text(), nullable=True),
        sa.Column("production_due", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued", postgresql.JSONB(), nullable=True, comment="who signed, when"),
        sa.Column(
            "technique_copy_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when technique got its copy",
        ),
        sa.Column("accepted", postgresql.JSONB(), nullable=True, comment="the planner's sign"),
        sa.Column("acknowledged", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("started", postgresql.JSONB(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column(
            "abnormal",
            postgresql.JSONB(),
            nullable=True,
            comment="class, reason, measure, by, at: of the last abnormality",
        ),
        sa.Column("finished", postgresql.JSONB(), nullable=True),
        sa.Column("produced_quantity", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column("scrap_quantity", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column("passed_quantity", sa.Numeric(precision=16, scale=3), nullable=True),
        sa.Column("rework_quantity", sa.Numeric(precision=16, scale=3), nullable=True),
        sa.Column("rejected_quantity", sa.Numeric(precision=16, scale=3), nullable=True),
        sa.Column("standard", sa.Text(), nullable=True, comment="what the inspector judged by"),
        sa.Column("inspection_note", sa.Text(), nullable=True),
        sa.Column("inspected", postgresql.JSONB(), nullable=True, comment="the inspector"),
        sa.Column("countersigned", postgresql.JSONB(), nullable=True, comment="the clerk"),
        sa.Column(
            "customer_consent",
            postgresql.JSONB(),
            nullable=True,
            comment="to a quantity outside tolerance: quantity, given_by, text, recorder",
        ),
        sa.Column(
            "stop_consent",
            postgresql.JSONB(),
            nullable=True,
            comment="the planner's, before a running instruction may be stopped",
        ),
        sa.Column("stocked", postgresql.JSONB(), nullable=True),
        sa.Column("accepted_quantity", sa.Numeric(precision=16, scale=3), nullable=True),
        sa.Column(
            "into_free_stock",
            sa.Boolean(),
            nullable=False,
            comment="its order or line ended while goods were made: they are nobody's",
        ),
        sa.Column("cancelled", postgresql.JSONB(), nullable=True),
        sa.Column(
            "sequence", sa.BigInteger(), nullable=False, comment="how many events it has announced"
        ),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="optimistic lock, counted by each update",
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_instruction_quantity")),
        sa.PrimaryKeyConstraint("id", name="pk_instruction"),
        sa.UniqueConstraint("number", name="uq_instruction_number"),
    )
    op.create_index("ix_instruction_drafted", "instruction", ["drafted_at", "id"], unique=False)
    op.create_index("ix_instruction_order", "instruction", ["order_id"], unique=False)
    op.create_index(
        "ix_instruction_state_due",
        "instruction",
        ["state", "production_due", "number"],
        unique=False,
    )
    op.create_index(
        "uq_instruction_line", "instruction", ["order_id", "line_id", "part"], unique=True
    )
    op.create_table(
        "production_report",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("instruction_id", sa.UUID(), nullable=False),
        sa.Column("reported_on", sa.Date(), nullable=False),
        sa.Column("shift", sa.String(length=20), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column("scrap", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("reporter_id", sa.Text(), nullable=False),
        sa.Column("reporter_name", sa.Text(), nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), nullable=False, comment="business time"
        ),
        sa.Column(
            "corrects_id", sa.UUID(), nullable=True, comment="the report that this one replaces"
        ),
        sa.Column(
            "corrected",
            sa.Boolean(),
            nullable=False,
            comment="replaced by another: no longer counts",
        ),
        sa.CheckConstraint(
            "quantity >= 0 and scrap >= 0", name=op.f("ck_production_report_quantities")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_production_report"),
    )
    op.create_index(
        "ix_production_report_day", "production_report", ["reported_on", "id"], unique=False
    )
    op.create_index(
        "ix_production_report_instruction",
        "production_report",
        ["instruction_id", "reported_on"],
        unique=False,
    )
    op.create_table(
        "statement",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("order_number", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column(
            "revision", sa.Integer(), nullable=False, comment="of the order that it was opened for"
        ),
        sa.Column(
            "carried_to",
            sa.Integer(),
            nullable=False,
            comment="latest revision that it still holds for",
        ),
        sa.Column("verdict", sa.String(length=40), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("signer_id", sa.Text(), nullable=True),
        sa.Column("signer_name", sa.Text(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("attachment_id", sa.UUID(), nullable=True),
        sa.Column(
            "basis",
            sa.String(length=40),
            nullable=True,
            comment="technique: on what the verdict rests",
        ),
        sa.Column(
            "reference",
            sa.Text(),
            nullable=True,
            comment="technique: the alternative, or which paper of the customer insists",
        ),
        sa.Column(
            "material_date", sa.Date(), nullable=True, comment="short: when material arrives"
        ),
        sa.Column(
            "production_due", sa.Date(), nullable=True, comment="schedule: of its latest line"
        ),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.Column(
            "sequence", sa.BigInteger(), nullable=False, comment="how many events it has announced"
        ),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="optimistic lock, counted by each update",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_statement"),
        sa.UniqueConstraint(
            "order_id", "kind", "revision", name="uq_statement_order_id_kind_revision"
        ),
    )
    op.create_index("ix_statement_opened", "statement", ["opened_at", "id"], unique=False)
    op.create_index(
        "ix_statement_to_sign",
        "statement",
        ["kind", "opened_at"],
        unique=False,
        postgresql_where=sa.text("verdict in ('pending', 'refused', 'short')"),
    )
    op.create_table(
        "work_centre",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("hours_per_day", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column(
            "quantity_per_hour",
            sa.Numeric(precision=16, scale=3),
            nullable=False,
            comment="in the products' own unit",
        ),
        sa.Column(
            "categories",
            postgresql.ARRAY(sa.String()),
            nullable=False,
            comment="product categories it can make; empty: any",
        ),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="optimistic lock, counted by each update",
        ),
        sa.CheckConstraint(
            "hours_per_day > 0 and hours_per_day <= 24", name=op.f("ck_work_centre_hours_per_day")
        ),
        sa.CheckConstraint("quantity_per_hour > 0", name=op.f("ck_work_centre_quantity_per_hour")),
        sa.PrimaryKeyConstraint("id", name="pk_work_centre"),
        sa.UniqueConstraint("code", name="uq_work_centre_code"),
    )
    op.create_table(
        "order_block",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("command_id", sa.Text(), nullable=False, comment="key of the block command"),
        sa.Column("reason", sa.Text(), nullable=True, comment="null where the lift came first"),
        sa.Column("placed_by", sa.Text(), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["order_copy.order_id"], name="fk_order_block_order_id"
        ),
        sa.PrimaryKeyConstraint("order_id", "command_id", name="pk_order_block"),
    )
    op.create_index(
        "ix_order_block_standing",
        "order_block",
        ["order_id"],
        unique=False,
        postgresql_where=sa.text("lifted_at is null"),
    )
    op.create_table(
        "slot",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("line_id", sa.UUID(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("work_centre_id", sa.UUID(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column(
            "production_due", sa.Date(), nullable=False, comment="the line's date that it keeps to"
        ),
        sa.Column(
            "used_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the line was finished",
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_slot_quantity")),
        sa.ForeignKeyConstraint(
            ["work_centre_id"], ["work_centre.id"], name="fk_slot_work_centre_id"
        ),
        sa.PrimaryKeyConstraint("order_id", "line_id", "day", name="pk_slot"),
    )
    op.create_index("ix_slot_work_centre_day", "slot", ["work_centre_id", "day"], unique=False)
    op.execute(sa.schema.CreateSequence(sa.Sequence("instruction_number")))


def downgrade() -> None:
    raise NotImplementedError("migrations go forward; a backup is taken before each")
