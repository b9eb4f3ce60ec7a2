"""The entrypoints of orders: schema, use case, view."""

from typing import Any

from chassis.database import Work
from chassis.entrypoints import daily, every, listens_to
from chassis.events import Received
from chassis.service import Database, LeadingService, command, conversation, query
from services.orders import conversations, pages
from services.orders.domain.rules import RULES
from services.orders.schemas import commands, heard, views
from services.orders.schemas.announced import EVENTS
from services.orders.storage import looked_at, orders, platform, prices, tasks
from services.orders.storage.books import BOOKS
from services.orders.use_cases import (
    actions,
    announcing,
    anomalies,
    by_the_clock,
    confirming,
    drafting,
    ending,
    past_orders,
    pricing,
    progress,
    reviewing,
)

Request = dict[str, Any]
Answer = dict[str, Any]

INSTRUCTION_EVENTS = (
    "instruction_drafted",
    "instruction_issued",
    "instruction_accepted",
    "instruction_started",
    "instruction_resumed",
    "instruction_finished",
    "instruction_changed",
    "instruction_inspected",
    "instruction_cancelled",
    "production_reported",
    "goods_stocked",
)
SHIPMENT_EVENTS = (
    "dispatch_requested",
    "shipment_released",
    "shipment_checked",
    "shipment_handed",
    "shipment_packed",
    "shipment_dispatched",
    "shipment_in_transit",
    "shipment_arrived",
    "shipment_signed",
    "receipt_recorded",
    "release_withdrawn",
    "shipment_cancelled",
    "shipment_failed",
)


