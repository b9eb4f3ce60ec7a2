"""Memo, draft and what a draft still lacks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4, uuid5

from chassis.bounds import check_moment
from chassis.calendar import calendar_of
from chassis.changes import difference
from chassis.database import Work
from chassis.reasons import WhyMissing
from services.orders.domain import events
from services.orders.domain.errors import ProductNotKnown
from services.orders.domain.gate import OWNERS
from services.orders.domain.lifecycle import Stage, TaskState
from services.orders.domain.line import OrderLine
from services.orders.domain.order import (
    EDITABLE,
    Order,
    check_consignee_phone,
    check_date_to_come,
)
from services.orders.domain.pricing import PriceFindings, guard_discounts
from services.orders.domain.review import return_order
from services.orders.domain.task import TaskKind
from services.orders.storage import copies, orders, tasks
from services.orders.use_cases import clocks
from services.orders.use_cases.ending import drop_open_tasks
from services.orders.use_cases.owing import owe
from services.orders.use_cases.pricing import price_draft
from services.orders.use_cases.telling import drop_telling

CURRENCY = "CNY"

# Who asked longer ago, or is answered later, is no case of this desk: a month or year is wrong.
_LONGEST = timedelta(days=92)


def guard_moments(
    work: Work, request: Mapping[str, Any], promised_before: datetime | None = None
) -> None:
    """Raise InvalidFields unless it was asked until now, and an answer is promised from now on.

    A promise that is said again as it stands may have passed since.
    """
    asked_at, reply_by = request.get("asked_at"), request.get("reply_by")
    if asked_at is not None:
        check_moment("asked_at", asked_at, first=work.now - _LONGEST, last=work.now)
    if reply_by is not None and reply_by != promised_before:
        check_moment("reply_by", reply_by, first=work.now, last=work.now + _LONGEST)


def take_memo(work: Work, request: Mapping[str, Any]) -> Order:
    """Write down what somebody asked for, and the time by which they were promised an answer."""
    guard_moments(work, request)
    order = _memo(work, uuid4(), orders.next_number(work), request)
    work.session.add(order)
    work.announce(order.take_memo(work.principal))
    work.log("order", order.number, "take_memo", note=order.wish)
    clocks.owe_replies(work, order)
    follow_paper(work, order)
    return order


def _memo(work: Work, order_id: UUID, number: str, request: Mapping[str, Any]) -> Order:
    return Order(
        id=order_id,
        number=number,
        clerk=work.principal,
        now=work.now,
        channel=request["channel"],
        asked_by=request["asked_by"],
        asked_at=min(request.get("asked_at") or work.now, work.now),
        currency=CURRENCY,
        reply_by=request.get("reply_by"),
        wish=request.get("wish"),
        paper_owed=bool(request.get("paper_owed", False)),
        confirmation_due_at=clocks.confirmation_due(work),
    )


def follow_paper(work: Work, order: Order) -> None:
    """Keep one obligation while the written paper of an oral order is still to come (O3)."""
    standing = tasks.open_tasks(work, order.id, TaskKind.PAPER_OWED) if order.sequence > 1 else []
    if order.paper_owed and not standing:
        working = calendar_of(work, for_facts=True)
        last_day = working.add_working_days(work.today, work.setting("paper_owed_working_days"))
        owe(
            work,
            order,
            TaskKind.PAPER_OWED,
            title=f"The written order of {order.number} is owed",
            title_zh=f"待补书面订单：{order.number}",
            due_at=working.end_of_working_day(last_day),
            person_id=work.principal.person_id if work.principal.has("sales") else None,
        )
    for task in [] if order.paper_owed else standing:
        task.end(TaskState.DONE, by=work.principal.person_id, at=work.now, outcome="it has come")


def draft_order(work: Work, request: Mapping[str, Any]) -> Order:
    """Make a memo a draft: its customer is known now."""
    order = orders.order_by_number(work, request["order_number"], lock=True)
    order.guard_draft(request["expected_version"])
    author, reply_by = order.salesperson_id, order.reply_by
    guard_moments(work, request, reply_by)
    _fill_in(work, order, request, _about(work, request))
    tasks.follow_salesperson(work, [order.id], order.salesperson_id, {author})
    announce_draft(work, order)
    follow_paper(work, order)
    clocks.follow_reply(work, order, reply_by)
    return order


def build_draft(
    work: Work, order_id: UUID, number: str | None, request: Mapping[str, Any]
) -> tuple[Order, PriceFindings | None]:
    """Build memo and draft at once, priced; nothing is stored or announced yet.

    Gives what the price check found too. The same id gives the same line ids, by which other
    services hold things for the lines. Without a number it gets the next one.
    """
    about = _about(work, request, numbered=number is None)
    if number is None:
        assert about.count is not None  # noqa: S101  it was asked for
        number = orders.number(work, about.count)
    order = _memo(work, order_id, number, request)
    return order, _fill_in(work, order, request, about)


def _about(work: Work, request: Mapping[str, Any], *, numbered: bool = False) -> copies.AboutDraft:
    codes = (line["product_code"] for line in request.get("lines") or ())
    return copies.about_draft(work, request["customer_code"], codes, numbered=numbered)


def _fill_in(
    work: Work, order: Order, request: Mapping[str, Any], about: copies.AboutDraft
) -> PriceFindings | None:
    lines = request.get("lines") or ()
    order.draft(about.customer)
    _fill_in_header(work, order, request)
    if lines:
        order.replace_lines(_lines(order, lines, about.products), work.now)
        return price_draft(work, order, about.market)
    # A memo's own lines could not be priced before its customer was known.
    return price_draft(work, order) if order.lines else None


def announce_draft(work: Work, order: Order) -> None:
    """Announce a new draft and list what it lacks."""
    work.announce(events.OrderDrafted(order))
    work.log("order", order.number, "draft")
    list_what_is_missing(work, order)


def change_order(work: Work, request: Mapping[str, Any]) -> Order:
    """Edit a memo or draft. Once it was submitted, or by another than its author, say why."""
    order = orders.order_by_number(work, request["order_number"], lock=True)
    order.guard_edit(request["expected_version"])
    own_draft = order.revision == 0 and order.clerk_id == work.principal.person_id
    if not own_draft and request["reason"] is None:
        raise WhyMissing
    before, reply_by = as_edited(order), order.reply_by
    guard_moments(work, request, reply_by)
    _fill_in_header(work, order, request)
    if "lines" in request:
        wanted = request["lines"]
        known = copies.products(work, (line["product_code"] for line in wanted))
        order.replace_lines(_lines(order, wanted, known), work.now)
        if order.customer_id is None:
            guard_discounts(order.lines)
        else:
            price_draft(work, order)
    work.announce(order.change())
    work.log(
        "order",
        order.number,
        "change",
        changes=difference(before, as_edited(order)),
        reason=request["reason"],
        note=request["note"],
    )
    follow_paper(work, order)
    clocks.follow_reply(work, order, reply_by)
    if order.stage is Stage.DRAFT:
        list_what_is_missing(work, order)
    return order


def _fill_in_header(work: Work, order: Order, request: Mapping[str, Any]) -> None:
    """Fill in what a request says beside the lines. Raises InvalidFields.

    A date that is said again as it stands may have passed since: submit tells of that. A phone
    that stands may be from before they were looked at.
    """
    fields = header(request)
    promised = fields.get("base_customer_due")
    if promised is not None and promised != order.base_customer_due:
        check_date_to_come(promised, work.today)
    phone = fields.get("consignee_phone")
    if phone and phone != order.consignee_phone:
        check_consignee_phone(phone)
    order.fill_in(fields, work.now)


def header(request: Mapping[str, Any]) -> dict[str, Any]:
    """Give the order's columns for the header fields that a request names."""
    fields = {name: request[name] for name in EDITABLE if name in request}
    for name, value in request.get("consignee", {}).items():
        fields[f"consignee_{name}"] = value
    if "customer_due" in request:
        fields["base_customer_due"] = request["customer_due"]
    return fields


