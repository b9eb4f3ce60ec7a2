"""Commands are done once: the answer is stored by its key in the change's own transaction.

A command's key belongs to the principal that sent it. The same key and body get the stored
answer, another body is refused. The key is written last, with the answer: of two copies that run
at once the later one waits for what the first has locked, or for its key, and is undone. A
refusal changes nothing and stores nothing: asked again, the command is judged again.
"""

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import Schema, ValidationError
from sqlalchemy import Table, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError

from chassis import clock, faults
from chassis.database import Store, Work, is_unique_violation, sqlstate
from chassis.errors import Conflict, Invalid, InvalidFields, StaleVersion, Unavailable
from chassis.notation import as_json, to_hash
from chassis.principal import Principal

MAX_KEY_LENGTH = 120


class KeyMissing(Invalid):
    """A command came without its idempotency key."""

    code = "idempotency_key_missing"
    en = "A command needs an idempotency key of 1 to {most} characters."
    zh = "此操作需要 1 至 {most} 个字符的幂等键。"


class KeyReused(Conflict):
    """The key was used for another command or body."""

    code = "idempotency_key_reused"
    en = "The idempotency key {key} was used before for another request."
    zh = "幂等键 {key} 已用于另一请求。"


def fingerprint(method: str, body: Mapping[str, Any]) -> str:
    """Give the hash by which a repeated command is recognised."""
    return to_hash([method, body])


def checked_key(key: object) -> str:
    """Give `key` if it can be one. Raises KeyMissing."""
    if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY_LENGTH or "\x00" in key:
        raise KeyMissing(most=MAX_KEY_LENGTH)
    return key


def load(schema: Schema, body: object) -> Any:
    """Read a request by its schema. Raises InvalidFields naming each field and its reasons."""
    try:
        return schema.load({} if body is None else body)  # type: ignore[arg-type]
    except ValidationError as error:
        raise InvalidFields(_by_field(error)) from None


def _by_field(error: ValidationError) -> dict[str, Any]:
    messages = error.messages
    return messages if isinstance(messages, dict) else {"_schema": messages}


def run_command(
    store: Store,
    principal: Principal,
    key: object,
    method: str,
    body: Mapping[str, Any],
    do: Callable[[Work], Any],
) -> Any:
    """Do a command once and give its answer, also to those who ask again.

    Raises KeyMissing, KeyReused, StaleVersion, what `do` raises, or DatabaseUnavailable.
    """
    checked, digest = checked_key(key), fingerprint(method, body)
    # The gateway leads no conversations.
    conversations = getattr(store.platform, "conversations", None)
    keep = _KEEP if conversations is None else _KEEP_UNLESS_HELD
    overtaken = False

    def once(work: Work) -> Any:
        work.key = checked
        answer = do(work)
        faults.point("before_command_commit")
        work.conclude(
            keep,
            {
                "principal_id": principal.person_id,
                "key": checked,
                "body_hash": digest,
                "answer": as_json({"is": answer}),
                "created_at": clock.machine_now(),
            },
        )
        return answer

    while True:
        try:
            answer = store.transact(principal, once)
        except Unavailable:
            raise
        except Exception as error:
            # Done a second time a command fails on what it did the first time, at its key at last.
            known = _known(store, principal, checked)
            if known is not None:
                return _told_again(known, checked, digest)
            refuse_if_taken(store, conversations, principal, checked, error)
            if isinstance(error, StaleDataError):
                raise StaleVersion(entity=method, version="?") from error
            if not overtaken and is_unique_violation(error):
                # Somebody was faster with the same name: judged again, it is refused for that.
                overtaken = True
                continue
            raise
        faults.point("after_command_commit")
        return answer


_KEEP = """
insert into command (principal_id, key, body_hash, answer, created_at)
values (%(principal_id)s, %(key)s, %(body_hash)s, %(answer)s, %(created_at)s)"""
# It divides by nought where the key is a conversation's, so that the command does not stand.
_KEEP_UNLESS_HELD = f"""
with kept as ({_KEEP})
select 1 / (1 - count(*)) from conversation
where principal_id = %(principal_id)s and key = %(key)s"""  # noqa: S608  our own words
_DIVISION_BY_ZERO = "22012"


def refuse_if_taken(
    store: Store, others: Table | None, principal: Principal, key: str, error: Exception
) -> None:
    """Raise KeyReused where a key could not be kept because it stands among the `others`.

    Commands and conversations have tables of their own, and a person's keys are one's only.
    """
    if others is None or not isinstance(error, DBAPIError) or sqlstate(error) != _DIVISION_BY_ZERO:
        return
    query = select(others.c.key).where(
        others.c.principal_id == principal.person_id, others.c.key == key
    )
    if store.read(principal, lambda work: work.session.scalar(query)) is not None:
        raise KeyReused(key=key) from error


def _known(store: Store, principal: Principal, key: str) -> Any:
    table = store.platform.commands
    query = select(table.c.body_hash, table.c.answer).where(
        table.c.principal_id == principal.person_id, table.c.key == key
    )
    return store.read(principal, lambda work: work.session.execute(query).one_or_none())


def _told_again(known: Any, key: str, digest: str) -> Any:
    if known.body_hash != digest:
        raise KeyReused(key=key)
    return known.answer["is"]
