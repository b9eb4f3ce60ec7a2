"""Customers, their credit and their money."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.changes import APPEND_ONLY

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The ledger is what balances are proved by: the database itself refuses to change its rows.
LEDGER_APPEND_ONLY = """
create trigger credit_ledger_append_only before update or delete or truncate
  on credit_ledger for each statement execute function refuse_change();
create trigger grade_change_append_only before update or delete or truncate
  on grade_change for each statement execute function refuse_change();
"""


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("customer_code_seq")))
    op.execute(sa.schema.CreateSequence(sa.Sequence("contract_number_seq")))
    op.execute(sa.schema.CreateSequence(sa.Sequence("payment_number_seq")))
    op.execute(sa.schema.CreateSequence(sa.Sequence("notice_number_seq")))
    op.execute(sa.schema.CreateSequence(sa.Sequence("invoice_number_seq")))
    op.execute(sa.schema.CreateSequence(sa.Sequence("credit_note_number_seq")))
    op.create_table(
        "accepted_lot",
        sa.Column("instruction_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("line_id", sa.UUID(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column("stocked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("instruction_id", name=op.f("pk_accepted_lot")),
    )
    op.create_index(op.f("ix_accepted_lot_order_id"), "accepted_lot", ["order_id"], unique=False)
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
        "credit_account",
        sa.Column(
            "limit_set",
            sa.Numeric(precision=16, scale=2),
            nullable=True,
            comment="null: the contract's or the grade's",
        ),
        sa.Column("exposure", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("granted", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column(
            "customer_credit",
            sa.Numeric(precision=16, scale=2),
            nullable=False,
            comment="what we owe the customer",
        ),
        sa.Column(
            "is_stopped", sa.Boolean(), nullable=False, comment="credit stop, as last looked for"
        ),
        sa.Column("stopped_since", sa.DateTime(timezone=True), nullable=True),
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
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_account")),
    )
    op.create_table(
        "credit_ledger",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=True),
        sa.Column("order_id", sa.UUID(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column(
            "reservation",
            sa.Numeric(precision=16, scale=2),
            nullable=False,
            comment="a difference, like the next three",
        ),
        sa.Column("receivable", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("verified", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("customer_credit", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column(
            "cause",
            sa.String(length=80),
            nullable=False,
            comment="number of the payment, shipment, case…",
        ),
        sa.Column(
            "command_id",
            sa.String(length=120),
            nullable=True,
            comment="key of the command that asked for it",
        ),
        sa.Column(
            "undoes",
            sa.String(length=120),
            nullable=True,
            comment="command_id of the entry that this one takes back",
        ),
        sa.Column(
            "before",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="the order's terms before a reservation",
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="business time"),
        sa.Column("by_id", sa.String(length=80), nullable=False),
        sa.CheckConstraint(
            "customer_id is not null or kind = 'withdrawn'",
            name=op.f("ck_credit_ledger_has_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_ledger")),
        sa.UniqueConstraint("command_id", name=op.f("uq_credit_ledger_command_id")),
        sa.UniqueConstraint("undoes", name=op.f("uq_credit_ledger_undoes")),
    )
    op.create_index(
        "ix_credit_ledger_customer_id", "credit_ledger", ["customer_id", "id"], unique=False
    )
    op.create_index("ix_credit_ledger_order_id", "credit_ledger", ["order_id", "id"], unique=False)
    op.create_table(
        "customer",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("short_name", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("grade", sa.String(length=20), nullable=False),
        sa.Column("region", sa.String(length=60), nullable=False),
        sa.Column("salesperson_id", sa.String(length=80), nullable=True),
        sa.Column("salesperson_name", sa.String(length=120), nullable=True),
        sa.Column("phone", sa.String(length=60), nullable=False, comment="as entered"),
        sa.Column(
            "phone_normal",
            sa.String(length=20),
            nullable=True,
            comment="E.164, where a numbering plan knows the number",
        ),
        sa.Column("tax_number", sa.String(length=40), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False, comment="character, preferences (C7)"),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="counts in the version, like its parts",
        ),
        sa.Column(
            "search_text",
            sa.Text(),
            nullable=False,
            comment="what it is found by, folded, a part a line",
        ),
        sa.Column(
            "grams",
            postgresql.ARRAY(sa.String(length=2)),
            nullable=False,
            comment="pieces of search_text",
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
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("code", name=op.f("uq_customer_code")),
    )
    op.create_index("ix_customer_grade_code", "customer", ["grade", "code"], unique=False)
    op.create_index(
        "ix_customer_grams", "customer", ["grams"], unique=False, postgresql_using="gin"
    )
    op.create_index(op.f("ix_customer_phone_normal"), "customer", ["phone_normal"], unique=False)
    op.create_index("ix_customer_region_code", "customer", ["region", "code"], unique=False)
    op.create_index(
        "ix_customer_salesperson_id_code", "customer", ["salesperson_id", "code"], unique=False
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
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="of the event it came with"),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("total", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_copy")),
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
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="of the event it came with"),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column(
            "is_live", sa.Boolean(), nullable=False, comment="released or beyond, and not cancelled"
        ),
        sa.Column(
            "lines",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="[line_id, quantity]",
        ),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "value",
            sa.Numeric(precision=16, scale=2),
            nullable=True,
            comment="of what left; null before",
        ),
        sa.Column("dispatched_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True, comment="when its money is due"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment_copy")),
    )
    op.create_index("ix_shipment_copy_order_id", "shipment_copy", ["order_id"], unique=False)
    op.create_table(
        "address",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("label", sa.String(length=60), nullable=False),
        sa.Column("region", sa.String(length=60), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("postal_code", sa.String(length=20), nullable=False),
        sa.Column("consignee", sa.String(length=120), nullable=False),
        sa.Column("phone", sa.String(length=60), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
            name=op.f("fk_address_customer_id"),
            ondelete="cascade",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
    )
    op.create_index(op.f("ix_address_customer_id"), "address", ["customer_id"], unique=False)
    op.create_table(
        "contact",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("phone", sa.String(length=60), nullable=False, comment="as entered"),
        sa.Column(
            "phone_normal", sa.String(length=20), nullable=True, comment="E.164, where possible"
        ),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("may_sign", sa.Boolean(), nullable=False, comment="an authorised signatory"),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
            name=op.f("fk_contact_customer_id"),
            ondelete="cascade",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    op.create_index(op.f("ix_contact_customer_id"), "contact", ["customer_id"], unique=False)
    op.create_table(
        "contract",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column(
            "valid_until", sa.Date(), nullable=True, comment="its last day; null: until ended"
        ),
        sa.Column("terms", sa.String(length=20), nullable=True),
        sa.Column("deposit_percent", sa.Numeric(precision=7, scale=3), nullable=True),
        sa.Column("balance_before_dispatch", sa.Boolean(), nullable=True),
        sa.Column("credit_limit", sa.Numeric(precision=16, scale=2), nullable=True),
        sa.Column("credit_stop_days", sa.Integer(), nullable=True),
        sa.Column("payment_days", sa.Integer(), nullable=True, comment="from dispatch until due"),
        sa.Column("delivery_terms", sa.Text(), nullable=False),
        sa.Column("settlement_method", sa.String(length=20), nullable=True),
        sa.Column("text", sa.Text(), nullable=False, comment="what else is agreed"),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drafted_by", sa.String(length=120), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(length=120), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_for_customer_by", sa.String(length=120), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="optimistic lock, counted by each update",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_contract_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract")),
        sa.UniqueConstraint("number", name=op.f("uq_contract_number")),
    )
    op.create_index(
        "ix_contract_customer_id_number", "contract", ["customer_id", "number"], unique=False
    )
    op.create_index(op.f("ix_contract_state"), "contract", ["state"], unique=False)
    op.create_index(
        "uq_contract_signed",
        "contract",
        ["customer_id"],
        unique=True,
        postgresql_where=sa.text("state = 'signed'"),
    )
    op.create_table(
        "credit_note",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("case_id", sa.UUID(), nullable=False),
        sa.Column("case_number", sa.String(length=20), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("order_number", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
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
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_credit_note_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_note")),
        sa.UniqueConstraint("case_id", name=op.f("uq_credit_note_case_id")),
        sa.UniqueConstraint("number", name=op.f("uq_credit_note_number")),
    )
    op.create_index(
        op.f("ix_credit_note_customer_id"), "credit_note", ["customer_id"], unique=False
    )
    op.create_index(op.f("ix_credit_note_order_id"), "credit_note", ["order_id"], unique=False)
    op.create_table(
        "grade_change",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("old", sa.String(length=20), nullable=True),
        sa.Column("new", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.String(length=80), nullable=False),
        sa.Column("by_name", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
            name=op.f("fk_grade_change_customer_id"),
            ondelete="cascade",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grade_change")),
    )
    op.create_index(
        op.f("ix_grade_change_customer_id"), "grade_change", ["customer_id"], unique=False
    )
    op.create_table(
        "invoice",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("customer_name", sa.String(length=200), nullable=False),
        sa.Column("tax_number", sa.String(length=40), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("order_number", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.Numeric(precision=16, scale=2), nullable=False, comment="incl. VAT"),
        sa.Column("vat_percent", sa.Numeric(precision=7, scale=3), nullable=False),
        sa.Column(
            "vat",
            sa.Numeric(precision=16, scale=2),
            nullable=False,
            comment="contained in the amount",
        ),
        sa.Column(
            "paper_number",
            sa.String(length=60),
            nullable=False,
            comment="of the tax office's paper",
        ),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by_name", sa.String(length=120), nullable=False),
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
        sa.CheckConstraint("amount > 0", name=op.f("ck_invoice_amount_positive")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_invoice_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice")),
        sa.UniqueConstraint("number", name=op.f("uq_invoice_number")),
    )
    op.create_index("ix_invoice_customer_id", "invoice", ["customer_id", "number"], unique=False)
    op.create_index("ix_invoice_order_id", "invoice", ["order_id", "number"], unique=False)
    op.create_table(
        "notice",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("customer_name", sa.String(length=200), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("order_number", sa.String(length=20), nullable=False),
        sa.Column(
            "amount", sa.Numeric(precision=16, scale=2), nullable=False, comment="what it asks for"
        ),
        sa.Column(
            "money_needed",
            sa.Numeric(precision=16, scale=2),
            nullable=False,
            comment="verified money at which it is settled",
        ),
        sa.Column(
            "worth",
            sa.Numeric(precision=16, scale=2),
            nullable=False,
            comment="of the goods it speaks of",
        ),
        sa.Column("order_worth", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column(
            "verified",
            sa.Numeric(precision=16, scale=2),
            nullable=False,
            comment="verified when it was drafted",
        ),
        sa.Column(
            "deposit_percent",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="as a string; null: not a deposit",
        ),
        sa.Column(
            "lines",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="line, product, quantities, price, value",
        ),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=True),
        sa.Column("received_clearly", sa.Boolean(), nullable=True),
        sa.Column("received_by", sa.String(length=120), nullable=True),
        sa.Column("sent_by_name", sa.String(length=120), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
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
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_notice_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("number", name=op.f("uq_notice_number")),
    )
    op.create_index("ix_notice_customer_id", "notice", ["customer_id", "number"], unique=False)
    op.create_index(
        "ix_notice_drafted",
        "notice",
        ["drafted_at"],
        unique=False,
        postgresql_where=sa.text("state = 'drafted'"),
    )
    op.create_index("ix_notice_order_id", "notice", ["order_id", "number"], unique=False)
    op.create_table(
        "order_credit",
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("order_number", sa.String(length=20), nullable=False),
        sa.Column("standing", sa.String(length=20), nullable=False),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="of the order when it last asked for credit",
        ),
        sa.Column(
            "terms",
            sa.String(length=20),
            nullable=True,
            comment="at that moment; null: it never asked",
        ),
        sa.Column("grade", sa.String(length=20), nullable=True),
        sa.Column("deposit_percent", sa.Numeric(precision=7, scale=3), nullable=False),
        sa.Column("deposit_due", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("total", sa.Numeric(precision=16, scale=2), nullable=False, comment="as ordered"),
        sa.Column(
            "amount",
            sa.Numeric(precision=16, scale=2),
            nullable=False,
            comment="at the upper tolerance",
        ),
        sa.Column(
            "worth",
            sa.Numeric(precision=16, scale=2),
            nullable=False,
            comment="accepted where known, else ordered",
        ),
        sa.Column(
            "reserves", sa.Boolean(), nullable=False, comment="false while held, prepaid or ended"
        ),
        sa.Column(
            "granted",
            sa.Numeric(precision=16, scale=2),
            nullable=False,
            comment="how far beyond the limit an override went",
        ),
        sa.Column("reservation", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column(
            "receivable",
            sa.Numeric(precision=16, scale=2),
            nullable=False,
            comment="value shipped, paid or not",
        ),
        sa.Column(
            "verified",
            sa.Numeric(precision=16, scale=2),
            nullable=False,
            comment="money of its own; what was too much is gone",
        ),
        sa.Column("invoiced", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("refunded", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column(
            "has_moved",
            sa.Boolean(),
            nullable=False,
            comment="goods were made or have left; the reservation follows them",
        ),
        sa.Column("is_imported", sa.Boolean(), nullable=False),
        sa.Column(
            "asked_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="machine time of the last asking",
        ),
        sa.Column(
            "asked_by", sa.String(length=120), nullable=True, comment="command_id of that asking"
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
        sa.CheckConstraint("receivable >= 0", name=op.f("ck_order_credit_receivable_not_negative")),
        sa.CheckConstraint(
            "reservation >= 0", name=op.f("ck_order_credit_reservation_not_negative")
        ),
        sa.CheckConstraint("verified >= 0", name=op.f("ck_order_credit_verified_not_negative")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["credit_account.id"], name=op.f("fk_order_credit_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_credit")),
        sa.UniqueConstraint("order_number", name=op.f("uq_order_credit_order_number")),
    )
    op.create_index(
        "ix_order_credit_customer_id_order_number",
        "order_credit",
        ["customer_id", "order_number"],
        unique=False,
    )
    op.create_index(
        "ix_order_credit_owing",
        "order_credit",
        ["customer_id"],
        unique=False,
        postgresql_where=sa.text("receivable > verified"),
    )
    op.create_table(
        "payment",
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("customer_name", sa.String(length=200), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=True, comment="null: on the customer's account"),
        sa.Column("order_number", sa.String(length=20), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.Numeric(precision=16, scale=2), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column(
            "reference", sa.String(length=120), nullable=False, comment="of the bank or the receipt"
        ),
        sa.Column(
            "paid_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the customer paid; decides the batch",
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by_id", sa.String(length=80), nullable=False),
        sa.Column("recorded_by_name", sa.String(length=120), nullable=False),
        sa.Column(
            "judged_at", sa.DateTime(timezone=True), nullable=True, comment="verified or rejected"
        ),
        sa.Column("judged_by_name", sa.String(length=120), nullable=True),
        sa.Column("judgement", sa.Text(), nullable=True, comment="why it was rejected or reversed"),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reversed_by_name", sa.String(length=120), nullable=True),
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
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_amount_positive")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_payment_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment")),
        sa.UniqueConstraint("number", name=op.f("uq_payment_number")),
    )
    op.create_index(
        "ix_payment_claimed",
        "payment",
        ["recorded_at"],
        unique=False,
        postgresql_where=sa.text("state = 'claimed'"),
    )
    op.create_index("ix_payment_customer_id", "payment", ["customer_id", "number"], unique=False)
    op.create_index("ix_payment_order_id", "payment", ["order_id", "number"], unique=False)
    op.create_table(
        "seal",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False, comment="what people call it by"),
        sa.Column("description", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_seal_customer_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seal")),
    )
    op.create_index(op.f("ix_seal_customer_id"), "seal", ["customer_id"], unique=False)
    op.execute(APPEND_ONLY)
    op.execute(LEDGER_APPEND_ONLY)


def downgrade() -> None:
    raise NotImplementedError("migrations go forward; a backup is taken before each")
