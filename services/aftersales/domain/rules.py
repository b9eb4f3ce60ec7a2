"""The numbers of the business that after-sales owns, with their defaults (SPEC §5, §8)."""

from chassis.calendar import CALENDAR
from chassis.policy import Rule, rules

RULES = rules(
    Rule("first_answer_hours", 24, "a case is acknowledged in hours of working days", 1, 240),
    Rule("visit_days_after_dispatch", 2, "visit after dispatch, days", 1, 60),
    Rule("visit_days_after_receipt", 5, "visit after receipt, days", 1, 60),
    Rule(
        "new_customer_visit_days",
        [3, 7, 14, 21],
        "visits after a new customer's receipt, days",
        1,
        366,
    ),
    Rule("new_customer_orders", 1, "a customer is new up to so many delivered orders", 0, 100),
    Rule("regular_visit_days", 30, "a regular customer is visited every so many days", 1, 365),
    Rule("visits_a_day", 40, "how many visits a day's list holds", 1, 500),
    CALENDAR,
)
