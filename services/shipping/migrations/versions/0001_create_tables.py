"""Create shipping's tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from chassis.changes import APPEND_ONLY

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# What a scanner sent and what it was told are evidence: the database keeps both as they were.
EVIDENCE = ("scan", "scan_answer", "conflicting_scan")


def upgrade() -> None:
    op.execute("create sequence shipment_number")
    op.execute("create sequence dispatch_note_number")
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
        "carrier",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="optimistic lock, counted by each update",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carrier")),
        sa.UniqueConstraint("code", name=op.f("uq_carrier_code")),
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
        "conflicting_scan",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("device_id", sa.String(length=80), nullable=False),
        sa.Column("device_sequence", sa.BigInteger(), nullable=False),
        sa.Column("device_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("parcel_code", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_from", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflicting_scan")),
        sa.UniqueConstraint(
            "device_id",
            "device_sequence",
            "parcel_code",
            "kind",
            name=op.f("uq_conflicting_scan_device_id_device_sequence_parcel_code_kind"),
        ),
    )
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
        "mode",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="optimistic lock, counted by each update",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mode")),
        sa.UniqueConstraint("code", name=op.f("uq_mode_code")),
    )
    op.create_table(
        "notice_sending",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("shipment_id", sa.UUID(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_clearly", sa.Boolean(), nullable=False),
        sa.Column("person_id", sa.String(length=80), nullable=False),
        sa.Column("person_name", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_sending")),
    )
    op.create_index(
        op.f("ix_notice_sending_shipment_id"), "notice_sending", ["shipment_id"], unique=False
    )
    op.create_table(
        "obligation",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("shipment_id", sa.UUID(), nullable=False),
        sa.Column(
            "roles", postgresql.ARRAY(sa.String(length=20)), nullable=False, comment="who can do it"
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(length=80), nullable=True),
        sa.Column("done_by_name", sa.String(length=120), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="optimistic lock, counted by each update",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_obligation")),
    )
    op.create_index(
        "ix_obligation_open",
        "obligation",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("done_at is null"),
    )
    op.create_index(op.f("ix_obligation_shipment_id"), "obligation", ["shipment_id"], unique=False)
    op.create_index(
        "uq_obligation_open_kind",
        "obligation",
        ["shipment_id", "kind"],
        unique=True,
        postgresql_where=sa.text("done_at is null"),
    )
    op.create_table(
        "order_block",
        sa.Column("command_id", sa.String(length=120), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("why", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("set_by", sa.String(length=80), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("command_id", name=op.f("pk_order_block")),
    )
    op.create_index(
        "ix_order_block_open",
        "order_block",
        ["order_id"],
        unique=False,
        postgresql_where=sa.text("lifted_at is null"),
    )
    op.create_table(
        "order_copy",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False, comment="of the event it came with"),
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("on_hold", sa.Boolean(), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("salesperson_id", sa.String(length=80), nullable=True),
        sa.Column(
            "view",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="what shipping reads of the view",
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_copy")),
        sa.UniqueConstraint("number", name=op.f("uq_order_copy_number")),
    )
    op.create_table(
        "order_lock",
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column(
            "blocked", sa.String(length=10), nullable=True, comment="what its open blocks amount to"
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_lock")),
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
        "quarantined_scan",
        sa.Column("device_id", sa.String(length=80), nullable=False),
        sa.Column("device_sequence", sa.BigInteger(), nullable=False),
        sa.Column("device_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("parcel_code", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("misread", sa.Boolean(), nullable=False, comment="the check digit does not fit"),
        sa.Column("resolution", sa.String(length=12), nullable=True),
        sa.Column(
            "assigned_code", sa.String(length=60), nullable=True, comment="the parcel it was"
        ),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.String(length=80), nullable=True),
        sa.Column("resolver_name", sa.String(length=120), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
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
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantined_scan")),
    )
    op.create_index(
        "ix_quarantined_scan_open",
        "quarantined_scan",
        ["received_at"],
        unique=False,
        postgresql_where=sa.text("resolved_at is null"),
    )
    op.create_table(
        "region",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="optimistic lock, counted by each update",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_region")),
        sa.UniqueConstraint("code", name=op.f("uq_region_code")),
    )
    op.create_table(
        "scan",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("device_id", sa.String(length=80), nullable=False),
        sa.Column("device_sequence", sa.BigInteger(), nullable=False),
        sa.Column(
            "device_time",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="by the device's own clock, which may be wrong; nothing is decided by it",
        ),
        sa.Column("parcel_code", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), nullable=False, comment="business time"
        ),
        sa.Column(
            "received_from",
            sa.String(length=80),
            nullable=False,
            comment="the principal that sent it",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan")),
        sa.UniqueConstraint(
            "device_id", "device_sequence", name=op.f("uq_scan_device_id_device_sequence")
        ),
    )
    op.create_index("ix_scan_parcel_code", "scan", ["parcel_code"], unique=False)
    op.create_table(
        "scan_answer",
        sa.Column("scan_id", sa.UUID(), nullable=False),
        sa.Column("verdict", sa.String(length=12), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=True, comment="why, where not accepted"),
        sa.Column("shipment_id", sa.UUID(), nullable=True),
        sa.PrimaryKeyConstraint("scan_id", name=op.f("pk_scan_answer")),
    )
    op.create_index(
        op.f("ix_scan_answer_shipment_id"), "scan_answer", ["shipment_id"], unique=False
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
        "shipment",
        sa.Column("number", sa.String(length=30), nullable=False),
        sa.Column("order_id", sa.UUID(), nullable=False),
        sa.Column("order_number", sa.String(length=30), nullable=False),
        sa.Column("customer_id", sa.UUID(), nullable=False),
        sa.Column("customer_code", sa.String(length=40), nullable=False),
        sa.Column("customer_name", sa.Text(), nullable=False),
        sa.Column("salesperson_id", sa.String(length=80), nullable=True),
        sa.Column(
            "order_grade",
            sa.String(length=1),
            nullable=True,
            comment="when requested; only says in whose work list the release stands",
        ),
        sa.Column("region", sa.Text(), nullable=True, comment="the customer's, as the order says"),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column(
            "blocked",
            sa.String(length=10),
            nullable=True,
            comment="cancel or hold: orders has stopped it; what a dispatch competes with",
        ),
        sa.Column(
            "emergency", sa.Boolean(), nullable=False, comment="the written request was waived"
        ),
        sa.Column(
            "due_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="by when it should have left",
        ),
        sa.Column("consignee_name", sa.Text(), nullable=False),
        sa.Column("consignee_phone", sa.String(length=40), nullable=False),
        sa.Column("consignee_address", sa.Text(), nullable=False),
        sa.Column("delivery_method", sa.String(length=20), nullable=False),
        sa.Column("urgency", sa.String(length=10), nullable=False),
        sa.Column(
            "requirements", sa.Text(), nullable=False, comment="the order's special requirements"
        ),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by", sa.String(length=80), nullable=False),
        sa.Column("requester_name", sa.String(length=120), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.String(length=80), nullable=True),
        sa.Column("releaser_name", sa.String(length=120), nullable=True),
        sa.Column(
            "verdict",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="what customers answered when it was released",
        ),
        sa.Column(
            "override_note", sa.Text(), nullable=True, comment="why the director let it leave"
        ),
        sa.Column("release_withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("batch_day", sa.Date(), nullable=True),
        sa.Column("batch", sa.String(length=10), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_by", sa.String(length=80), nullable=True),
        sa.Column("checker_name", sa.String(length=120), nullable=True),
        sa.Column("handed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_by", sa.String(length=80), nullable=True),
        sa.Column("dispatcher_name", sa.String(length=120), nullable=True),
        sa.Column("carrier_code", sa.String(length=20), nullable=True),
        sa.Column("carrier_name", sa.Text(), nullable=True),
        sa.Column("mode_code", sa.String(length=20), nullable=True),
        sa.Column("waybill", sa.String(length=60), nullable=True),
        sa.Column("note_number", sa.String(length=30), nullable=True),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expected_arrival", sa.Date(), nullable=True),
        sa.Column("notice_verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notice_verifier_name", sa.String(length=120), nullable=True),
        sa.Column("in_transit_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signer", sa.String(length=120), nullable=True),
        sa.Column("damage", sa.Text(), nullable=True),
        sa.Column(
            "receipt_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the signed paper came",
        ),
        sa.Column(
            "receipt_attachment", sa.Text(), nullable=True, comment="content hash of its picture"
        ),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure_note", sa.Text(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
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
            ["carrier_code"], ["carrier.code"], name=op.f("fk_shipment_carrier_code")
        ),
        sa.ForeignKeyConstraint(["mode_code"], ["mode.code"], name=op.f("fk_shipment_mode_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment")),
        sa.UniqueConstraint("note_number", name=op.f("uq_shipment_note_number")),
        sa.UniqueConstraint("number", name=op.f("uq_shipment_number")),
    )
    op.create_index(
        "ix_shipment_customer", "shipment", ["customer_id", "requested_at", "id"], unique=False
    )
    op.create_index(
        "ix_shipment_customer_code",
        "shipment",
        ["customer_code", "requested_at", "id"],
        unique=False,
    )
    op.create_index("ix_shipment_order", "shipment", ["order_id"], unique=False)
    op.create_index(
        "ix_shipment_order_number", "shipment", ["order_number", "requested_at", "id"], unique=False
    )
    op.create_index("ix_shipment_requested", "shipment", ["requested_at", "id"], unique=False)
    op.create_index(
        "ix_shipment_salesperson",
        "shipment",
        ["salesperson_id", "requested_at", "id"],
        unique=False,
    )
    op.create_index("ix_shipment_state", "shipment", ["state", "requested_at", "id"], unique=False)
    op.create_index(
        "ix_shipment_waiting",
        "shipment",
        ["due_at", "id"],
        unique=False,
        postgresql_where=sa.text(
            "state in ('requested', 'released', 'checked', 'handed', 'picking', 'packed')"
        ),
    )
    op.create_index("ix_shipment_waybill", "shipment", ["waybill"], unique=False)
    op.create_table(
        "transit_time",
        sa.Column("carrier_code", sa.String(length=20), nullable=False),
        sa.Column("region_code", sa.String(length=20), nullable=False),
        sa.Column("mode_code", sa.String(length=20), nullable=False),
        sa.Column(
            "days", sa.Integer(), nullable=False, comment="calendar days from dispatch to arrival"
        ),
        sa.Column(
            "cost",
            sa.Numeric(precision=16, scale=2),
            nullable=False,
            comment="per parcel, to the depot",
        ),
        sa.Column(
            "door_surcharge",
            sa.Numeric(precision=16, scale=2),
            nullable=False,
            comment="per parcel, for delivery to the door",
        ),
        sa.Column("depot", sa.Text(), nullable=False, comment="where the customer picks up"),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="optimistic lock, counted by each update",
        ),
        sa.CheckConstraint("days >= 0", name=op.f("ck_transit_time_days")),
        sa.ForeignKeyConstraint(
            ["carrier_code"], ["carrier.code"], name=op.f("fk_transit_time_carrier_code")
        ),
        sa.ForeignKeyConstraint(
            ["mode_code"], ["mode.code"], name=op.f("fk_transit_time_mode_code")
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["region.code"], name=op.f("fk_transit_time_region_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transit_time")),
        sa.UniqueConstraint(
            "carrier_code",
            "region_code",
            "mode_code",
            name=op.f("uq_transit_time_carrier_code_region_code_mode_code"),
        ),
    )
    op.create_index("ix_transit_time_region_code", "transit_time", ["region_code"], unique=False)
    op.create_table(
        "parcel",
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("shipment_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="1 … n, as on the label"),
        sa.Column(
            "progress", sa.SmallInteger(), nullable=False, comment="domain.lifecycle.Progress"
        ),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["shipment.id"], name=op.f("fk_parcel_shipment_id")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_parcel")),
    )
    op.create_index(op.f("ix_parcel_shipment_id"), "parcel", ["shipment_id"], unique=False)
    op.create_table(
        "shipment_line",
        sa.Column("shipment_id", sa.UUID(), nullable=False),
        sa.Column("line_no", sa.Integer(), nullable=False),
        sa.Column("line_id", sa.UUID(), nullable=False),
        sa.Column("product_id", sa.UUID(), nullable=False),
        sa.Column("product_code", sa.String(length=40), nullable=False),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("unit_decimals", sa.SmallInteger(), nullable=False),
        sa.Column("packing", sa.Text(), nullable=True),
        sa.Column("quantity", sa.Numeric(precision=16, scale=3), nullable=False),
        sa.Column(
            "signed_quantity",
            sa.Numeric(precision=16, scale=3),
            nullable=True,
            comment="by the receipt",
        ),
        sa.Column(
            "damaged_quantity",
            sa.Numeric(precision=16, scale=3),
            nullable=True,
            comment="of what was signed for",
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_shipment_line_quantity")),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["shipment.id"], name=op.f("fk_shipment_line_shipment_id")
        ),
        sa.PrimaryKeyConstraint("shipment_id", "line_no", name=op.f("pk_shipment_line")),
    )
    op.create_index("ix_shipment_line_order_line", "shipment_line", ["line_id"], unique=False)
    op.execute(APPEND_ONLY)
    for table in EVIDENCE:
        op.execute(
            f"create trigger {table}_append_only before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )


def downgrade() -> None:
    raise NotImplementedError("migrations go forward; a backup is taken before each")
