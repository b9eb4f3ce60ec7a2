"""An order's stage, lines and copies against what the other services' books say."""

from collections.abc import Iterator, Mapping

from deploy.audit.difference import Difference, Kind, number, shown
from deploy.audit.order import ENDED, FULFILLED, NOTHING, Line, OrderBooks

# Picking is not announced: for who hears of it, such a shipment is handed to the dispatcher.
_HEARD_AS = {"picking": "handed"}
# From approval on after-sales hears of every stage but the wish to cancel.
_AFTERSALES_HEARS = frozenset({"approved", "awaiting_return", "confirmed", "in_progress"}) | ENDED


def compare(books: OrderBooks) -> Iterator[Difference]:
    """Give every difference between the order's axes, its stage, and the others' copies."""
    if books.orders is None or books.is_in_talk:
        return
    if books.orders["busy_with"] is not None:
        yield books.difference(
            Kind.BUSY, "orders", f"conversation {books.orders['busy_with']}", "not busy",
            books.orders["busy_state"] or "gone", announce=False,
        )  # fmt: skip
    for line in books.lines:
        yield from _shipped(books, line)
        yield from _production(books, line)
    yield from _stage(books)
    yield from _money(books)
    yield from _shipments(books)
    yield from _order_copies(books)


# -- axes ----------------------------------------------------------------------------------


def _shipped(books: OrderBooks, line: Line) -> Iterator[Difference]:
    if books.orders is None or (books.orders["imported"] and not books.shipments):
        return
    for what, due in (("shipped", line.shipped), ("signed", line.signed)):
        if number(line.row[what]) != due:
            yield books.difference(
                Kind.SHIPMENT, "orders", f"{line.name} {what}", shown(due),
                shown(number(line.row[what])), announce=False,
            )  # fmt: skip


def _production(books: OrderBooks, line: Line) -> Iterator[Difference]:
    """Compare with the one instruction for the line; goods into free stock are not the line's."""
    if len(line.instructions) != 1 or line.instructions[0]["into_free_stock"]:
        return
    (instruction,) = line.instructions
    pairs = [
        ("production", instruction["state"], line.row["production"]),
        ("produced", *(shown(number(each["produced"])) for each in (instruction, line.row))),
        ("accepted", *(shown(number(each["accepted"])) for each in (instruction, line.row))),
    ]
    for what, due, found in pairs:
        if due != found:
            yield books.difference(
                Kind.PRODUCTION, "orders", f"{line.name} {what}", due, found, announce=False
            )


def _stage(books: OrderBooks) -> Iterator[Difference]:
    if books.orders is None:
        return
    served = bool(books.lines) and all(line.is_served for line in books.lines)
    # What is signed for on hold waits for the hold to be lifted.
    if books.stage == "in_progress" and served and not books.orders["on_hold"]:
        yield books.difference(
            Kind.STAGE, "orders", "every line is served", "fulfilled", books.stage, announce=False
        )
    unserved = [line.name for line in books.lines if not line.was_served]
    if books.stage in FULFILLED and (unserved or not books.lines) and not books.orders["imported"]:
        open_lines = ", ".join(unserved)
        yield books.difference(
            Kind.STAGE, "orders", f"not served: {open_lines}", "in_progress", books.stage,
            announce=False,
        )  # fmt: skip
    told = [each["number"] for each in books.shipments if each["state"] != "cancelled"]
    told += [
        each["number"] for each in books.instructions if each["state"] not in ("draft", "cancelled")
    ]
    if books.stage == "confirmed" and told:
        yield books.difference(
            Kind.STAGE, "orders", f"{', '.join(told)} issued", "in_progress", books.stage,
            announce=False,
        )  # fmt: skip
    if books.stage == "cancelled":
        for shipment in books.shipments:
            if shipment["state"] != "cancelled":
                yield books.difference(
                    Kind.STAGE, "shipping", f"shipment {shipment['number']}", "cancelled",
                    shipment["state"], announce=not shipment["has_left"],
                )  # fmt: skip


