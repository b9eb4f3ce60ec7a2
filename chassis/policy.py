"""The business's own numbers: settings with a default, kept as data, changed through the API.

A service declares its rules (`RULES = rules(Rule(...), ...)`), reads one with
`work.setting(key)` and offers `list_settings` and `change_setting` (commands.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Column, MetaData, String, Table
from sqlalchemy.dialects.postgresql import JSONB

from chassis.errors import Invalid, NotFound, plain
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


# Beyond these no rule of a business goes, whatever else it allows.
LARGEST_NUMBER = 10**13
MOST_DECIMALS = 12
MOST_CHARACTERS = 200
MOST_ENTRIES = 60

_KINDS: Mapping[type, tuple[str, str]] = {
    bool: ("true or false", "true 或 false"),
    int: ("a whole number", "整数"),
    Decimal: ("a number", "数值"),
    str: ("text", "文本"),
    list: ("a list of whole numbers", "整数列表"),
    dict: ("an object", "对象"),
}


@dataclass(frozen=True)
class Rule:
    """One number (or short list) of the business, with its default and its bounds.

    `default`'s type is the setting's: int, Decimal, str, bool, a list of numbers (each within
    the bounds) or a JSON object, of which `fits` says whether it will do.
    """

    key: str
    default: Any
    meaning: str
    least: Any = None
    most: Any = None
    choices: tuple[str, ...] = ()
    fits: Callable[[Any], bool] = lambda _: True
    form: str = ""

    def parsed(self, value: Any) -> Any:
        """Give `value` (as JSON brings it) in the rule's type. Raises SettingNotAllowed."""
        number = self.stored(value)
        if not self._is_within_bounds(number):
            raise self._refusal(value)
        return number

    def stored(self, value: Any) -> Any:
        """Give a value from the table in the rule's type.

        Its bounds are those of the release that took it: one beside it, or one that went back,
        may have narrower ones. Raises SettingNotAllowed if the type is another.
        """
        try:
            return self._typed(value)
        except (TypeError, ValueError, InvalidOperation):
            raise self._refusal(value) from None

    def _is_within_bounds(self, value: Any) -> bool:
        if isinstance(value, list):
            numbers = [self._is_a_number(each) and self._holds(each) for each in value]
            return len(value) <= MOST_ENTRIES and all(numbers)
        if isinstance(value, str) and len(value) > MOST_CHARACTERS:
            return False
        return self._holds(value) and (not self.choices or value in self.choices)

    def _holds(self, value: Any) -> bool:
        is_number = self._is_a_number(value)
        return (
            (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (not is_number or abs(value) <= LARGEST_NUMBER)
            and self.fits(value)
        )

    @staticmethod
    def _is_a_number(value: Any) -> bool:
        return isinstance(value, int | Decimal) and not isinstance(value, bool)

    def _typed(self, value: Any) -> Any:
        kind = type(self.default)
        if kind is Decimal:
            if isinstance(value, bool):
                raise TypeError
            number = Decimal(str(value))
            exponent = number.as_tuple().exponent
            # Not finite, or written out longer than it was sent, or than anybody could read.
            if not isinstance(exponent, int) or not -MOST_DECIMALS <= exponent <= MOST_DECIMALS:
                raise ValueError
            return number
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise TypeError
        return value

    def _refusal(self, value: Any) -> SettingNotAllowed:
        en, zh = _KINDS[type(self.default)]
        allowed, allowed_zh = [en], [zh]

        def allow(words: str, words_zh: str) -> None:
            allowed.append(words)
            allowed_zh.append(words_zh)

        if isinstance(self.default, Decimal):
            allow(f"at most {MOST_DECIMALS} decimals", f"最多 {MOST_DECIMALS} 位小数")
        if self.least is not None:
            allow(f"at least {self.least}", f"最小 {self.least}")
        if self.most is not None:
            allow(f"at most {self.most}", f"最大 {self.most}")
        if self.choices:
            allow("one of " + ", ".join(self.choices), "可选 " + "、".join(self.choices))
        if self.form:
            allow(self.form, self.form)
        return SettingNotAllowed(
            key=self.key,
            value=str(value)[:MOST_CHARACTERS],
            allowed=", ".join(allowed),
            allowed_zh="，".join(allowed_zh),
        )


def rules(*declared: Rule) -> Mapping[str, Rule]:
    """Give the declared rules by key."""
    return {rule.key: rule for rule in declared}


def shown(declared: Mapping[str, Rule], setting: Callable[[str], Any]) -> list[dict[str, Any]]:
    """Give all numbers as people see them: what each is now, its default and its bounds."""
    return [
        {
            "key": rule.key,
            "value": plain(setting(rule.key)),
            "default": plain(rule.default),
            "meaning": rule.meaning,
            "least": plain(rule.least),
            "most": plain(rule.most),
            "choices": list(rule.choices),
        }
        for rule in declared.values()
    ]


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
