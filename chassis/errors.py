"""The families of refusals that a caller can act on, and their form on the wire.

    GendanError
    ├── NotFound      it does not exist, or is not yours to see        HTTP 404
    ├── Conflict      it exists, but not in a state that allows this   HTTP 409
    ├── Invalid       the request itself is wrong                      HTTP 422
    ├── Forbidden     this person or role may not do it                HTTP 403
    └── Unavailable   ask again later with the same key                HTTP 503

A concrete error is a subclass with a stable ``code`` and a sentence in English and in
Chinese, raised with the facts it speaks of: ``raise OrderNotFound(order_number="D…")``.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from chassis.chinese import in_chinese


def plain(value: Any) -> Any:
    """Give `value` with only what JSON knows: decimals, ids and dates become strings."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        # A plain str also of a StrEnum, whose repr would otherwise leak into messages.
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [plain(item) for item in items]
    return str(value)


class GendanError(Exception):
    """A foreseen refusal; `details` are the facts its sentences speak of, JSON-able."""

    family: ClassVar[str] = "Bug"
    code: str = "internal_error"
    en: str = "Something went wrong on our side."
    zh: str = "系统内部出错。"

    def __init__(self, **details: Any) -> None:
        self.details: dict[str, Any] = plain(details)
        super().__init__(self.message)

    @property
    def message(self) -> str:
        return self.en.format_map(_Facts(self.details))

    @property
    def message_zh(self) -> str:
        return self.zh.format_map(_ChineseFacts(self.details))

    @property
    def told(self) -> dict[str, str]:
        """What people and their programs are told of it: code, message, message_zh."""
        return {"code": self.code, "message": self.message, "message_zh": self.message_zh}

    def to_wire(self) -> dict[str, Any]:
        """Give the error as it crosses the bus: family, code, message, message_zh, details."""
        return {"family": self.family, **self.told, "details": self.details}


class _Facts(dict[str, Any]):
    """Facts of a sentence; a missing one shows as a question mark, never as a second error."""

    def __missing__(self, key: str) -> str:
        return "?"


# Names that people give to people, by which they stand also where they are words of ours.
_GIVEN_NAMES = frozenset({"username", "person_id"})


class _ChineseFacts(_Facts):
    """Facts by their Chinese names; of `why`, `why_zh` is taken where it is given."""

    def __getitem__(self, key: str) -> Any:
        if key in _GIVEN_NAMES:
            return super().__getitem__(key)
        in_words = f"{key}_zh"
        return super().__getitem__(in_words) if in_words in self else in_chinese(self.get(key, "?"))


class NotFound(GendanError):
    """What was asked for does not exist, or the asker may not know that it does."""

    family = "NotFound"
    code = "not_found"
    en = "Not found."
    zh = "未找到。"


class Conflict(GendanError):
    """The thing exists, but its present state does not allow what was asked."""

    family = "Conflict"
    code = "conflict"
    en = "The present state does not allow this."
    zh = "当前状态不允许此操作。"


class Invalid(GendanError):
    """The request itself is wrong, whatever the state."""

    family = "Invalid"
    code = "invalid"
    en = "The request is not valid."
    zh = "请求内容不正确。"


class Forbidden(GendanError):
    """The person who asks may not do it."""

    family = "Forbidden"
    code = "forbidden"
    en = "You may not do this."
    zh = "您无权进行此操作。"


class Unavailable(GendanError):
    """The outcome is unknown or the work was not begun; ask again with the same key."""

    family = "Unavailable"
    code = "unavailable"
    en = "The service cannot answer now; try again with the same key."
    zh = "服务暂时不可用，请用同一键值重试。"


class StaleVersion(Conflict):
    """Somebody else changed the thing since it was read."""

    code = "stale_version"
    en = "{entity} was changed by somebody else (now version {version}); read it again."
    zh = "{entity} 已被他人修改（现版本 {version}），请重新读取。"


def guard_version(entity: str, version: int, expected: int | None) -> None:
    """Raise StaleVersion where the caller has read another version; None: he has not said."""
    if expected is not None and expected != version:
        raise StaleVersion(entity=entity, version=version)


class InvalidFields(Invalid):
    """Fields of a request are missing or wrong; `details["fields"]` names each with its reasons."""

    code = "invalid_fields"
    en = "Some fields are missing or wrong: {names}."
    zh = "以下字段缺失或不正确：{names}。"

    def __init__(self, fields: Mapping[str, Any]) -> None:
        super().__init__(names=", ".join(sorted(map(str, fields))), fields=fields)


class RoleNeeded(Forbidden):
    """A rule of the domain wants another role than the person's."""

    code = "role_needed"
    en = "This needs one of the roles: {roles}."
    zh = "此操作需要以下角色之一：{roles}。"


FAMILIES: dict[str, type[GendanError]] = {
    family.family: family for family in (NotFound, Conflict, Invalid, Forbidden, Unavailable)
}


def from_wire(wire: Mapping[str, Any]) -> GendanError:
    """Rebuild an error that crossed the bus as an instance of its family.

    The code, sentences and details are the sender's; an unknown family is a bug of ours.
    """
    family = FAMILIES.get(str(wire.get("family")), GendanError)
    error = family.__new__(family)
    error.details = dict(wire.get("details") or {})
    error.code = str(wire.get("code", family.code))
    # Braces in the sender's finished sentences are text here, not fields to fill in.
    error.en = str(wire.get("message", family.en)).replace("{", "{{").replace("}", "}}")
    error.zh = str(wire.get("message_zh", family.zh)).replace("{", "{{").replace("}", "}}")
    Exception.__init__(error, error.message)
    return error
