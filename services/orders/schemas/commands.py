"""Commands and questions in: what the gateway and others may ask of orders."""

from decimal import Decimal
from typing import Any

from marshmallow import fields, validate, validates_schema
from marshmallow.exceptions import ValidationError

from chassis.reasons import REASONS
from chassis.schema import (
    SCHEME_CODE,
    Amount,
    Identity,
    Message,
    Moment,
    PageRequest,
    Percent,
    Price,
    Quantity,
    Text,
    one_of,
)
from services.orders.domain.anomaly import AnomalyClass, Priority, Topic
from services.orders.domain.lifecycle import Stage

CHANNELS = ("phone", "fax", "visit", "sales", "email", "web", "app", "mini_program", "instant")
MOST_LINES = 200


def order_number() -> Text:
    return Text(required=True, least=1, most=30)


def version() -> fields.Integer:
    return fields.Integer(load_default=None, allow_none=True, validate=validate.Range(1))


class OnOrder(Message):
    """A command on one order."""

    order_number = order_number()
    expected_version = version()


class WithWhy(OnOrder):
    """A command on something submitted: it says why."""

    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    note = Text(load_default=None, allow_none=True, most=1000)


class OrderLineIn(Message):
    """One line as a clerk writes it; what is left out comes from product and scheme."""

    product_code = Text(required=True, least=1, most=20)
    spec = Text(load_default=None, allow_none=True, most=200)
    quantity = Quantity(required=True, above=0)
    unit_price = Price(load_default=None, allow_none=True, least=0)
    discount = Amount(load_default=None, allow_none=True, least=0)
    supply = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf(("stock", "make"))
    )
    tolerance_over = Percent(load_default=None, allow_none=True, least=0)
    tolerance_under = Percent(load_default=None, allow_none=True, least=0)
    packing = Text(load_default=None, allow_none=True, most=500)

    @validates_schema
    def _within_reason(self, data: dict[str, Any], **_: Any) -> None:
        for name in ("tolerance_over", "tolerance_under"):
            if data.get(name) is not None and data[name] > Decimal(100):
                raise ValidationError("Must be at most 100.", name)
        price, discount = data.get("unit_price"), data.get("discount")
        if price is not None and discount is not None and discount > price * data["quantity"]:
            raise ValidationError("Must not exceed the line's amount.", "discount")


class Consignee(Message):
    """Who gets the goods, where; what is not named stays as it is."""

    name = Text(allow_none=True, most=100)
    phone = Text(allow_none=True, most=40)
    address = Text(allow_none=True, most=300)


class Header(Message):
    """What a draft says beside its lines; every field may still be missing."""

    order_type = fields.String(validate=validate.OneOf(("ship", "service")))
    consignee = fields.Nested(Consignee)
    delivery_method = fields.String(
        validate=validate.OneOf(("pickup_at_depot", "door", "own_vehicle", "courier"))
    )
    urgency = fields.String(validate=validate.OneOf(("normal", "urgent")))
    customer_due = fields.Date()
    special_requirements = Text(most=2000)
    wish = Text(most=4000)
    reply_by = Moment(allow_none=True)
    paper_owed = fields.Boolean()


class Intake(Message):
    """How a request came in."""

    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    asked_by = Text(required=True, least=1, most=100)
    asked_at = Moment(load_default=None, allow_none=True)


class TakeMemo(Intake):
    """Write down what a customer asked for."""

    wish = Text(required=True, least=1, most=4000)
    reply_by = Moment(required=True)
    paper_owed = fields.Boolean(load_default=False)


class DraftOrder(OnOrder, Header):
    """Make a memo a draft: the customer is known."""

    customer_code = Text(required=True, least=1, most=20)
    lines = fields.List(
        fields.Nested(OrderLineIn), load_default=[], validate=validate.Length(max=MOST_LINES)
    )


class ChangeOrder(OnOrder, Header):
    """Edit a memo or draft; `lines`, if given, replace the present ones."""

    lines = fields.List(fields.Nested(OrderLineIn), validate=validate.Length(max=MOST_LINES))
    reason = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(REASONS))
    note = Text(load_default=None, allow_none=True, most=1000)


