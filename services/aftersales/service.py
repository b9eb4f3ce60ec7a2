"""The entrypoints of after-sales: schema, use case, view."""

from typing import Any

from chassis.database import Work
from chassis.entrypoints import listens_to
from chassis.events import Received
from chassis.service import Database, Service, command, query
from services.aftersales.domain.case import Case
from services.aftersales.domain.rules import RULES
from services.aftersales.schemas import commands, heard, views
from services.aftersales.storage import cases as stored
from services.aftersales.storage import platform
from services.aftersales.storage import visits as planned
from services.aftersales.storage.books import BOOKS
from services.aftersales.use_cases import actions, cases, hearing, visits, work_list

Request = dict[str, Any]
Answer = dict[str, Any]

ORDER_EVENTS = (
    "order_submitted",
    "order_approved",
    "confirmation_sent",
    "order_confirmed",
    "order_started",
    "order_fulfilled",
    "order_closed",
    "order_reopened",
    "order_cancelled",
    "past_order_recorded",
    "order_handed_over",
)
SHIPMENT_EVENTS = (
    "shipment_dispatched",
    "shipment_in_transit",
    "shipment_arrived",
    "shipment_signed",
    "receipt_recorded",
)


class AftersalesService(Service):
    """Answers for after-sales; every method is one transaction."""

    name = "aftersales"
    database = Database(platform, events=views.EVENTS, rules=RULES)
    books = BOOKS

    @command(commands.OpenCase)
    def open_case(self, work: Work, request: Request) -> Answer:
        return _answer(work, cases.open_case(work, request))

    @command(commands.AcknowledgeCase)
    def acknowledge_case(self, work: Work, request: Request) -> Answer:
        return _answer(work, cases.acknowledge(work, request))

    @command(commands.DecideCase)
    def authorise_case(self, work: Work, request: Request) -> Answer:
        return _answer(work, cases.authorise(work, request))

    @command(commands.DecideCase)
    def reject_case(self, work: Work, request: Request) -> Answer:
        return _answer(work, cases.reject(work, request))

    @command(commands.AwaitGoods)
    def await_goods(self, work: Work, request: Request) -> Answer:
        return _answer(work, cases.await_goods(work, request))

    @command(commands.ReceiveReturn)
    def receive_return(self, work: Work, request: Request) -> Answer:
        return _answer(work, cases.receive(work, request))

    @command(commands.InspectReturn)
    def inspect_return(self, work: Work, request: Request) -> Answer:
        return _answer(work, cases.inspect(work, request))

    @command(commands.SettleCase)
    def settle_case(self, work: Work, request: Request) -> Answer:
        return _answer(work, cases.settle(work, request))

    @command(commands.ReshipCase)
    def reship_case(self, work: Work, request: Request) -> Answer:
        return _answer(work, cases.reship(work, request))

    @command(commands.CloseCase)
    def close_case(self, work: Work, request: Request) -> Answer:
        return _answer(work, cases.close(work, request))

    @query(commands.CaseAsked)
    def get_case(self, work: Work, request: Request) -> Answer:
        return views.case(stored.case(work, request["case_number"]))

    @query(commands.SearchCases)
    def search_cases(self, work: Work, request: Request) -> Answer:
        found, after = stored.search(work, request)
        return {"items": [views.case(case) for case in found], "next": after}

    @query(commands.CaseAsked)
    def list_case_actions(self, work: Work, request: Request) -> Answer:
        case = stored.case(work, request["case_number"])
        return {"items": actions.list_actions(work, case)}

    @query(commands.VisitsAsked)
    def list_visits(self, work: Work, request: Request) -> Answer:
        return {"items": [views.visit(one) for one in visits.list_visits(work, request)]}

    @command(commands.RecordVisit)
    def record_visit(self, work: Work, request: Request) -> Answer:
        return views.visit(visits.record_visit(work, request))

    @command(commands.DropVisit)
    def drop_visit(self, work: Work, request: Request) -> Answer:
        return views.visit(visits.drop_visit(work, request))

    @query(commands.VisitAsked)
    def get_visit(self, work: Work, request: Request) -> Answer:
        return views.visit(planned.visit(work, request["visit_id"]))

    @query(commands.WorkAsked)
    def list_work(self, work: Work, request: Request) -> Answer:
        return {"items": work_list.list_work(work, request)}

    @listens_to("orders", *ORDER_EVENTS, schema=heard.OrderMoved)
    def keep_order(self, work: Work, event: Received) -> None:
        hearing.hear_of_order(work, event)

    @listens_to("shipping", *SHIPMENT_EVENTS, schema=heard.ShipmentMoved)
    def hear_of_shipment(self, work: Work, event: Received) -> None:
        hearing.hear_of_shipment(work, event)

    @listens_to("shipping", "shipment_failed", schema=heard.ShipmentFailed)
    def open_failed_delivery(self, work: Work, event: Received) -> None:
        hearing.hear_of_failed_delivery(work, event)


def _answer(work: Work, case: Case) -> Answer:
    # The version an answer tells is the one the database gives at the flush.
    work.session.flush()
    return views.case(case)