def as_edited(order: Order) -> dict[str, Any]:
    """Give what can be edited of an order, for the log."""
    lines = [
        [
            line.product_code,
            line.spec,
            line.quantity,
            line.unit_price,
            line.discount,
            line.supply,
            line.tolerance_over,
            line.tolerance_under,
            line.packing,
        ]
        for line in order.lines
    ]
    return {**{name: getattr(order, name) for name in EDITABLE}, "lines": lines}


def _lines(
    order: Order, wanted: Sequence[Mapping[str, Any]], known: Mapping[str, Mapping[str, Any]]
) -> list[OrderLine]:
    """Build the order's lines anew; one of the same goods keeps its id, wherever it stands now.

    By its id other services know what they hold for a line.
    """
    goods = _Goods()
    present = {goods.name(line.product_id, line.supply): line for line in order.lines}
    goods, taken, lines = _Goods(), {line.id for line in order.lines}, []
    for line_no, line in enumerate(wanted, start=1):
        product = known.get(line["product_code"])
        if product is None:
            raise ProductNotKnown(line_no=line_no, product_code=line["product_code"])
        facts = {name: value for name, value in line.items() if name != "product_code"}
        facts["supply"] = line.get("supply") or product["default_supply"]
        kept = present.get(goods.name(UUID(str(product["id"])), facts["supply"]))
        line_id = _unused_id(order, line_no, taken) if kept is None else kept.id
        fresh = OrderLine(id=line_id, line_no=line_no, product=product, **facts)
        lines.append(fresh if kept is None else _take_over(kept, fresh))
    return lines


