"""Why something in force was changed: the short list, beside which stand free words (SPEC §2)."""

from enum import StrEnum

from chassis.errors import Invalid


class Reason(StrEnum):
    """Who or what gave rise to a change."""

    CUSTOMER_REQUEST = "customer_request"
    CORRECTION = "correction"
    STOCK = "stock"
    PRODUCTION = "production"
    LOGISTICS = "logistics"
    PAYMENT = "payment"
    PRICE = "price"
    OTHER = "other"


REASONS = tuple(reason.value for reason in Reason)


class WhyMissing(Invalid):
    """A change to something in force says why."""

    code = "why_missing"
    en = "This change needs a reason, one of: {allowed}."
    zh = "此更改需要说明原因，可选：{allowed}。"

    def __init__(self) -> None:
        super().__init__(allowed=", ".join(REASONS))
