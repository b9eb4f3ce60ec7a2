"""The gateway's own tables, and every query of theirs."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Row,
    String,
    case,
    delete,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from chassis import changes, command_table, policy
from chassis.database import Platform, Store
from chassis.errors import Conflict, InvalidFields, NotFound
from chassis.mapping import TYPE_MAP, Versioned, new_metadata
from gateway.rules import RULES


class AccountNotFound(NotFound):
    """No account of that name."""

    code = "account_not_found"
    en = "There is no account {username}."
    zh = "没有名为 {username} 的账号。"


class AccountExists(Conflict):
    """The name, or the person, has an account already."""

    code = "account_exists"
    en = "There is an account {username} already."
    zh = "账号 {username} 已存在。"


class DeviceNotFound(NotFound):
    """No device of that code."""

    code = "device_not_found"
    en = "There is no device {code}."
    zh = "没有编号为 {code} 的设备。"


class DeviceExists(Conflict):
    """The code is another device's."""

    code = "device_exists"
    en = "There is a device {code} already."
    zh = "设备 {code} 已存在。"


class Base(DeclarativeBase):
    """The gateway's tables."""

    metadata = new_metadata()
    type_annotation_map = TYPE_MAP


class KeptTables(Platform):
    """Of the platform's tables those the gateway needs: it neither announces nor listens."""

    def __init__(self, metadata: MetaData) -> None:
        self.commands = command_table.table(metadata)
        self.changes = changes.table(metadata)
        self.settings = policy.table(metadata)


platform = KeptTables(Base.metadata)


class Account(Versioned, Base):
    """A person who may sign in. Its password is known to nobody but that person."""

    __tablename__ = "account"
    __table_args__ = (CheckConstraint("username = lower(username)", name="username_lower"),)

    username: Mapped[str] = mapped_column(String(40), unique=True)
    display_name: Mapped[str] = mapped_column(String(80))
    person_id: Mapped[str] = mapped_column(
        String(80), unique=True, comment="who acts, in every service's log; never given twice"
    )
    roles: Mapped[list[str]] = mapped_column(JSONB)
    password_hash: Mapped[str] = mapped_column(String(200))
    password_changed_at: Mapped[datetime]
    must_change_password: Mapped[bool] = mapped_column(comment="a one-time password is set")
    one_time_until: Mapped[datetime | None] = mapped_column(
        comment="when an unused one-time password ends"
    )
    locked: Mapped[bool] = mapped_column(comment="by an administrator")
    created_at: Mapped[datetime]


class SignIn(Base):
    """A session: a token that was given out, known here by its hash only."""

    __tablename__ = "session"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True, comment="SHA-256")
    account_id: Mapped[UUID] = mapped_column(ForeignKey(Account.id), index=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime] = mapped_column(comment="to the minute: it ends when idle too long")
    ends_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]
    address: Mapped[str] = mapped_column(String(60))
    user_agent: Mapped[str] = mapped_column(String(200))

    account: Mapped[Account] = relationship(lazy="raise")


class Device(Versioned, Base):
    """A scanner with a key of its own, known here by its hash only."""

    __tablename__ = "device"

    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    scope: Mapped[str] = mapped_column(String(20))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True, comment="SHA-256")
    enrolled_by: Mapped[str] = mapped_column(String(80))
    enrolled_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class FailedSignIns(Base):
    """How often signing in failed lately, by name (known or not), by address, by both."""

    __tablename__ = "failed_sign_ins"
    __table_args__ = (Index("ix_failed_sign_ins_last_at", "last_at"),)

    subject: Mapped[str] = mapped_column(
        String(80), primary_key=True, comment="'name:' or 'place:' and a hash, or 'address:'"
    )
    failures: Mapped[int] = mapped_column(Integer)
    last_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None]

    NAME: ClassVar[str] = "name"
    ADDRESS: ClassVar[str] = "address"
    PLACE: ClassVar[str] = "place"


class Attachment(Base):
    """A file that somebody sent in for a purpose; its bytes lie under its hash."""

    __tablename__ = "attachment"
    __table_args__ = (
        Index(
            "uq_attachment_same",
            "hash",
            text("coalesce(order_number, '')"),
            "purpose",
            "uploaded_by",
            unique=True,
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), index=True, comment="SHA-256 of the bytes")
    name: Mapped[str] = mapped_column(String(100), comment="made safe, not as sent")
    size: Mapped[int] = mapped_column(Integer, comment="bytes")
    media_type: Mapped[str] = mapped_column(String(40), comment="found in the content")
    purpose: Mapped[str] = mapped_column(String(20))
    order_number: Mapped[str | None] = mapped_column(String(30), index=True)
    uploaded_by: Mapped[str] = mapped_column(String(80))
    uploaded_by_name: Mapped[str] = mapped_column(String(120))
    uploaded_at: Mapped[datetime]


