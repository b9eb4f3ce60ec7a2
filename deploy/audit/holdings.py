"""What an order holds against SPEC §5's table of what is held, until when."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from chassis.money import ZERO, share_largest_remainder
from chassis.quantity import with_tolerance
from deploy.audit.difference import Difference, Kind, Row, number, shown
from deploy.audit.order import ENDED, MADE, NOTHING, STARTED, Line, OrderBooks


def compare(books: OrderBooks) -> Iterator[Difference]:
    """Give every difference between what the order should hold and what is held for it."""
    if books.is_in_talk:
        return
    if books.orders is None:
        yield from _unknown(books)
        return
    yield from _credit(books)
    yield from _receivable(books)
    yield from _stock(books)
    yield from _material(books)
    yield from _slots(books)
    yield from _blocks(books)


def _unknown(books: OrderBooks) -> Iterator[Difference]:
    held = {
        "credit": NOTHING if books.credit is None else number(books.credit["reservation"]),
        "finished stock": sum(_by_line(books, "stock", "quantity").values(), NOTHING),
        "raw material": sum(_by_line(books, "material", "held").values(), NOTHING),
        "slots": sum(_by_line(books, "slots", "unused").values(), NOTHING),
    }
    for what, quantity in held.items():
        if quantity:
            where = "customers" if what == "credit" else "inventory"
            yield books.difference(
                Kind.UNKNOWN_ORDER, where, f"{what} of order {books.order_id}", 0,
                shown(quantity), announce=False,
            )  # fmt: skip


# -- credit --------------------------------------------------------------------------------


def _credit(books: OrderBooks) -> Iterator[Difference]:
    credit = books.credit
    if credit is None:
        if books.is_settled and not _is_imported(books):
            yield books.difference(
                Kind.CREDIT_HELD, "customers", "credit", "an answer", "none", announce=False
            )
        return
    reserved = number(credit["reservation"])
    if not books.holds:
        if reserved:
            yield books.difference(
                Kind.CREDIT_HELD, "customers", f"{books.stage}, credit", 0, shown(reserved),
                announce=True,
            )  # fmt: skip
        return
    if not books.is_settled or _is_imported(books):
        return
    if _should_reserve(books, credit) and not credit["reserves"]:
        yield books.difference(
            Kind.CREDIT_HELD, "customers", "credit", "reserved", "not reserved", announce=False
        )
    asked = sum((line.at_upper_tolerance for line in books.lines), ZERO)
    if number(credit["amount"]) != asked:
        yield books.difference(
            Kind.CREDIT_HELD, "customers", "credit asked for", shown(asked),
            shown(number(credit["amount"])), announce=False,
        )  # fmt: skip
    due = _reservation(books.lines, number(credit["amount"])) if credit["reserves"] else ZERO
    if reserved != due:
        yield books.difference(
            Kind.CREDIT_HELD, "customers", "credit", shown(due), shown(reserved), announce=False
        )


def _is_imported(books: OrderBooks) -> bool:
    return bool(books.orders and books.orders["imported"])


def _should_reserve(books: OrderBooks, credit: Row) -> bool:
    gate = books.orders["credit_gate"] if books.orders else None
    return bool(gate and gate["verdict"] == "passed" and credit["terms"] != "prepaid")


def _reservation(lines: list[Line], amount: Decimal) -> Decimal:
    """Give what of `amount` is still to be held, by what was accepted and has left.

    A line costs its share of the amount until the last of it is accepted or it is
    short-closed, then what it is worth; what has left of it is a receivable instead.
    """
    if not any(line.gone or line.is_short_closed or line.accepted is not None for line in lines):
        return amount
    weights = [
        line.at_upper_tolerance if not line.is_made else _upper_value(line) for line in lines
    ]
    rest = ZERO
    for line, share in zip(lines, share_largest_remainder(amount, weights), strict=True):
        left = line.value(line.gone)
        if line.is_short_closed:
            part = left
        elif line.accepted is not None and line.is_made_to_the_end:
            part = line.value(max(line.gone, line.accepted))
        else:
            part = max(left, share)
        rest += max(ZERO, part - left)
    return rest


def _upper_value(line: Line) -> Decimal:
    over = number(line.row["tolerance_over"])
    return line.value(with_tolerance(line.quantity, over, line.row["unit_decimals"], over=True))


def _receivable(books: OrderBooks) -> Iterator[Difference]:
    due = sum((line.value(line.gone) for line in books.lines), ZERO)
    found = NOTHING if books.credit is None else number(books.credit["receivable"])
    if found != due:
        yield books.difference(
            Kind.RECEIVABLE, "customers", "receivable", shown(due), shown(found), announce=False
        )


# -- goods, material, slots ----------------------------------------------------------------


def _stock(books: OrderBooks) -> Iterator[Difference]:
    held, surplus = _by_line(books, "stock", "quantity"), _by_line(books, "stock", "surplus")
    for line, quantity in _with_unknown_lines(books, held):
        found = held.get(quantity, NOTHING)
        if surplus.get(quantity):
            yield books.difference(
                Kind.STOCK_SURPLUS, "inventory", _name(line, quantity), 0,
                shown(surplus[quantity]), announce=False,
            )  # fmt: skip
        if books.stage == "draft" and books.holds:
            continue
        due = _stock_due(line) if line is not None and books.holds else NOTHING
        fits = found <= due if _is_imported(books) else found == due
        if not fits:
            yield books.difference(
                Kind.STOCK_HELD, "inventory", _name(line, quantity), shown(due), shown(found),
                announce=not books.holds,
            )  # fmt: skip


def _stock_due(line: Line) -> Decimal:
    """Give what a line should hold: what is there for it and has not left."""
    if line.is_short_closed:
        return NOTHING
    there = (line.accepted or NOTHING) if line.is_made else line.quantity
    return max(NOTHING, there - line.gone)


def _material(books: OrderBooks) -> Iterator[Difference]:
    if books.inventory is None:
        return
    lines = {line.id: line for line in books.lines}
    for claim in books.inventory["material"]:
        line = lines.get(claim["line_id"])
        held, demand = number(claim["held"]), number(claim["demand"])
        subject = f"{_name(line, claim['line_id'])}, {claim['material_code']}"
        over = line is None or line.is_short_closed or _latest_in(line, STARTED)
        if held and (not books.holds or (over and books.is_settled)):
            yield books.difference(
                Kind.MATERIAL_HELD, "inventory", subject, 0, shown(held), announce=not books.holds
            )
        elif line is not None and _latest_in(line, STARTED) and not number(claim["consumed"]):
            yield books.difference(
                Kind.MATERIAL_HELD, "inventory", f"{subject} consumed", shown(demand), 0,
                announce=False,
            )  # fmt: skip
        elif held != demand and not over and _is_signed_for(books):
            yield books.difference(
                Kind.MATERIAL_HELD, "inventory", subject, shown(demand), shown(held),
                announce=False,
            )  # fmt: skip


def _is_signed_for(books: OrderBooks) -> bool:
    """Whether the technician's signature stands for the order as it is."""
    if books.orders is None or books.inventory is None or not books.is_settled:
        return False
    if books.stage in ("in_review", "cancel_requested") or books.inventory["is_stopped"]:
        return False
    signed = [each for each in books.inventory["statements"] if each["kind"] == "material"]
    return bool(signed) and signed[-1]["verdict"] == "passed" and not books.inventory["waits"]


