"""Commands are done once: the answer is stored by its key in the change's own transaction.

A command's key belongs to the principal that sent it. The same key and body get the stored
answer, another body is refused, and a copy that arrives while the first still runs waits on
the row until that commits (or its own lock timeout passes). A refusal changes nothing and
stores nothing: asked again, the command is judged again.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import Schema, ValidationError
from sqlalchemy import Table, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm.exc import StaleDataError

from chassis import clock, faults
from chassis.database import Store, Work
from chassis.errors import Conflict, Invalid, InvalidFields, StaleVersion
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
    text = json.dumps([method, body], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


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
    checked = checked_key(key)
    table, digest = store.platform.commands, fingerprint(method, body)

    def once(work: Work) -> Any:
        fresh = work.session.execute(
            insert(table)
            .values(
                principal_id=principal.person_id,
                key=checked,
                body_hash=digest,
                created_at=clock.machine_now(),
            )
            .on_conflict_do_nothing()
        )
        if fresh.rowcount == 0:  # type: ignore[attr-defined]
            return _stored_answer(work, table, principal, checked, digest)
        work.key = checked
        answer = do(work)
        work.settle()
        work.session.execute(
            update(table)
            .where(table.c.principal_id == principal.person_id, table.c.key == checked)
            .values(answer={"is": answer})
        )
        faults.point("before_command_commit")
        return answer

    try:
        answer = store.transact(principal, once)
    except StaleDataError as error:
        raise StaleVersion(entity=method, version="?") from error
    faults.point("after_command_commit")
    return answer


def _stored_answer(work: Work, table: Table, principal: Principal, key: str, digest: str) -> Any:
    row = work.session.execute(
        select(table.c.body_hash, table.c.answer).where(
            table.c.principal_id == principal.person_id, table.c.key == key
        )
    ).one()
    if row.body_hash != digest:
        raise KeyReused(key=key)
    return row.answer["is"]
