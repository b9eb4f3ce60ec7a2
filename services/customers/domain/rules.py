"""The numbers of the business that this service keeps as data (SPEC §4)."""

from collections.abc import Iterator
from decimal import Decimal

from chassis.policy import Rule, rules
from services.customers.domain.grade import Grade, Terms

VAT_PERCENT = "vat_percent"
PAYMENT_DUE_HOURS = "payment_verification_hours"
NOTICE_DUE_HOURS = "notice_sending_hours"
NOTICE_PAYMENT_HOURS = "notice_payment_hours"
CONTRACT_DUE_HOURS = "contract_approval_hours"
PROPOSE_A_TURNOVER = "propose_grade_a_turnover"
PROPOSE_B_TURNOVER = "propose_grade_b_turnover"
PROPOSE_A_LATE_DAYS = "propose_grade_a_most_days_late"
PROPOSE_C_LATE_DAYS = "propose_grade_c_days_late"
PROPOSE_C_RETURN_PERCENT = "propose_grade_c_return_percent"

# SPEC §4's table: terms, instruction before the sign-back, deposit %, balance before dispatch,
# credit limit, credit stop when overdue by so many days, and the days a receivable has.
# The last is ours (the table is silent): where no contract says otherwise, due at dispatch.
_TABLE: dict[Grade, tuple[Terms, bool, str, bool, str, int, int]] = {
    Grade.A: (Terms.ACCOUNT, True, "0", False, "500000", 30, 0),
    Grade.B: (Terms.DEPOSIT_AND_BALANCE, False, "30", True, "100000", 15, 0),
    Grade.C: (Terms.PREPAID, False, "100", True, "0", 1, 0),
}


def _of_grade(grade: Grade) -> Iterator[Rule]:
    terms, early, deposit, balance, limit, stop, payment = _TABLE[grade]
    key = f"grade_{grade.lower()}_"
    yield Rule(
        key + "terms",
        str(terms),
        f"Payment terms of grade {grade} where the contract is silent.",
        choices=tuple(str(choice) for choice in Terms),
    )
    yield Rule(
        key + "instruction_before_sign_back",
        early,
        f"Whether grade {grade} gets its works instruction before the sign-back.",
    )
    yield Rule(
        key + "deposit_percent",
        Decimal(deposit),
        f"Deposit of grade {grade} before production, percent of the order.",
        least=0,
        most=100,
    )
    yield Rule(
        key + "balance_before_dispatch",
        balance,
        f"Whether grade {grade} pays the balance before dispatch.",
    )
    yield Rule(
        key + "credit_limit",
        Decimal(limit),
        f"Credit limit of grade {grade} unless set for the customer, yuan.",
        least=0,
        most=Decimal(9999999999),
    )
    yield Rule(
        key + "credit_stop_days",
        stop,
        f"Days overdue from which a customer of grade {grade} is on credit stop.",
        least=1,
        most=3650,
    )
    yield Rule(
        key + "payment_days",
        payment,
        f"Days after dispatch at which a receivable of grade {grade} is due.",
        least=0,
        most=365,
    )


RULES = rules(
    *(rule for grade in Grade for rule in _of_grade(grade)),
    Rule(VAT_PERCENT, Decimal(13), "VAT contained in prices, percent.", least=0, most=100),
    Rule(PAYMENT_DUE_HOURS, 4, "Hours finance has to verify a payment.", least=1, most=240),
    Rule(NOTICE_DUE_HOURS, 4, "Hours the clerk has to send a notice.", least=1, most=240),
    Rule(
        NOTICE_PAYMENT_HOURS,
        72,
        "Hours a customer has to pay what a notice asks for, from its first sending.",
        least=1,
        most=2400,
    ),
    Rule(CONTRACT_DUE_HOURS, 24, "Hours finance has for a contract.", least=1, most=240),
    Rule(
        PROPOSE_A_TURNOVER,
        Decimal(500_000),
        "Shipped value over 12 months from which grade A is proposed, yuan.",
        least=0,
    ),
    Rule(
        PROPOSE_B_TURNOVER,
        Decimal(50_000),
        "Shipped value over 12 months from which grade B is proposed, yuan.",
        least=0,
    ),
    Rule(PROPOSE_A_LATE_DAYS, 0, "Days late at most of who is proposed for A.", least=0),
    Rule(PROPOSE_C_LATE_DAYS, 30, "Days late from which grade C is proposed.", least=1),
    Rule(
        PROPOSE_C_RETURN_PERCENT,
        Decimal(10),
        "Refunds over shipped value from which grade C is proposed, percent.",
        least=0,
        most=100,
    ),
)