class CreateOrder(Intake, Header):
    """Memo and draft in one call, with `submit` also the submit."""

    customer_code = Text(required=True, least=1, most=20)
    lines = fields.List(
        fields.Nested(OrderLineIn), required=True, validate=validate.Length(1, MOST_LINES)
    )
    key_data_checked = fields.Boolean(load_default=False)
    submit = fields.Boolean(load_default=False)


class SubmitOrder(OnOrder):
    """Send a draft into review."""

    key_data_checked = fields.Boolean(load_default=False)


class CheckKeyData(OnOrder):
    """Say that the key data were compared once more."""


class SignApproval(OnOrder):
    """The superior's signed verdict."""

    verdict = fields.String(required=True, validate=validate.OneOf(("passed", "refused")))
    text = Text(required=True, least=1, most=1000)
    attachment = Text(load_default=None, allow_none=True, most=100)


class Override(WithWhy):
    """Let a price doubt or a lack of credit pass against the system."""

    text = Text(required=True, least=1, most=1000)


class RetryPrice(OnOrder):
    """Have the system judge the prices once more."""


class RetryCredit(OnOrder):
    """Ask customers for the credit once more."""


class SendConfirmation(OnOrder):
    """Record that the confirmation was sent, by whom it was read and how it arrived."""

    channel = fields.String(
        required=True, validate=validate.OneOf(("fax", "email", "hand", "post", "instant"))
    )
    recipient = Text(required=True, least=1, most=100)
    sent_at = Moment(load_default=None, allow_none=True)
    proof_read = fields.Boolean(required=True, validate=validate.Equal(True))
    received_clearly = fields.Boolean(load_default=False)
    note = Text(load_default=None, allow_none=True, most=1000)


class NoteReceived(OnOrder):
    """The customer said that he received the confirmation clearly."""

    note = Text(load_default=None, allow_none=True, most=1000)


class SignBackIn(OnOrder):
    """A returned copy of the confirmation."""

    confirmation_version = fields.Integer(required=True, validate=validate.Range(1))
    arrived_on = fields.Date(load_default=None, allow_none=True)
    channel = fields.String(
        required=True, validate=validate.OneOf(("fax", "email", "hand", "post", "instant"))
    )
    signatory = Text(load_default=None, allow_none=True, most=100)
    seal_code = Text(load_default=None, allow_none=True, most=40)
    attachment = Text(load_default=None, allow_none=True, most=100)


class VerifySignBack(SignBackIn):
    """The clerk's findings on a returned copy; all must be true for it to bind."""

    clear = fields.Boolean(required=True)
    unaltered = fields.Boolean(required=True)
    special_requirements_complete = fields.Boolean(required=True)


class RejectSignBack(SignBackIn):
    """A returned copy that does not do, and why."""

    why = Text(required=True, least=1, most=1000)


class ConfirmByGrade(OnOrder):
    """Confirm before the sign-back, for grade A."""


class CloseOrder(OnOrder):
    """Close an order about which nothing is owed."""


class ReopenOrder(WithWhy):
    """Open a closed order again."""


class HoldOrder(WithWhy):
    """Stop every forward move."""


class ResumeOrder(WithWhy):
    """Lift the hold."""


class CancelOrder(WithWhy):
    """End the order while nothing of it has left."""


class ReturnToDraft(WithWhy):
    """Send the order back to draft."""


class IssueInstruction(OnOrder):
    """Tell the factory to make one line."""

    line_no = fields.Integer(required=True, validate=validate.Range(1, 1000))
    packing = Text(load_default=None, allow_none=True, most=500)
    special_rules = Text(load_default=None, allow_none=True, most=2000)


class PromiseDate(WithWhy):
    """Give the customer another date; a later one by, or with the consent of, the salesperson."""

    customer_due = fields.Date(required=True)
    consent_by = Text(load_default=None, allow_none=True, most=100)


