"""The numbers of the business that after-sales owns, with their defaults (SPEC §5, §8)."""

from chassis.calendar import CALENDAR
from chassis.policy import Rule, rules
from services.aftersales.domain.lifecycle import CaseState

RULES = rules(
    Rule("first_answer_hours", 24, "a case is acknowledged in hours of working days", 1, 240),
    Rule("case_decided_days", 2, "a case is decided, working days after its opening", 1, 240),
    Rule(
        "case_told_days",
        3,
        "the customer is told where goods go, or why not, working days after the opening",
        1,
        240,
    ),
    Rule("case_received_days", 10, "goods come back, working days after a case's opening", 1, 240),
    Rule("case_inspected_days", 12, "and are inspected, working days after its opening", 1, 240),
    Rule("case_settled_days", 15, "a case is settled, working days after its opening", 1, 240),
    Rule("case_closed_days", 16, "a settled case is closed, working days after opening", 1, 240),
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

# By which setting the next step of a case is due that waits in a state. All count from the
# opening: a customer waits since then, and the longest open in a state is the first that is due.
# The first answer has its own time, `answer_due_at`.
CASE_DUE_BY = {
    CaseState.ACKNOWLEDGED: "case_decided_days",
    CaseState.AUTHORISED: "case_told_days",
    CaseState.REJECTED: "case_told_days",
    CaseState.AWAITING_GOODS: "case_received_days",
    CaseState.RECEIVED: "case_inspected_days",
    CaseState.INSPECTED: "case_settled_days",
    CaseState.SETTLED: "case_closed_days",
}
