"""Fields that several of inventory's messages share."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from chassis.schema import CODE, Message, Price, Quantity, Text, dump


class Code(Text):
    """A code given by people: capital letters, digits and hyphens."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(most=20, least=1, **kwargs)
        self.validators.append(CODE)


class PerUnit(Price):
    """Material in one unit of product; as many decimals as a unit price."""


class Why(Message):
    """Why something in force changes."""

    reason = Text(load_default=None, allow_none=True, most=60)
    note = Text(load_default=None, allow_none=True, most=1000)


class Expected(Message):
    """The version the caller has read."""

    expected_version = fields.Integer(load_default=None, allow_none=True)


class BookedByHand(Why):
    """A booking by hand: by how much, or what was counted; one of the two."""

    change = Quantity(load_default=None, allow_none=True)
    counted = Quantity(load_default=None, allow_none=True, least=0)
    opening = fields.Boolean(load_default=False)

    @validates_schema
    def _one_of(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if (data.get("change") is None) == (data.get("counted") is None):
            raise ValidationError("Give either change or counted.", "change")


def page_of(item: type[Schema] | Schema, page: Any) -> dict[str, Any]:
    """Dump a page of a list."""
    if isinstance(item, type):
        return {"items": dump(item, page.items, many=True), "next": page.next}
    return {"items": item.dump(page.items, many=True), "next": page.next}