def open_store(url: str, *, pool_size: int = 16) -> Store:
    """Give the gateway's database as this process sees it."""
    return Store(
        service="gateway", url=url, platform=platform, events={}, rules=RULES, pool_size=pool_size
    )


# Accounts ------------------------------------------------------------------------------------


def find_account(session: Session, username: str) -> Account | None:
    """Give the account, or None: signing in takes as long for a name that nobody has."""
    return session.scalar(select(Account).where(Account.username == username.lower()))


def get_account(session: Session, username: str, *, to_change: bool = False) -> Account:
    """Give the account, locked if it is to be changed. Raises AccountNotFound."""
    query = select(Account).where(Account.username == username.lower())
    account = session.scalar(query.with_for_update() if to_change else query)
    if account is None:
        raise AccountNotFound(username=username)
    return account


def add_account(session: Session, account: Account) -> None:
    """Store a new account. Raises AccountExists."""
    taken = session.scalar(
        select(Account.username).where(
            (Account.username == account.username) | (Account.person_id == account.person_id)
        )
    )
    if taken is not None:
        raise AccountExists(username=taken)
    session.add(account)
    session.flush()


def list_accounts(session: Session, *, after: str, limit: int) -> Sequence[Account]:
    query = select(Account).where(Account.username > after).order_by(Account.username)
    return session.scalars(query.limit(limit)).all()


def other_administrators(
    session: Session, account_id: UUID, now: datetime, *, to_rely_on: bool = False
) -> bool:
    """Whether somebody but this account can sign in and manage accounts.

    To rely on it the rows are locked: two administrators cannot lock each other out at once.
    """
    query = select(Account.id).where(
        Account.id != account_id,
        Account.roles.contains(["admin"]),
        Account.locked.is_(False),
        or_(Account.one_time_until.is_(None), Account.one_time_until > now),
    )
    return bool(session.scalars(query.with_for_update() if to_rely_on else query).all())


def name_in_role(session: Session, person_id: str, role: str) -> str | None:
    """Give the name of a person with an account that is not locked, with a role."""
    found = select(Account.display_name).where(
        Account.person_id == person_id,
        Account.roles.contains([role]),
        Account.locked.is_(False),
    )
    return session.scalar(found)


# Sessions ------------------------------------------------------------------------------------

_SIGNED_IN = select(
    SignIn.used_at,
    SignIn.ends_at,
    SignIn.revoked_at,
    Account.id.label("account_id"),
    Account.username,
    Account.display_name,
    Account.person_id,
    Account.roles,
    Account.locked,
    Account.must_change_password,
    Account.password_changed_at,
).join(Account, SignIn.account_id == Account.id)


def find_session(session: Session, token_hash: str) -> Any:
    """Give the session with its account as one row, or None."""
    return session.execute(_SIGNED_IN.where(SignIn.token_hash == token_hash)).one_or_none()


def has_signed_in_from(session: Session, account_id: UUID, address: str) -> bool:
    """Whether the account had a session from this address, as far back as sessions are kept."""
    found = select(SignIn.token_hash).where(
        SignIn.account_id == account_id, SignIn.address == address
    )
    return session.scalar(found.limit(1)) is not None


def addresses_of(session: Session, account_id: UUID) -> Sequence[str]:
    """Give the addresses from which the account had sessions."""
    query = select(SignIn.address).where(SignIn.account_id == account_id).distinct()
    return session.scalars(query).all()


def mark_session_used(session: Session, token_hash: str, now: datetime) -> None:
    session.execute(
        update(SignIn)
        .where(SignIn.token_hash == token_hash, SignIn.used_at < now)
        .values(used_at=now)
    )


