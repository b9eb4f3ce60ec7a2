"""Accounts, sessions, device keys, and the log of what was done with them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from chassis.changes import APPEND_ONLY
from chassis.mapping import MomentType

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("username", sa.String(length=40), nullable=False),
        sa.Column("display_name", sa.String(length=80), nullable=False),
        sa.Column(
            "person_id",
            sa.String(length=80),
            nullable=False,
            comment="who acts, in every service's log; never given twice",
        ),
        sa.Column("roles", JSONB(), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("password_changed_at", MomentType(), nullable=False),
        sa.Column(
            "must_change_password",
            sa.Boolean(),
            nullable=False,
            comment="a one-time password is set",
        ),
        sa.Column(
            "one_time_until",
            MomentType(),
            nullable=True,
            comment="when an unused one-time password ends",
        ),
        sa.Column("locked", sa.Boolean(), nullable=False, comment="by an administrator"),
        sa.Column("created_at", MomentType(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="optimistic lock, counted by each update",
        ),
        sa.CheckConstraint("username = lower(username)", name=op.f("ck_account_username_lower")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("person_id", name=op.f("uq_account_person_id")),
        sa.UniqueConstraint("username", name=op.f("uq_account_username")),
    )
    op.create_table(
        "change_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("entity_type", sa.String(length=40), nullable=False),
        sa.Column("entity_id", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("at", MomentType(), nullable=False, comment="business time"),
        sa.Column("recorded_at", MomentType(), nullable=False, comment="machine time"),
        sa.Column("person_id", sa.String(length=80), nullable=False),
        sa.Column("person_name", sa.String(length=120), nullable=False),
        sa.Column("changes", JSONB(), nullable=False, comment="field → [old, new]"),
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
        sa.Column("answer", JSONB(), nullable=True, comment="null only while its transaction runs"),
        sa.Column("created_at", MomentType(), nullable=False),
        sa.PrimaryKeyConstraint("principal_id", "key", name=op.f("pk_command")),
    )
    op.create_index(op.f("ix_command_created_at"), "command", ["created_at"], unique=False)
    op.create_table(
        "device",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False, comment="SHA-256"),
        sa.Column("enrolled_by", sa.String(length=80), nullable=False),
        sa.Column("enrolled_at", MomentType(), nullable=False),
        sa.Column("used_at", MomentType(), nullable=True),
        sa.Column("revoked_at", MomentType(), nullable=True),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="optimistic lock, counted by each update",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint("code", name=op.f("uq_device_code")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_device_key_hash")),
    )
    op.create_table(
        "failed_sign_ins",
        sa.Column(
            "subject",
            sa.String(length=80),
            nullable=False,
            comment="'name:' or 'place:' and a hash, or 'address:'",
        ),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", MomentType(), nullable=False),
        sa.Column("blocked_until", MomentType(), nullable=True),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_failed_sign_ins")),
    )
    op.create_index("ix_failed_sign_ins_last_at", "failed_sign_ins", ["last_at"], unique=False)
    op.create_table(
        "setting",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("value", JSONB(), nullable=False),
        sa.Column("changed_at", MomentType(), nullable=False),
        sa.Column("changed_by", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_setting")),
    )
    op.create_table(
        "session",
        sa.Column("token_hash", sa.String(length=64), nullable=False, comment="SHA-256"),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("created_at", MomentType(), nullable=False),
        sa.Column(
            "used_at",
            MomentType(),
            nullable=False,
            comment="to the minute: it ends when idle too long",
        ),
        sa.Column("ends_at", MomentType(), nullable=False),
        sa.Column("revoked_at", MomentType(), nullable=True),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("user_agent", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_session_account_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_account_id"), "session", ["account_id"], unique=False)
    op.create_index(op.f("ix_session_ends_at"), "session", ["ends_at"], unique=False)
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    raise NotImplementedError("migrations go forward; a backup is taken before each")
