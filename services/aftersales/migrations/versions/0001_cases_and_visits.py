"""Cases, visits, copies of orders and shipments, and what every service keeps."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.changes import APPEND_ONLY

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("case_number_seq")))
    op.create_table(
        "audience",
        sa.Column("service", sa.String(length=40), nullable=False, comment="a listening service"),
        sa.Column(
            "routing_keys",
            postgresql.ARRAY(sa.String(length=90)),
            nullable=False,
            comment="# means every event",
        ),
        sa.Column(
            "caught_up_to",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="all that was sent by then has arrived; null: nothing compared yet",
        ),
        sa.Column(
            "resent", sa.BigInteger(), nullable=False, comment="how many events were sent again"
        ),
        sa.Column(
            "resent_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when one was last sent again",
        ),
        sa.Column(
            "compared_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when its inbox was last compared",
        ),
        sa.PrimaryKeyConstraint("service", name=op.f("pk_audience")),
    )
    op.create_table(
        "case",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("order_number", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("customer_name", sa.Text(), nullable=False),
        sa.Column("salesperson_id", sa.Text(), nullable=True),
        sa.Column(
            "grams", postgresql.ARRAY(sa.Text()), nullable=False, comment="of the name, for search"
        ),
        sa.Column(
            "wish",
            sa.Text(),
            nullable=False,
            comment="why the goods come back, in the customer's words",
        ),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "answer_due_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="the first answer, 24 hours",
        ),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("return_to", sa.Text(), nullable=True, comment="where the goods are sent"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inspected_by", sa.Text(), nullable=True),
        sa.Column("refund", sa.Numeric(precision=16, scale=2), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "photos",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="content hashes: the customer's, then the inspector's",
        ),
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
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case")),
        sa.UniqueConstraint("number", name=op.f("uq_case_number")),
    )
    op.create_index("ix_case_customer", "case", ["customer_id", "opened_at"], unique=False)
    op.create_index("ix_case_grams", "case", ["grams"], unique=False, postgresql_using="gin")
    op.create_index("ix_case_order", "case", ["order_id"], unique=False)
    op.create_index("ix_case_state", "case", ["state", "opened_at"], unique=False)
    op.create_table(
        "change_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("entity_type", sa.String(length=40), nullable=False),
        sa.Column("entity_id", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="business time"),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), nullable=False, comment="machine time"
        ),
        sa.Column("person_id", sa.String(length=80), nullable=False),
        sa.Column("person_name", sa.String(length=120), nullable=False),
        sa.Column(
            "changes",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="field → [old, new]",
        ),
        sa.Column(
            "reason",
            sa.String(length=60),
            nullable=True,
            comment="code from the short list of reasons",
        ),
        sa.Column("note", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_log")),
    )
    op.create_index(
        "ix_change_log_entity", "change_log", ["entity_type", "entity_id", "id"], unique=False
    )
    op.create_table(
        "command",
        sa.Column("principal_id", sa.String(length=80), nullable=False, comment="whose key it is"),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False, comment="of method and body"),
        sa.Column(
            "answer",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="null only while its transaction runs",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("principal_id", "key", name=op.f("pk_command")),
    )
    op.create_index(op.f("ix_command_created_at"), "command", ["created_at"], unique=False)
    op.create_table(
        "conversation",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("principal_id", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("principal", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "notes",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="what its first transaction laid down",
        ),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column(
            "epoch", sa.Integer(), nullable=False, comment="counts attempts after a void one"
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "error",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="the refusal, as it crosses the wire",
        ),
        sa.Column(
            "deadline",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="machine time; then undone",
        ),
        sa.Column(
            "lease_until",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="another may take it up then",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
        sa.UniqueConstraint("principal_id", "key", name=op.f("uq_conversation_principal_id_key")),
    )
    op.create_index(
        "ix_conversation_open",
        "conversation",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("state in ('running', 'undoing')"),
    )
    op.create_table(
        "failed_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("listener", sa.String(length=80), nullable=False, comment="the service's method"),
        sa.Column(
            "message_id", sa.Uuid(), nullable=True, comment="null: the message had no readable id"
        ),
        sa.Column("source", sa.String(length=40), nullable=False, comment="the announcing service"),
        sa.Column("name", sa.String(length=80), nullable=True),
        sa.Column("schema_version", sa.SmallInteger(), nullable=True),
        sa.Column("aggregate_type", sa.String(length=40), nullable=True),
        sa.Column("aggregate_id", sa.String(length=80), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="as it came, byte for byte"),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column(
            "attempts", sa.Integer(), nullable=False, comment="failed ones since the last replay"
        ),
        sa.Column(
            "replays", sa.Integer(), nullable=False, comment="how often an operator had it retried"
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True, comment="machine time"),
        sa.Column(
            "despite_gap",
            sa.SmallInteger(),
            server_default=sa.text("0"),
            nullable=False,
            comment="1: an operator gave up the events before it",
        ),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column(
            "first_failed_at", sa.DateTime(timezone=True), nullable=False, comment="machine time"
        ),
        sa.Column(
            "last_failed_at", sa.DateTime(timezone=True), nullable=False, comment="machine time"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_message")),
    )
    op.create_index(
        "ix_failed_message_aggregate",
        "failed_message",
        ["listener", "aggregate_type", "aggregate_id", "sequence"],
        unique=False,
    )
    op.create_index(
        "ix_failed_message_due_at",
        "failed_message",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state not in ('parked', 'discarded')"),
    )
    op.create_index(
        "uq_failed_message_listener_message_id",
        "failed_message",
        ["listener", "message_id"],
        unique=True,
    )
    op.create_table(
        "inbox",
        sa.Column("listener", sa.String(length=80), nullable=False, comment="the service's method"),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), nullable=False, comment="machine time"
        ),
        sa.PrimaryKeyConstraint("listener", "message_id", name=op.f("pk_inbox")),
    )
    op.create_index(
        "ix_inbox_received_at",
        "inbox",
        ["received_at"],
        unique=False,
        postgresql_using="brin",
        postgresql_with={"autosummarize": "on"},
    )
    op.create_table(
        "job_slot",
        sa.Column("job", sa.String(length=80), nullable=False),
        sa.Column(
            "slot",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="the last one done: business time of a daily job, else machine time",
        ),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="failed ones of the next slot"),
        sa.Column(
            "due_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="machine time before which it is not tried again",
        ),
        sa.Column(
            "done_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="machine time; null: never yet",
        ),
        sa.Column(
            "error",
            sa.Text(),
            nullable=True,
            comment="of the last attempt, while the next slot is failing",
        ),
        sa.PrimaryKeyConstraint("job", name=op.f("pk_job_slot")),
    )
    op.create_table(
        "listener_cursor",
        sa.Column("listener", sa.String(length=80), nullable=False),
        sa.Column("aggregate_type", sa.String(length=40), nullable=False),
        sa.Column("aggregate_id", sa.String(length=80), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="of the last event handled"),
        sa.PrimaryKeyConstraint(
            "listener", "aggregate_type", "aggregate_id", name=op.f("pk_listener_cursor")
        ),
    )
    op.create_table(
        "order_copy",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=True),
        sa.Column("view", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_copy")),
        sa.UniqueConstraint("number", name=op.f("uq_order_copy_number")),
    )
    op.create_index(op.f("ix_order_copy_customer_id"), "order_copy", ["customer_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "message_id", sa.Uuid(), nullable=False, comment="what inboxes know the event by"
        ),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("schema_version", sa.SmallInteger(), nullable=False),
        sa.Column("aggregate_type", sa.String(length=40), nullable=False),
        sa.Column("aggregate_id", sa.String(length=80), nullable=False),
        sa.Column(
            "sequence",
            sa.BigInteger(),
            nullable=False,
            comment="counts the aggregate's events from 1, without holes",
        ),
        sa.Column("body", sa.Text(), nullable=False, comment="the whole envelope as sent, JSON"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, comment="machine time"),
        sa.Column(
            "sent_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the broker confirmed it; null: to be sent",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_sent_at",
        "outbox",
        ["sent_at"],
        unique=False,
        postgresql_where=sa.text("sent_at is not null"),
    )
    op.create_index(
        "ix_outbox_unsent",
        "outbox",
        ["id"],
        unique=False,
        postgresql_where=sa.text("sent_at is null"),
    )
    op.create_table(
        "setting",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_setting")),
    )
    op.create_table(
        "shipment_copy",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("view", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment_copy")),
    )
    op.create_index(
        op.f("ix_shipment_copy_customer_id"), "shipment_copy", ["customer_id"], unique=False
    )
    op.create_index("ix_shipment_copy_order", "shipment_copy", ["order_id"], unique=False)
    op.create_table(
        "visit",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("shipment_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("order_number", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=True),
        sa.Column("customer_name", sa.Text(), nullable=False),
        sa.Column("salesperson_id", sa.Text(), nullable=True),
        sa.Column(
            "day_offset", sa.Integer(), nullable=False, comment="days after dispatch or receipt"
        ),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True, comment="the customer's mark, 1 to 5"),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("visited_by", sa.Text(), nullable=True),
        sa.Column("visited_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("score between 1 and 5", name=op.f("ck_visit_score_one_to_five")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sa.UniqueConstraint(
            "shipment_id",
            "reason",
            "day_offset",
            name=op.f("uq_visit_shipment_id_reason_day_offset"),
        ),
    )
    op.create_index("ix_visit_customer", "visit", ["customer_id"], unique=False)
    op.create_index(
        "ix_visit_planned",
        "visit",
        ["planned_on", "urgent"],
        unique=False,
        postgresql_where=sa.text("state='planned'"),
    )
    op.create_table(
        "case_line",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("line_id", sa.UUID(), nullable=False, comment="of the order"),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.UUID(), nullable=False),
        sa.Column("product_code", sa.Text(), nullable=False),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column(
            "quantity",
            sa.Numeric(precision=16, scale=3),
            nullable=False,
            comment="asked to come back",
        ),
        sa.Column("received", sa.Numeric(precision=16, scale=3), nullable=True),
        sa.Column(
            "sold_for",
            sa.Numeric(precision=16, scale=2),
            nullable=False,
            comment="yuan for `quantity`, discount taken off",
        ),
        sa.Column("restock", sa.Numeric(precision=16, scale=3), nullable=True),
        sa.Column("rework", sa.Numeric(precision=16, scale=3), nullable=True),
        sa.Column("scrap", sa.Numeric(precision=16, scale=3), nullable=True),
        sa.Column("transfer", sa.Numeric(precision=16, scale=3), nullable=True),
        sa.Column("defect", sa.Text(), nullable=True, comment="what the inspector found"),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_case_line_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["case.id"], name=op.f("fk_case_line_case_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_line")),
        sa.UniqueConstraint("case_id", "line_id", name=op.f("uq_case_line_case_id_line_id")),
    )
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    raise NotImplementedError("migrations go forward; a backup is taken before each")
