"""Withholds figures of money and credit from roles that may not ask for them by themselves.

An order carries both: the payment among its axes, and the credit gate, which stands in every
frozen confirmation too. A shipment carries what customers said of its release. They are known by
their shape, wherever they stand in an answer.
"""

from typing import Any

from chassis.principal import Principal
from gateway import permissions

MONEY, CREDIT = "payments.read", "credit.read"

#: What an order's payment says without a figure: how it stands.
_STANDING = ("standing", "deposit_met", "paid_in_full", "invoiced")
#: What a credit gate says of limit and exposure; its verdict stays.
_FIGURES = ("figures", "text", "text_zh")
#: What a release's verdict says without a figure of money or credit; its reason names both.
_RELEASE = ("allowed", "code", "grade", "terms", "paid_at")


def open_to(principal: Principal, answer: Any) -> Any:
    """Give an answer with the figures alone that the principal may read."""
    money, credit = (permissions.allows(principal, asked) for asked in (MONEY, CREDIT))
    return answer if money and credit else _open(answer, money=money, credit=credit)


def _open(value: Any, *, money: bool, credit: bool) -> Any:
    if isinstance(value, list):
        return [_open(item, money=money, credit=credit) for item in value]
    if not isinstance(value, dict):
        return value
    seen = {name: _open(item, money=money, credit=credit) for name, item in value.items()}
    axes = seen.get("axes")
    if not money and isinstance(axes, dict) and axes.get("payment"):
        payment = axes["payment"]
        axes["payment"] = {name: payment[name] for name in _STANDING if name in payment}
    verdict = seen.get("verdict")
    if isinstance(verdict, dict):
        seen["verdict"] = {name: verdict[name] for name in _RELEASE if name in verdict}
    if not credit and seen.get("kind") == "credit" and "verdict" in seen:
        seen |= {name: None for name in _FIGURES if name in seen}
    return seen
