"""The numbers of the business that orders own, with their defaults (SPEC §5)."""

from decimal import Decimal

from chassis.calendar import CALENDAR
from chassis.policy import Rule, rules

RULES = rules(
    Rule("confirmation_unsigned_days", 14, "unsigned confirmation expires after days", 1, 365),
    Rule("draft_holds_days", 7, "an untouched draft's holds are freed after days", 1, 365),
    Rule("slide_in_working_days", False, "count the slide in working instead of calendar days"),
    Rule("return_owed_working_days", 3, "grade A's sign-back is owed within working days", 0, 60),
    Rule(
        "director_approves_above",
        Decimal("50000.00"),
        "orders above this total are approved by the director, yuan",
        Decimal(0),
    ),
    Rule(
        "director_approves_off_percent",
        Decimal(10),
        "orders more than this off the scheme's total are approved by the director, percent",
        Decimal(0),
        Decimal(100),
    ),
    Rule("escalation_working_hours", 4, "an anomaly goes a step up after working hours", 1, 80),
    Rule("urgent_escalation_working_hours", 1, "an urgent one", 1, 80),
    Rule(
        "first_reply_minutes",
        15,
        "a request in writing is first answered within working minutes",
        1,
        480,
    ),
    Rule(
        "instant_reply_minutes",
        1,
        "an instant message is first answered within working minutes",
        1,
        480,
    ),
    Rule(
        "confirmation_hours",
        4,
        "from memo to confirmation sent (made: to the last statement), working hours",
        1,
        80,
    ),
    Rule("missing_fields_hours", 4, "missing fields are asked for within working hours", 1, 80),
    Rule(
        "received_clearly_hours",
        4,
        "a confirmation's clear receipt is asked for within working hours",
        1,
        80,
    ),
    Rule("paper_owed_working_days", 1, "an oral order's paper is owed within working days", 0, 60),
    CALENDAR,
)
