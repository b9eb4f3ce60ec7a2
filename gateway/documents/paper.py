"""Renders a paper from a service's view; what it prints is escaped, whoever wrote it."""

import re
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import barcode
from barcode.writer import SVGWriter
from jinja2 import ChainableUndefined, Environment, PackageLoader
from markupsafe import Markup

from chassis.clock import BUSINESS_ZONE, business_date
from chassis.money import capitals

# Millimetres; readable from a desk's hand scanner on an office printer.
_BARS = {
    "module_width": 0.25,
    "module_height": 9.0,
    "quiet_zone": 2.0,
    "font_size": 8,
    "text_distance": 3.5,
}
_PRINTED_NUMBER = re.compile(r"[0-9A-Za-z-]{1,40}")

WORDS = {
    "pickup_at_depot": "货站自提",
    "door": "送货上门",
    "own_vehicle": "自有车辆",
    "courier": "快递",
    "normal": "普通",
    "urgent": "加急",
    "stock": "现货",
    "make": "订做",
    "account": "账期",
    "deposit_and_balance": "定金加余款",
    "prepaid": "款到发货",
    "day": "白班",
    "night": "夜班",
}


def render(paper: str, *, company: str, **facts: Any) -> str:
    """Give the HTML page of `paper`, the name of a template."""
    return _environment().get_template(f"{paper}.html.j2").render(company=company, **facts)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("gateway.documents"),
        autoescape=True,
        # A field that a service leaves out, or empty, is a blank on the paper.
        undefined=ChainableUndefined,
        finalize=lambda value: "" if value is None else value,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "amount": amount,
        "quantity": quantity,
        "price": price,
        "percent": percent,
        "moment": moment,
        "day": day,
        "capitals": in_capitals,
        "word": lambda value: WORDS.get(str(value), value or ""),
        "bars": bars,
    }
    return environment


def amount(value: Any) -> str:
    """Write yuan with thousands apart."""
    return f"{Decimal(value):,.2f}" if value else ""


def price(value: Any) -> str:
    """Write a unit price with the decimals it needs, two at least."""
    if not value:
        return ""
    text = f"{Decimal(value):,.6f}".rstrip("0")
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals:0<2}"


def percent(value: Any) -> str:
    """Write a share in hundredths with the decimals it needs."""
    return f"{Decimal(value).normalize():f}" if value else ""


def quantity(value: Any, decimals: Any = 0) -> str:
    """Write a quantity with its product's decimals."""
    if value in (None, ""):
        return ""
    places = decimals if isinstance(decimals, int) else 0
    number = Decimal(value)
    # More than the unit has must be seen, not rounded away.
    if number != round(number, places):
        return f"{number.normalize():,f}"
    return f"{number:,.{places}f}"


def moment(value: Any) -> str:
    """Write a moment in the business's zone, to the minute."""
    if not value:
        return ""
    return f"{datetime.fromisoformat(value).astimezone(BUSINESS_ZONE):%Y-%m-%d %H:%M}"


def day(value: Any) -> str:
    """Write a date as on Chinese papers; of a moment the day it had in the business's zone."""
    if not value:
        return ""
    text = str(value)
    if len(text) > len("2026-11-28"):
        text = business_date(datetime.fromisoformat(text)).isoformat()
    parsed = date.fromisoformat(text)
    return f"{parsed.year}年{parsed.month}月{parsed.day}日"


def in_capitals(value: Any) -> str:
    """Write an amount in capitals (大写金额)."""
    return capitals(Decimal(value)) if value else ""


def bars(number: Any) -> Markup:
    """Draw a number as Code 128; none for what can be no number of ours."""
    text = str(number or "")
    if not _PRINTED_NUMBER.fullmatch(text):
        return Markup("")
    drawn = barcode.get("code128", text, writer=SVGWriter()).render(_BARS).decode()
    # Inside a page it needs no prologue. It is drawn from letters, digits and dashes alone.
    return Markup(drawn[drawn.index("<svg") :])  # noqa: S704