class ShortCloseLine(WithWhy):
    """Give up what is still to come of a line."""

    line_no = fields.Integer(required=True, validate=validate.Range(1, 1000))
    consent_by = Text(required=True, least=1, most=100)


class RequestCancel(WithWhy):
    """A clerk's wish to cancel: a task for the supervisor."""


class NumberOnly(Message):
    """A question about one order."""

    order_number = order_number()


class OrderAsked(Message):
    """A question about one order, by its number or id."""

    order_number = Text(load_default=None, allow_none=True, most=30)
    order_id = Identity(load_default=None, allow_none=True)

    @validates_schema
    def _one_of_them(self, data: dict[str, Any], **_: Any) -> None:
        if (data.get("order_number") is None) == (data.get("order_id") is None):
            raise ValidationError("Give either order_number or order_id.", "order_number")


class SearchOrders(PageRequest):
    """Filters in any combination; newest first."""

    q = Text(load_default=None, allow_none=True, most=60)
    order_number = Text(load_default=None, allow_none=True, most=30)
    customer_code = Text(load_default=None, allow_none=True, most=20)
    phone = Text(load_default=None, allow_none=True, most=40)
    product_code = Text(load_default=None, allow_none=True, most=20)
    stage = fields.List(one_of(Stage), load_default=[])
    created_from = fields.Date(load_default=None, allow_none=True)
    created_to = fields.Date(load_default=None, allow_none=True)
    clerk_id = Text(load_default=None, allow_none=True, most=80)
    salesperson_id = Text(load_default=None, allow_none=True, most=80)
    region = Text(load_default=None, allow_none=True, most=60)
    amount_from = Amount(load_default=None, allow_none=True)
    amount_to = Amount(load_default=None, allow_none=True)
    on_hold = fields.Boolean(load_default=None, allow_none=True)


class NoBody(Message):
    """Nothing is asked for in particular."""


class WorkAsked(Message):
    """What waits for the asker."""

    limit = fields.Integer(load_default=100, validate=validate.Range(1, 500))


class RaiseAnomaly(Message):
    """Something went wrong with an order."""

    order_number = order_number()
    cause = one_of(AnomalyClass, required=True)
    topic = one_of(Topic, required=True)
    priority = one_of(Priority, load_default=Priority.NORMAL)
    text = Text(required=True, least=1, most=2000)
    temporary_measure = Text(load_default=None, allow_none=True, most=2000)


class TakeMeasure(Message):
    """What is done about an anomaly until there is a remedy."""

    anomaly_id = Identity(required=True)
    temporary_measure = Text(required=True, least=1, most=2000)


class ResolveAnomaly(Message):
    """What ended an anomaly."""

    anomaly_id = Identity(required=True)
    remedy = Text(required=True, least=1, most=2000)


class AnomaliesAsked(PageRequest):
    """Anomalies of one order, or all open ones."""

    order_number = Text(load_default=None, allow_none=True, most=30)


class FinishTask(Message):
    """A task is done; with what outcome."""

    task_id = Identity(required=True)
    outcome = Text(required=True, least=1, most=1000)


class DelegateTask(Message):
    """A clerk sees to a task from now on."""

    task_id = Identity(required=True)
    clerk_id = Text(required=True, least=1, most=80)
    clerk_name = Text(required=True, least=1, most=120)
    note = Text(load_default=None, allow_none=True, most=1000)


class Break(Message):
    """From `min_quantity` on, `unit_price` holds."""

    min_quantity = Quantity(required=True, least=0)
    unit_price = Price(required=True, least=0)


class SchemePrices(Message):
    """Prices by quantity, and the days they hold."""

    breaks = fields.List(
        fields.Nested(Break), required=True, validate=validate.Length(min=1, max=50)
    )
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(load_default=None, allow_none=True)

    @validates_schema
    def _ends_after_it_begins(self, data: dict[str, Any], **_: Any) -> None:
        until = data.get("valid_until")
        if until is not None and until < data["valid_from"]:
            raise ValidationError("Must not lie before valid_from.", "valid_until")
        quantities = [b["min_quantity"] for b in data["breaks"]]
        if len(set(quantities)) != len(quantities):
            raise ValidationError("min_quantity must differ from break to break.", "breaks")