class OrdersService(LeadingService):
    """Answers for orders; every method is one transaction or one conversation."""

    name = "orders"
    database = Database(platform, events=EVENTS, rules=RULES)
    books = BOOKS
    conversations = conversations.ALL

    # -- memo and draft --------------------------------------------------------------------

    @command(commands.TakeMemo)
    def take_memo(self, work: Work, request: Request) -> Answer:
        return _answer(work, drafting.take_memo(work, request))

    @command(commands.DraftOrder)
    def draft_order(self, work: Work, request: Request) -> Answer:
        return _answer(work, drafting.draft_order(work, request))

    @command(commands.ChangeOrder)
    def change_order(self, work: Work, request: Request) -> Answer:
        return _answer(work, drafting.change_order(work, request))

    @command(commands.CheckKeyData)
    def check_key_data(self, work: Work, request: Request) -> Answer:
        return _answer(work, drafting.check_key_data(work, request))

    @conversation("create")
    def create_order(self) -> None:
        """Write a draft, with `submit` also send it into review."""

    @conversation("submit")
    def submit_order(self) -> None:
        """Hold credit and stock, open the gates."""

    # -- review ----------------------------------------------------------------------------

    @command(commands.ReturnToDraft)
    def return_order_to_draft(self, work: Work, request: Request) -> Answer:
        return _answer(work, drafting.return_to_draft(work, request))

    @command(commands.SignApproval)
    def sign_approval(self, work: Work, request: Request) -> Answer:
        return _answer(work, reviewing.sign_approval(work, request))

    @command(commands.Override)
    def override_price(self, work: Work, request: Request) -> Answer:
        return _answer(work, reviewing.override_price(work, request))

    @command(commands.RetryPrice)
    def retry_price(self, work: Work, request: Request) -> Answer:
        return _answer(work, reviewing.retry_price(work, request))

    @conversation("retry_credit")
    def retry_credit(self) -> None:
        """Ask customers for the credit once more."""

    @conversation("override_credit")
    def override_credit(self) -> None:
        """Have the credit reserved beyond the limit."""

    # -- confirmation ----------------------------------------------------------------------

    @conversation("send_confirmation")
    def send_confirmation(self) -> None:
        """Freeze the order as the next confirmation version and record its sending."""

    @command(commands.SendConfirmation)
    def send_confirmation_again(self, work: Work, request: Request) -> Answer:
        return _answer(work, confirming.send_again(work, request))

    @command(commands.NoteReceived)
    def note_received_clearly(self, work: Work, request: Request) -> Answer:
        return _answer(work, confirming.note_received(work, request))

    @conversation("verify_sign_back")
    def verify_sign_back(self) -> None:
        """Verify a returned copy, signatory and seal included."""

    @command(commands.RejectSignBack)
    def reject_sign_back(self, work: Work, request: Request) -> Answer:
        return _answer(work, confirming.reject_sign_back(work, request))

    @conversation("confirm_by_grade")
    def confirm_by_grade(self) -> None:
        """Confirm before the sign-back, for grade A."""

    @command(commands.PromiseDate)
    def promise_date(self, work: Work, request: Request) -> Answer:
        return _answer(work, confirming.promise_date(work, request))

    @conversation("issue_instruction")
    def issue_instruction(self) -> None:
        """Tell the factory to make one line."""

    # -- stopping and ending ---------------------------------------------------------------

    @conversation("hold")
    def hold_order(self) -> None:
        """Stop every forward move."""

    @conversation("resume")
    def resume_order(self) -> None:
        """Lift the hold."""

    @command(commands.RequestCancel)
    def wish_cancel(self, work: Work, request: Request) -> Answer:
        return _answer(work, ending.wish_cancel(work, request))

    @conversation("cancel")
    def cancel_order(self) -> None:
        """Stop shipping and inventory, then end the order."""

    @command(commands.ShortCloseLine)
    def short_close_line(self, work: Work, request: Request) -> Answer:
        return _answer(work, ending.short_close_line(work, request))

    @conversation("close")
    def close_order(self) -> None:
        """Close an order about which nothing is owed."""

    @conversation("reopen")
    def reopen_order(self) -> None:
        """Open a closed order again."""

    @command(commands.RecordPastOrder)
    def record_past_order(self, work: Work, request: Request) -> Answer:
        return _answer(work, past_orders.record_past_order(work, request))

    @command(commands.AnnounceAgain)
    def announce_again(self, work: Work, request: Request) -> Answer:
        work.principal.require("admin")
        return {"announced": announcing.announce_again(work, request["order_id"])}

    # -- anomalies and tasks ---------------------------------------------------------------

    @command(commands.RaiseAnomaly)
    def raise_anomaly(self, work: Work, request: Request) -> Answer:
        return views.anomaly(anomalies.raise_anomaly(work, request))

    @command(commands.TakeMeasure)
    def take_measure(self, work: Work, request: Request) -> Answer:
        return views.anomaly(anomalies.take_measure(work, request))

    @command(commands.ResolveAnomaly)
    def resolve_anomaly(self, work: Work, request: Request) -> Answer:
        return views.anomaly(anomalies.resolve_anomaly(work, request))

    @query(commands.AnomaliesAsked)
    def list_anomalies(self, work: Work, request: Request) -> Answer:
        number = request["order_number"]
        order_id = None if number is None else orders.id_of(work, number)
        found, after = tasks.search_anomalies(
            work, order_id, after=request["after"], limit=request["limit"]
        )
        return {"items": [views.anomaly(one) for one in found], "next": after}

    @command(commands.FinishTask)
    def finish_task(self, work: Work, request: Request) -> Answer:
        return views.task(ending.finish_task(work, request))

    @command(commands.DelegateTask)
    def delegate_task(self, work: Work, request: Request) -> Answer:
        return views.task(ending.delegate_task(work, request))

    # -- prices ----------------------------------------------------------------------------

    @command(commands.CreateScheme)
    def create_price_scheme(self, work: Work, request: Request) -> Answer:
        return views.price_scheme(pricing.create_scheme(work, request))

    @command(commands.ChangeScheme)
    def change_price_scheme(self, work: Work, request: Request) -> Answer:
        return views.price_scheme(pricing.change_scheme(work, request))

    @query(commands.SchemeAsked)
    def get_price_scheme(self, work: Work, request: Request) -> Answer:
        return views.price_scheme(prices.scheme(work, request["scheme_code"]))

    @query(commands.SearchSchemes)
    def search_price_schemes(self, work: Work, request: Request) -> Answer:
        found, after = prices.search_schemes(work, request)
        return {"items": [views.price_scheme(scheme) for scheme in found], "next": after}

    @command(commands.CreatePromotion)
    def create_promotion(self, work: Work, request: Request) -> Answer:
        return views.promotion(pricing.create_promotion(work, request))

    @command(commands.ChangePromotion)
    def change_promotion(self, work: Work, request: Request) -> Answer:
        return views.promotion(pricing.change_promotion(work, request))

    @query(commands.PromotionAsked)
    def get_promotion(self, work: Work, request: Request) -> Answer:
        return views.promotion(prices.promotion(work, request["promotion_code"]))

    @query(commands.NoBody)
    def list_promotions(self, work: Work, request: Request) -> Answer:  # noqa: ARG002
        return {"items": [views.promotion(one) for one in prices.all_promotions(work)]}

    @query(commands.PriceAsked)
    def quote_price(self, work: Work, request: Request) -> Answer:
        return pricing.quote(work, request)

    # -- looking ---------------------------------------------------------------------------

    @query(commands.OrderAsked)
    def get_order(self, work: Work, request: Request) -> Answer:
        return pages.get_order(work, request)

    @query(commands.SearchOrders)
    def search_orders(self, work: Work, request: Request) -> Answer:
        found, after = orders.search(work, request)
        return {"items": [views.order_found(order, work.today) for order in found], "next": after}

    @query(commands.NumberOnly)
    def list_confirmations(self, work: Work, request: Request) -> Answer:
        return {"items": pages.list_confirmations(work, request)}

    @query(commands.NumberOnly)
    def list_order_tasks(self, work: Work, request: Request) -> Answer:
        return {"items": pages.list_tasks(work, request)}

    @query(commands.NumberOnly)
    def list_order_actions(self, work: Work, request: Request) -> Answer:
        found = looked_at.by_number(work, request["order_number"])
        return {"items": actions.list_actions(work, found.order)}

    @query(commands.WorkAsked)
    def list_work(self, work: Work, request: Request) -> Answer:
        return {"items": pages.list_work(work, request)}

    # -- what others announce --------------------------------------------------------------

    @listens_to("customers", "customer_changed", schema=heard.CustomerChanged)
    def keep_customer(self, work: Work, event: Received) -> None:
        progress.take_customer(work, event.data["customer"], event.sequence)

    @listens_to("customers", "order_money_changed", schema=heard.OrderMoneyChanged)
    def keep_money(self, work: Work, event: Received) -> None:
        progress.take_money(work, event.data["money"], event.sequence)

    @listens_to("inventory", "product_changed", schema=heard.ProductChanged)
    def keep_product(self, work: Work, event: Received) -> None:
        progress.take_product(work, event.data["product"], event.sequence)

    @listens_to(
        "inventory",
        "technique_stated",
        "material_stated",
        "schedule_stated",
        schema=heard.StatementSigned,
    )
    def set_gate(self, work: Work, event: Received) -> None:
        reviewing.take_statement(work, event.data["statement"])

    @listens_to("inventory", *INSTRUCTION_EVENTS, schema=heard.InstructionMoved)
    @listens_to("inventory", "instruction_became_abnormal", schema=heard.InstructionBecameAbnormal)
    def show_production(self, work: Work, event: Received) -> None:
        progress.take_instruction(work, event.name, event.data, event.sequence)

    @listens_to("shipping", *SHIPMENT_EVENTS, schema=heard.ShipmentMoved)
    def show_shipment(self, work: Work, event: Received) -> None:
        progress.take_shipment(work, event.name, event.data["shipment"], event.sequence)

    @listens_to("shipping", "scan_rejected", schema=heard.ScanRejected)
    def raise_scan_anomaly(self, work: Work, event: Received) -> None:
        progress.take_rejected_scan(work, event.data["shipment"], event.data["reason"])

    # -- the clock -------------------------------------------------------------------------

    @daily("announce_slides", at="00:10")
    def announce_slides(self, work: Work, slot: Any) -> None:
        by_the_clock.announce_slides(work, slot)

    @daily("reopen_expired_gates", at="00:05")
    def reopen_expired_gates(self, work: Work, slot: Any) -> None:  # noqa: ARG002
        by_the_clock.reopen_expired_gates(work)

    @daily("expire_orders", at="00:30")
    def expire_orders(self, work: Work, slot: Any) -> None:
        by_the_clock.expire_orders(work, slot)

    @every("escalate_anomalies", seconds=60)
    def escalate_anomalies(self, work: Work, slot: Any) -> None:  # noqa: ARG002
        anomalies.escalate_due(work)

    @every("hand_over_orders", seconds=5)
    def hand_over_orders(self, work: Work, slot: Any) -> None:  # noqa: ARG002
        progress.go_on_handing_over(work)

    @every("report_late_returns", seconds=300)
    def report_late_returns(self, work: Work, slot: Any) -> None:  # noqa: ARG002
        by_the_clock.report_late_returns(work)


def _answer(work: Work, order: Any) -> Answer:
    # The version an answer tells is the one the database gives at the flush.
    work.session.flush()
    return views.order_in_full(order)
