"""Grades proposed from figures; people decide (SPEC §4)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from chassis.database import Work
from chassis.errors import plain
from services.customers.domain import rules
from services.customers.domain.aging import days_paid_late, longest_overdue
from services.customers.domain.grade import Grade
from services.customers.storage import credit as storage
from services.customers.storage import customers as customer_storage
from services.customers.use_cases.credit import owed_by

YEAR = timedelta(days=365)


def propose_grade(work: Work, customer_code: str) -> dict[str, Any]:
    """Give the grade that a year's turnover, lateness and returns propose, with the figures.

    Late is what is overdue now, and what was paid late within the year.
    """
    found = customer_storage.plain_by_code(work.session, customer_code, work.principal)
    customer, account, _ = storage.account(work.session, found.id, work.today)
    since = work.today - YEAR
    turnover, refunded = storage.figures(work.session, customer.id, since)
    days_late = max(
        longest_overdue(owed_by(work, account)),
        days_paid_late(*storage.paid_since(work.session, customer.id, since), since),
    )
    proposed = _proposed(work, turnover, refunded, days_late)
    figures = {"turnover": turnover, "refunded": refunded, "days_late": days_late}
    return {
        "customer_code": customer.code,
        "grade": customer.grade,
        "proposed": proposed,
        "differs": proposed is not customer.grade,
        **plain(figures),
    }


def _proposed(work: Work, turnover: Decimal, refunded: Decimal, days_late: int) -> Grade:
    returned = refunded * 100 / turnover if turnover else Decimal(0)
    if days_late >= work.setting(rules.PROPOSE_C_LATE_DAYS):
        return Grade.C
    if returned >= work.setting(rules.PROPOSE_C_RETURN_PERCENT):
        return Grade.C
    punctual = days_late <= work.setting(rules.PROPOSE_A_LATE_DAYS)
    if turnover >= work.setting(rules.PROPOSE_A_TURNOVER) and punctual:
        return Grade.A
    return Grade.B if turnover >= work.setting(rules.PROPOSE_B_TURNOVER) else Grade.C
