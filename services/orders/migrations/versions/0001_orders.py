"""Orders, lines, gates and confirmations, prices, tasks, and what every service keeps."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.changes import APPEND_ONLY

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("order_number_seq")))
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
        "customer_copy",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("view", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_copy")),
        sa.UniqueConstraint("code", name=op.f("uq_customer_copy_code")),
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
        "last_price",
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("product_id", sa.UUID(), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=16, scale=6), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "product_id", name=op.f("pk_last_price")),
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
        "money_copy",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("view", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_money_copy")),
    )
    op.create_table(
        "order",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("stage", sa.String(length=40), nullable=False),
        sa.Column("stage_before_cancel", sa.String(length=40), nullable=True),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="counts submits; a gate is about one of them",
        ),
        sa.Column("order_type", sa.Text(), nullable=True, comment="ship or service"),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "reply_by",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the answer's time as promised",
        ),
        sa.Column(
            "wish", sa.Text(), nullable=True, comment="what was asked for, in the asker's words"
        ),
        sa.Column(
            "paper_owed",
            sa.Boolean(),
            nullable=False,
            comment="an oral order; its paper is to come",
        ),
        sa.Column("customer_id", sa.UUID(), nullable=True),
        sa.Column("customer_code", sa.Text(), nullable=True),
        sa.Column("customer_name", sa.Text(), nullable=True),
        sa.Column(
            "grade", sa.Text(), nullable=True, comment="as last heard; asked again when it matters"
        ),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("salesperson_id", sa.Text(), nullable=True),
        sa.Column("salesperson_name", sa.Text(), nullable=True),
        sa.Column("clerk_id", sa.Text(), nullable=False),
        sa.Column("clerk_name", sa.Text(), nullable=False),
        sa.Column("consignee_name", sa.Text(), nullable=True),
        sa.Column("consignee_phone", sa.Text(), nullable=True),
        sa.Column("consignee_address", sa.Text(), nullable=True),
        sa.Column(
            "grams",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="of name and phone, for search",
        ),
        sa.Column("delivery_method", sa.Text(), nullable=True),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("special_requirements", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column(
            "scheme_total",
            sa.Numeric(precision=16, scale=2),
            nullable=False,
            comment="what the price schemes make of it",
        ),
        sa.Column("terms", sa.Text(), nullable=True, comment="as customers answered at submit"),
        sa.Column("deposit_percent", sa.Numeric(precision=7, scale=3), nullable=True),
        sa.Column("base_production_due", sa.Date(), nullable=True),
        sa.Column("base_customer_due", sa.Date(), nullable=True),
        sa.Column(
            "checked_by", sa.Text(), nullable=True, comment="who looked at the key data again"
        ),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fulfilled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "touched_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="last move or edit, for the expiry",
        ),
        sa.Column(
            "holds_anything",
            sa.Boolean(),
            nullable=False,
            comment="credit, stock, material or a slot",
        ),
        sa.Column(
            "hold", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("busy_with", sa.UUID(), nullable=True, comment="the conversation under way"),
        sa.Column("confirmed_by_grade", sa.Boolean(), nullable=False),
        sa.Column("imported", sa.Boolean(), nullable=False),
        sa.Column(
            "past_reference", sa.Text(), nullable=True, comment="its number in the old books"
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
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order")),
        sa.UniqueConstraint("number", name=op.f("uq_order_number")),
    )
    op.create_index(
        "ix_order_clerk",
        "order",
        ["clerk_id", sa.literal_column("created_at desc"), sa.literal_column("id desc")],
        unique=False,
    )
    op.create_index(
        "ix_order_customer",
        "order",
        ["customer_id", sa.literal_column("created_at desc"), sa.literal_column("id desc")],
        unique=False,
    )
    op.create_index("ix_order_grams", "order", ["grams"], unique=False, postgresql_using="gin")
    op.create_index(
        "ix_order_newest",
        "order",
        [sa.literal_column("created_at desc"), sa.literal_column("id desc")],
        unique=False,
    )
    op.create_index("ix_order_past_reference", "order", ["past_reference"], unique=True)
    op.create_index(
        "ix_order_region",
        "order",
        ["region", sa.literal_column("created_at desc"), sa.literal_column("id desc")],
        unique=False,
    )
    op.create_index(
        "ix_order_salesperson",
        "order",
        ["salesperson_id", sa.literal_column("created_at desc"), sa.literal_column("id desc")],
        unique=False,
    )
    op.create_index(
        "ix_order_stage",
        "order",
        ["stage", sa.literal_column("created_at desc"), sa.literal_column("id desc")],
        unique=False,
    )
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
        "price_scheme",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("product_id", sa.UUID(), nullable=False),
        sa.Column("product_code", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=True),
        sa.Column("customer_code", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("breaks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True, comment="last day, inclusive"),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="last change of its prices",
        ),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="optimistic lock, counted by each update",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_scheme")),
        sa.UniqueConstraint("code", name=op.f("uq_price_scheme_code")),
    )
    op.create_index(
        "ix_price_scheme_product", "price_scheme", ["product_id", "valid_from"], unique=False
    )
    op.create_table(
        "product_copy",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("view", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_copy")),
        sa.UniqueConstraint("code", name=op.f("uq_product_copy_code")),
    )
    op.create_table(
        "promotion",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="discount or coupon"),
        sa.Column("threshold", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column(
            "value",
            sa.Numeric(precision=16, scale=2),
            nullable=False,
            comment="yuan off, or the coupon's worth",
        ),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True, comment="last day, inclusive"),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="optimistic lock, counted by each update",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion")),
        sa.UniqueConstraint("code", name=op.f("uq_promotion_code")),
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
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("view", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment_copy")),
    )
    op.create_index("ix_shipment_copy_order", "shipment_copy", ["order_id"], unique=False)
    op.create_table(
        "statement_seen",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("view", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("order_id", "kind", name=op.f("pk_statement_seen")),
    )
    op.create_table(
        "anomaly",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("topic", sa.String(length=40), nullable=False),
        sa.Column("priority", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("temporary_measure", sa.Text(), nullable=True),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False, comment="index into the ladder of roles"),
        sa.Column("told_all", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("raised_by", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("escalates_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["order.id"], name=op.f("fk_anomaly_order_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anomaly")),
    )
    op.create_index(
        "ix_anomaly_open",
        "anomaly",
        ["escalates_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_anomaly_order", "anomaly", ["order_id"], unique=False)
    op.create_table(
        "confirmation",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column(
            "number", sa.Integer(), nullable=False, comment="version n of this order's confirmation"
        ),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column(
            "document",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="the order's view, frozen",
        ),
        sa.Column("grade", sa.Text(), nullable=False, comment="at first sending"),
        sa.Column("slides", sa.Boolean(), nullable=False),
        sa.Column(
            "sent_on", sa.Date(), nullable=False, comment="business date of the first sending"
        ),
        sa.Column(
            "sendings",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="each: channel, recipient, at, by, received_clearly",
        ),
        sa.Column(
            "arrived_on",
            sa.Date(),
            nullable=True,
            comment="arrival of the verified copy; freezes the slide",
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["order.id"], name=op.f("fk_confirmation_order_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmation")),
        sa.UniqueConstraint("order_id", "number", name=op.f("uq_confirmation_order_id_number")),
    )
    op.create_table(
        "gate",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="of the order that the verdict is about",
        ),
        sa.Column("verdict", sa.String(length=40), nullable=False),
        sa.Column(
            "opened_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="null: waits for another gate",
        ),
        sa.Column(
            "inputs", sa.Text(), nullable=False, comment="hash of what the verdict depends on"
        ),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("text_zh", sa.Text(), nullable=True),
        sa.Column(
            "signer_id", sa.Text(), nullable=True, comment="'system' where the system judges"
        ),
        sa.Column("signer_name", sa.Text(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("attachment", sa.Text(), nullable=True, comment="content hash of a file, if any"),
        sa.Column(
            "override",
            sa.Boolean(),
            nullable=False,
            comment="a person let it pass against the system",
        ),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["order.id"], name=op.f("fk_gate_order_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("order_id", "kind", name=op.f("pk_gate")),
    )
    op.create_index(
        "ix_gate_waiting",
        "gate",
        ["kind", "opened_at"],
        unique=False,
        postgresql_where=sa.text("verdict <> 'passed' and opened_at is not null"),
    )
    op.create_table(
        "order_line",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.UUID(), nullable=False),
        sa.Column("product_code", sa.Text(), nullable=False),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("unit_decimals", sa.Integer(), nullable=False),
        sa.Column("supply", sa.Text(), nullable=False, comment="stock or make"),
        sa.Column("quantity", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column(
            "unit_price",
            sa.Numeric(precision=16, scale=6),
            nullable=False,
            comment="yuan incl. VAT",
        ),
        sa.Column(
            "price_given",
            sa.Boolean(),
            nullable=False,
            comment="said by a person, not by the scheme",
        ),
        sa.Column(
            "discount",
            sa.Numeric(precision=16, scale=2),
            nullable=False,
            comment="the line's share of the order's discount",
        ),
        sa.Column("discount_given", sa.Boolean(), nullable=False, comment="said by a person"),
        sa.Column("amount", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("tolerance_over", sa.Numeric(precision=7, scale=3), nullable=False),
        sa.Column("tolerance_under", sa.Numeric(precision=7, scale=3), nullable=False),
        sa.Column("packing", sa.Text(), nullable=True),
        sa.Column("production", sa.Text(), nullable=True, comment="state of its works instruction"),
        sa.Column("instruction_number", sa.Text(), nullable=True),
        sa.Column("produced_quantity", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column("accepted_quantity", sa.Numeric(precision=16, scale=3), nullable=True),
        sa.Column("shipped_quantity", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column("signed_quantity", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column("short_closed", sa.Boolean(), nullable=False),
        sa.CheckConstraint("discount >= 0", name=op.f("ck_order_line_discount_not_negative")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_line_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["order_id"], ["order.id"], name=op.f("fk_order_line_order_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_line")),
        sa.UniqueConstraint("order_id", "line_no", name=op.f("uq_order_line_order_id_line_no")),
    )
    op.create_index("ix_order_line_product", "order_line", ["product_id", "order_id"], unique=False)
    op.create_table(
        "task",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=True, comment="null: anybody of the role"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_zh", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["order.id"], name=op.f("fk_task_order_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
    )
    op.create_index(
        "ix_task_open_role",
        "task",
        ["role", "due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_task_order", "task", ["order_id"], unique=False)
    op.create_table(
        "sign_back",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("confirmation_id", sa.UUID(), nullable=False),
        sa.Column("arrived_on", sa.Date(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("signatory", sa.Text(), nullable=True),
        sa.Column("seal_code", sa.Text(), nullable=True),
        sa.Column(
            "attachment", sa.Text(), nullable=True, comment="content hash of the scanned copy"
        ),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True, comment="why it was rejected"),
        sa.Column("judged_by", sa.Text(), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["confirmation_id"],
            ["confirmation.id"],
            name=op.f("fk_sign_back_confirmation_id"),
            ondelete="cascade",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_back")),
    )
    op.create_index(
        op.f("ix_sign_back_confirmation_id"), "sign_back", ["confirmation_id"], unique=False
    )
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    raise NotImplementedError("migrations go forward; a backup is taken before each")