def _slots(books: OrderBooks) -> Iterator[Difference]:
    lines = {line.id: line for line in books.lines}
    for line_id, unused in _by_line(books, "slots", "unused").items():
        line = lines.get(line_id)
        over = line is None or line.is_short_closed or _all_in(line, MADE)
        if unused and (not books.holds or (over and books.is_settled)):
            yield books.difference(
                Kind.SLOT_HELD, "inventory", _name(line, line_id), 0, shown(unused),
                announce=not books.holds,
            )  # fmt: skip


def _latest_in(line: Line, states: frozenset[str]) -> bool:
    """Whether the line's latest instruction is there; a further one claims material anew."""
    return bool(line.instructions) and line.instructions[-1]["state"] in states


def _all_in(line: Line, states: frozenset[str]) -> bool:
    standing = [each for each in line.instructions if each["state"] != "cancelled"]
    return bool(standing) and all(each["state"] in states for each in standing)


def _by_line(books: OrderBooks, book: str, field: str) -> Mapping[str, Decimal]:
    rows: Iterable[Row] = () if books.inventory is None else books.inventory[book]
    sums: dict[str, Decimal] = defaultdict(lambda: NOTHING)
    for row in rows:
        sums[row["line_id"]] += number(row[field])
    return sums


def _with_unknown_lines(
    books: OrderBooks, held: Mapping[str, Decimal]
) -> Iterator[tuple[Line | None, str]]:
    known = {line.id: line for line in books.lines}
    for line_id in sorted({*known, *held}):
        yield known.get(line_id), line_id


def _name(line: Line | None, line_id: str) -> str:
    return line.name if line is not None else f"a line that is gone ({line_id})"


# -- blocks --------------------------------------------------------------------------------


def _blocks(books: OrderBooks) -> Iterator[Difference]:
    if books.orders is None or books.stage in ENDED or books.stage == "cancel_requested":
        return
    on_hold = bool(books.orders["on_hold"])
    due = "on hold" if on_hold else "free"

    def report(where: str, subject: str, found: str) -> Difference:
        return books.difference(Kind.BLOCK, where, subject, due, found, announce=False)

    if books.inventory is not None and bool(books.inventory["blocks"]) != on_hold:
        yield report("inventory", "order", "on hold" if books.inventory["blocks"] else "free")
    if books.shipping is None:
        return
    if (books.shipping["blocked"] == "hold") != on_hold or books.shipping["blocked"] == "cancel":
        yield report("shipping", "order", books.shipping["blocked"] or "free")
    for shipment in books.shipments:
        if shipment["has_left"] or shipment["state"] == "cancelled" or shipment["overridden"]:
            continue
        if (shipment["blocked"] is not None) != on_hold:
            yield report(
                "shipping", f"shipment {shipment['number']}", shipment["blocked"] or "free"
            )