def end_session(session: Session, token_hash: str, now: datetime) -> None:
    session.execute(
        update(SignIn)
        .where(SignIn.token_hash == token_hash, SignIn.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def end_sessions(
    session: Session, account_id: UUID, now: datetime, *, but: str | None = None
) -> int:
    """End all sessions of an account, but the one whose token's hash is given; says how many."""
    result = session.execute(
        update(SignIn)
        .where(
            SignIn.account_id == account_id,
            SignIn.revoked_at.is_(None),
            SignIn.ends_at > now,
            SignIn.token_hash != (but or ""),
        )
        .values(revoked_at=now)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def purge(session: Session, now: datetime, *, kept: timedelta) -> int:
    """Delete what has been over for so long: sessions, answers kept for keys, failures."""
    commands = platform.commands
    sizes = [
        session.execute(statement).rowcount  # type: ignore[attr-defined]
        for statement in (
            delete(SignIn).where(SignIn.ends_at < now - kept),
            delete(commands).where(commands.c.created_at < now - kept),
            delete(FailedSignIns).where(FailedSignIns.last_at < now - kept),
        )
    ]
    return sum(sizes)


# Failed sign-ins -----------------------------------------------------------------------------


def blocked_until(session: Session, subjects: Sequence[str]) -> datetime | None:
    """Give the latest moment until which one of the subjects is blocked."""
    return session.scalar(
        select(func.max(FailedSignIns.blocked_until)).where(FailedSignIns.subject.in_(subjects))
    )


def count_failure(session: Session, subject: str, now: datetime, *, forget_before: datetime) -> int:
    """Count one more failure of a subject and give how many there are now.

    One statement: two wrong guesses at once are two.
    """
    table = FailedSignIns.__table__
    adding = insert(FailedSignIns).values(subject=subject, failures=1, last_at=now)
    counting = adding.on_conflict_do_update(
        index_elements=["subject"],
        set_={
            # The row as it is when its lock is held, not as the statement's snapshot saw it.
            "failures": case((table.c.last_at >= forget_before, table.c.failures + 1), else_=1),
            "last_at": now,
        },
    )
    return int(session.execute(counting.returning(FailedSignIns.failures)).scalar_one())


def block(session: Session, subject: str, until: datetime) -> None:
    session.execute(
        update(FailedSignIns).where(FailedSignIns.subject == subject).values(blocked_until=until)
    )


def forget_failures(session: Session, subject: str) -> None:
    session.execute(delete(FailedSignIns).where(FailedSignIns.subject == subject))


# Devices -------------------------------------------------------------------------------------


def find_device_by_key(session: Session, key_hash: str) -> Device | None:
    return session.scalar(select(Device).where(Device.key_hash == key_hash))


def get_device(session: Session, code: str, *, to_change: bool = False) -> Device:
    """Give the device, locked if it is to be changed. Raises DeviceNotFound."""
    query = select(Device).where(Device.code == code)
    device = session.scalar(query.with_for_update() if to_change else query)
    if device is None:
        raise DeviceNotFound(code=code)
    return device


def add_device(session: Session, device: Device) -> None:
    """Store a new device. Raises DeviceExists."""
    if session.scalar(select(Device.code).where(Device.code == device.code)) is not None:
        raise DeviceExists(code=device.code)
    session.add(device)
    session.flush()


def list_devices(session: Session, *, after: str, limit: int) -> Sequence[Device]:
    query = select(Device).where(Device.code > after).order_by(Device.code)
    return session.scalars(query.limit(limit)).all()


def mark_device_used(session: Session, device_id: UUID, now: datetime) -> None:
    # Not through the mapping: being used is no change that a reader's version should see.
    session.execute(
        update(Device.__table__).where(Device.__table__.c.id == device_id).values(used_at=now)  # type: ignore[arg-type]
    )


# Attachments ---------------------------------------------------------------------------------


def add_attachment(session: Session, attachment: Attachment) -> Attachment:
    """Store a file's row, or give the one that says the same already."""
    table = Attachment.__table__
    facts = {column.name: getattr(attachment, column.name) for column in table.c}
    del facts["id"]
    session.execute(insert(Attachment).values(**facts).on_conflict_do_nothing())
    return session.scalars(
        select(Attachment).where(
            Attachment.hash == attachment.hash,
            Attachment.order_number.is_not_distinct_from(attachment.order_number),
            Attachment.purpose == attachment.purpose,
            Attachment.uploaded_by == attachment.uploaded_by,
        )
    ).one()


def known_contents(session: Session, hashes: Sequence[str]) -> set[str]:
    """Give those of the hashes of which somebody has sent in a file."""
    query = select(Attachment.hash).where(Attachment.hash.in_(hashes)).distinct()
    return set(session.scalars(query))


def attachments_of(session: Session, content_hash: str) -> Sequence[Attachment]:
    """Give the rows of a content, the latest first, as many as are worth asking about."""
    query = select(Attachment).where(Attachment.hash == content_hash)
    return session.scalars(query.order_by(Attachment.id.desc()).limit(50)).all()


def attachments_of_order(
    session: Session, order_number: str, *, limit: int
) -> Sequence[Attachment]:
    query = select(Attachment).where(Attachment.order_number == order_number)
    return session.scalars(query.order_by(Attachment.id.desc()).limit(limit)).all()


# Settings ------------------------------------------------------------------------------------


def store_setting(session: Session, key: str, value: Any, *, by: str, now: datetime) -> None:
    values = {"value": value, "changed_at": now, "changed_by": by}
    session.execute(
        insert(platform.settings)
        .values(key=key, **values)
        .on_conflict_do_update(index_elements=["key"], set_=values)
    )


# The audit log -------------------------------------------------------------------------------


def list_audit(
    session: Session, *, after: str | None, limit: int, entity_type: str | None
) -> Sequence[Row[Any]]:
    """Give entries of the log, newest first. Raises InvalidFields for a cursor not of ours."""
    log = platform.changes
    query = select(log).order_by(log.c.id.desc()).limit(limit)
    if after is not None:
        if not re.fullmatch(r"[0-9]{1,18}", after):
            raise InvalidFields({"after": ["Not a cursor of this list."]})
        query = query.where(log.c.id < int(after))
    if entity_type is not None:
        query = query.where(log.c.entity_type == entity_type)
    return session.execute(query).all()