def _money(books: OrderBooks) -> Iterator[Difference]:
    credit = books.credit
    money = None if books.orders is None else books.orders["money"]
    if credit is None:
        return
    for what in ("receivable", "verified"):
        found = NOTHING if money is None else number(money[what])
        if number(credit[what]) != found:
            yield books.difference(
                Kind.PAYMENT, "orders", what, shown(number(credit[what])), shown(found),
                announce=False,
            )  # fmt: skip
    if money is not None and money["sequence"] != credit["sequence"]:
        yield books.difference(
            Kind.COPY, "orders", "the order's money", f"view {credit['sequence']}",
            f"view {money['sequence']}", announce=False,
        )  # fmt: skip


# -- copies --------------------------------------------------------------------------------


def _shipments(books: OrderBooks) -> Iterator[Difference]:
    if books.orders is None:
        return
    seen = {each["id"]: each["state"] for each in books.orders["shipments"]}
    aftersales = () if books.aftersales is None else books.aftersales["shipments"]
    heard = {each["id"]: each["state"] for each in aftersales}
    for shipment in books.shipments:
        state = _HEARD_AS.get(shipment["state"], shipment["state"])
        subject = f"shipment {shipment['number']}"
        if seen.get(shipment["id"]) != state:
            yield books.difference(
                Kind.COPY, "orders", subject, state, seen.get(shipment["id"]), announce=False
            )
        if shipment["has_left"] and heard.get(shipment["id"]) != state:
            yield books.difference(
                Kind.COPY, "aftersales", subject, state, heard.get(shipment["id"]), announce=False
            )


def _order_copies(books: OrderBooks) -> Iterator[Difference]:
    order = books.orders
    if order is None:
        return
    due = {"stage": books.stage}
    yield from _copy(books, "inventory", books.inventory, {**due, "revision": order["revision"]})
    yield from _lines_at_inventory(books)
    if order["customer_id"] is not None:  # Nothing of a memo of somebody unknown is shipped.
        shipping = None if books.shipping is None else books.shipping["copy"]
        yield from _copy(books, "shipping", shipping, {**due, "on_hold": order["on_hold"]})
    if books.stage in _AFTERSALES_HEARS:
        aftersales = None if books.aftersales is None else books.aftersales["copy"]
        yield from _copy(books, "aftersales", aftersales, due)
    customers = None if books.customers is None else books.customers["copy"]
    if books.stage in ENDED and order["customer_id"] is not None:
        # Customers hear nothing of a reopening, and not always heard of a closing.
        heard = "" if customers is None else customers["stage"]
        end = heard if {books.stage, heard} <= FULFILLED else books.stage
        yield from _copy(books, "customers", customers, {"stage": end})
    elif books.stage in ("confirmed", "in_progress"):
        yield from _copy(books, "customers", customers, {"revision": order["revision"]})


def _copy(
    books: OrderBooks, where: str, copy: object, due: Mapping[str, object]
) -> Iterator[Difference]:
    if not isinstance(copy, dict):
        yield books.difference(Kind.COPY, where, "order", "a copy", "none", announce=True)
        return
    for field, wanted in due.items():
        if copy[field] != wanted:
            yield books.difference(
                Kind.COPY, where, f"order's {field}", wanted, copy[field], announce=True
            )


def _lines_at_inventory(books: OrderBooks) -> Iterator[Difference]:
    if books.orders is None or books.inventory is None:
        return
    copied = {line["line_id"]: line for line in books.inventory["lines"]}
    for line in books.lines:
        copy = copied.pop(line.id, None)
        facts = ("nothing",) * 4 if copy is None else (
            copy["product_id"],
            shown(number(copy["quantity"])),
            copy["supply"],
            copy["short_closed"] == "true",
        )  # fmt: skip
        due = (
            line.row["product_id"],
            shown(line.quantity),
            line.row["supply"],
            line.is_short_closed,
        )
        if facts != due:
            yield books.difference(Kind.COPY, "inventory", line.name, due, facts, announce=True)
    for line_id in copied:
        yield books.difference(
            Kind.COPY, "inventory", f"line {line_id}", "no such line", "a line", announce=True
        )