class _Goods(Counter[str]):
    """Names an order's lines, one after the other, by their goods and the how many-th of them."""

    def name(self, product_id: UUID, supply: str) -> str:
        goods = f"{product_id} {supply}"
        self[goods] += 1
        return f"{goods} {self[goods]}"


def _unused_id(order: Order, line_no: int, taken: set[UUID]) -> UUID:
    """Give a new line's id, by its place: the same whenever a new draft is built anew."""
    ids = (uuid5(order.id, f"line {number}") for number in count(line_no))
    unused = next(each for each in ids if each not in taken)
    taken.add(unused)
    return unused


def _take_over(kept: OrderLine, fresh: OrderLine) -> OrderLine:
    # The planner's date stands until he signs another.
    keeps = {"id", "order_id", "base_production_due"}
    for column in OrderLine.__table__.columns.keys():  # noqa: SIM118  a column collection
        if column not in keeps:
            setattr(kept, column, getattr(fresh, column))
    return kept


def list_what_is_missing(work: Work, order: Order) -> None:
    """Keep one task for the responsible salesperson: what to ask the customer for (O4)."""
    missing = order.missing_fields()
    new = order.sequence <= 1
    standing = [] if new else tasks.open_tasks(work, order.id, TaskKind.MISSING_FIELDS)
    if standing and standing[0].details.get("fields") == missing:
        return
    for task in standing:
        task.end(TaskState.DROPPED, by=work.principal.person_id, at=work.now)
    if not missing:
        return
    words = "、".join(missing.values())
    # Whoever was asked to call goes on with what is missing now.
    caller = next((task for task in standing if task.is_delegated), None)
    owe(
        work,
        order,
        TaskKind.MISSING_FIELDS,
        title=f"Ask the customer of {order.number} for: {', '.join(missing)}",
        title_zh=f"致电客户补齐 {order.number}：{words}",
        due_at=calendar_of(work, for_facts=True).add_working_time(
            work.now, timedelta(hours=work.setting("missing_fields_hours"))
        ),
        role=None if caller is None else caller.role,
        person_id=None if caller is None else caller.person_id,
        details={**({} if caller is None else caller.details), "fields": missing},
    )


def check_key_data(work: Work, request: Mapping[str, Any]) -> Order:
    """Note that size, quantity, price and consignee were compared once more (O37).

    The prices are those of this moment, as a submit would take them; the answer shows them.
    """
    order = orders.order_by_number(work, request["order_number"], lock=True)
    order.guard_edit(request["expected_version"])
    before = as_edited(order)
    if order.lines and order.customer_id is not None:
        price_draft(work, order)
    order.check_key_data(work.principal, work.now)
    work.announce(order.change())
    changes = difference(before, as_edited(order))
    work.log("order", order.number, "check_key_data", changes=changes)
    if order.stage is Stage.DRAFT:
        list_what_is_missing(work, order)
    return order


def return_to_draft(work: Work, request: Mapping[str, Any]) -> Order:
    """Send an order back to draft; what it holds stays held until the next submit."""
    order = orders.order_by_number(work, request["order_number"], lock=True)
    order.guard_return(request["expected_version"])
    work.principal.require(*RETURNERS[order.stage])
    before = order.stage
    work.announce(return_order(order, request["reason"], work.today, work.now))
    drop_telling(work, order, outcome="a new confirmation will tell")
    drop_open_tasks(
        work, order, TaskKind.PRICE_DOUBT, TaskKind.RECEIVED_CLEARLY, outcome="back in draft"
    )
    if before is Stage.AWAITING_RETURN:
        # What the customer wants changed is a request of its own, with a clock of its own.
        order.confirmation_due_at = clocks.confirmation_due(work, order.held_since)
    work.log(
        "order",
        order.number,
        "return_to_draft",
        changes={"stage": [before, order.stage]},
        reason=request["reason"],
        note=request["note"],
    )
    return order


# Who may send back from where (SPEC §5, the table of stages); a review, any gate's owner.
RETURNERS: dict[Stage, tuple[str, ...]] = {
    Stage.IN_REVIEW: tuple(sorted({role for roles in OWNERS.values() for role in roles})),
    Stage.APPROVED: ("clerk", "supervisor"),
    Stage.AWAITING_RETURN: ("clerk", "sales"),
}