class CreateScheme(SchemePrices):
    """A price for one product: for a customer, a region, a grade, or everybody."""

    scheme_code = fields.String(required=True, validate=SCHEME_CODE)
    name = Text(required=True, least=1, most=120)
    product_code = Text(required=True, least=1, most=20)
    customer_code = Text(load_default=None, allow_none=True, most=20)
    region = Text(load_default=None, allow_none=True, most=60)
    grade = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf(("A", "B", "C"))
    )


class ChangeScheme(SchemePrices):
    """New prices or dates of a scheme, or its end."""

    scheme_code = fields.String(required=True, validate=SCHEME_CODE)
    active = fields.Boolean(load_default=True)
    expected_version = version()
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    note = Text(load_default=None, allow_none=True, most=1000)


class SchemeAsked(Message):
    """One scheme."""

    scheme_code = fields.String(required=True, validate=SCHEME_CODE)


class SearchSchemes(PageRequest):
    """Schemes by product, customer or day."""

    product_code = Text(load_default=None, allow_none=True, most=20)
    customer_code = Text(load_default=None, allow_none=True, most=20)
    on = fields.Date(load_default=None, allow_none=True)


class PromotionTerms(Message):
    """From how many yuan on it gives how much, and when."""

    promotion_code = fields.String(required=True, validate=SCHEME_CODE)
    threshold = Amount(required=True, above=0)
    value = Amount(required=True, above=0)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(load_default=None, allow_none=True)

    @validates_schema
    def _makes_sense(self, data: dict[str, Any], **_: Any) -> None:
        if data["value"] >= data["threshold"]:
            raise ValidationError("Must be below the threshold.", "value")
        until = data.get("valid_until")
        if until is not None and until < data["valid_from"]:
            raise ValidationError("Must not lie before valid_from.", "valid_until")


class CreatePromotion(PromotionTerms):
    """A threshold: from so many yuan on, a discount or a coupon."""

    name = Text(required=True, least=1, most=120)
    kind = fields.String(required=True, validate=validate.OneOf(("discount", "coupon")))
    region = Text(load_default=None, allow_none=True, most=60)
    grade = fields.String(
        load_default=None, allow_none=True, validate=validate.OneOf(("A", "B", "C"))
    )


class ChangePromotion(PromotionTerms):
    """Other terms of a promotion, or its end."""

    active = fields.Boolean(load_default=True)
    expected_version = version()
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    note = Text(load_default=None, allow_none=True, most=1000)


class PromotionAsked(Message):
    """One promotion."""

    promotion_code = fields.String(required=True, validate=SCHEME_CODE)


class PriceAsked(Message):
    """What a product costs a customer today, by scheme and by last price."""

    customer_code = Text(required=True, least=1, most=20)
    product_code = Text(required=True, least=1, most=20)
    quantity = Quantity(required=True, above=0)


class PastLine(Message):
    """A line of the old books: prices and discounts as they were."""

    product_code = Text(required=True, least=1, most=20)
    quantity = Quantity(required=True, above=0)
    unit_price = Price(required=True, least=0)
    amount = Amount(required=True, least=0)


class RecordPastOrder(Message):
    """An order of the old books, with its original dates."""

    reference = Text(required=True, least=1, most=60)
    customer_code = Text(required=True, least=1, most=20)
    ordered_on = fields.Date(required=True)
    customer_due = fields.Date(load_default=None, allow_none=True)
    fulfilled_on = fields.Date(load_default=None, allow_none=True)
    consignee = fields.Nested(Consignee, load_default={})
    special_requirements = Text(load_default=None, allow_none=True, most=2000)
    lines = fields.List(
        fields.Nested(PastLine), required=True, validate=validate.Length(1, MOST_LINES)
    )


class AnnounceAgain(Message):
    """Tell the others once more how an order stands."""

    order_id = Identity(required=True)
