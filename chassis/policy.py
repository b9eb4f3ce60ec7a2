"""The business's own numbers: settings with a default, kept as data, changed through the API.

A service declares its rules (`RULES = rules(Rule(...), ...)`), reads one with
`work.setting(key)` and offers `list_settings` and `change_setting` (commands.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Column, MetaData, String, Table
from sqlalchemy.dialects.postgresql import JSONB

from chassis.errors import Invalid, NotFound
from chassis.mapping import MomentType


class SettingNotFound(NotFound):
    """No rule of that name is declared."""

    code = "setting_not_found"
    en = "There is no setting {key}."
    zh = "没有名为 {key} 的设置。"


class SettingNotAllowed(Invalid):
    """The value is not one the rule allows."""

    code = "setting_not_allowed"
    en = "{value} is not allowed for {key}: {allowed}."
    zh = "设置 {key} 不允许取值 {value}：{allowed}。"


@dataclass(frozen=True)
class Rule:
    """One number (or short list) of the business, with its default and its bounds.

    `default`'s type is the setting's: int, Decimal, str, bool or a JSON list or object.
    """

    key: str
    default: Any
    meaning: str
    least: Any = None
    most: Any = None
    choices: tuple[str, ...] = ()

    def parsed(self, value: Any) -> Any:
        """Give `value` (as JSON brings it) in the rule's type. Raises SettingNotAllowed."""
        try:
            number = self._typed(value)
        except (TypeError, ValueError, InvalidOperation):
            raise self._refusal(value) from None
        if self.least is not None and number < self.least:
            raise self._refusal(value)
        if self.most is not None and number > self.most:
            raise self._refusal(value)
        if self.choices and number not in self.choices:
            raise self._refusal(value)
        return number

    def _typed(self, value: Any) -> Any:
        kind = type(self.default)
        if kind is Decimal:
            if isinstance(value, bool):
                raise TypeError
            number = Decimal(str(value))
            if not number.is_finite():
                raise ValueError
            return number
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise TypeError
        return value

    def _refusal(self, value: Any) -> SettingNotAllowed:
        allowed = [f"type {type(self.default).__name__}"]
        if self.least is not None:
            allowed.append(f"at least {self.least}")
        if self.most is not None:
            allowed.append(f"at most {self.most}")
        if self.choices:
            allowed.append("one of " + ", ".join(self.choices))
        return SettingNotAllowed(key=self.key, value=str(value), allowed=", ".join(allowed))


def rules(*declared: Rule) -> Mapping[str, Rule]:
    """Give the declared rules by key."""
    return {rule.key: rule for rule in declared}


def table(metadata: MetaData) -> Table:
    """Declare the table of settings that differ from their default."""
    return Table(
        "setting",
        metadata,
        Column("key", String(80), primary_key=True),
        Column("value", JSONB, nullable=False),
        Column("changed_at", MomentType, nullable=False),
        Column("changed_by", String(80), nullable=False),
    )
