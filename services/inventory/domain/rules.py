"""Inventory's numbers of the business, kept as data and changed through the API."""

from chassis.calendar import CALENDAR
from chassis.policy import Rule, rules

RULES = rules(
    Rule(
        "shipping_store",
        "MAIN",
        "code of the store that orders are reserved in and shipped from",
    ),
    CALENDAR,
)
