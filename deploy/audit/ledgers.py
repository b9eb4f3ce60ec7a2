"""Balances against the ledgers they are the sums of, and against what is held of them."""

from collections.abc import Iterator

from deploy.audit.difference import Difference, Kind, Row, number, shown


def _sums(
    row: Row, kind: Kind, where: str, subject: str, pairs: dict[str, tuple[str, str]]
) -> Iterator[Difference]:
    """Give a difference for each (expected, found) pair of fields that does not agree."""
    for what, (expected, found) in pairs.items():
        if number(row[expected]) != number(row[found]):
            yield Difference(
                kind,
                where,
                f"{subject} {what}",
                shown(number(row[expected])),
                shown(number(row[found])),
            )


def stock(row: Row) -> Iterator[Difference]:
    """Compare one balance of finished stock with its ledger and the orders' reservations."""
    subject = f"{row['product_code']} in {row['store_code']}, {row['condition']}"
    yield from _sums(
        row,
        Kind.STOCK_LEDGER,
        "inventory",
        subject,
        {"on hand": ("ledger_on_hand", "on_hand"), "reserved": ("ledger_reserved", "reserved")},
    )
    yield from _sums(
        row, Kind.STOCK_RESERVED, "inventory", subject, {"reserved": ("held", "reserved")}
    )


def materials(row: Row) -> Iterator[Difference]:
    """Compare one material's balance with its ledger and the orders' claims."""
    subject = str(row["material_code"])
    yield from _sums(
        row,
        Kind.MATERIAL_LEDGER,
        "inventory",
        subject,
        {"on hand": ("ledger_on_hand", "on_hand"), "reserved": ("ledger_reserved", "reserved")},
    )
    yield from _sums(
        row, Kind.MATERIAL_RESERVED, "inventory", subject, {"reserved": ("held", "reserved")}
    )


def accounts(row: Row) -> Iterator[Difference]:
    """Compare one credit account with the sums over its orders, its ledger and its payments."""
    subject = f"customer {row['code']}"
    yield from _sums(
        row,
        Kind.EXPOSURE,
        "customers",
        subject,
        {"exposure": ("orders_exposure", "exposure"), "granted": ("orders_granted", "granted")},
    )
    yield from _sums(
        row,
        Kind.CREDIT_LEDGER,
        "customers",
        subject,
        {"customer's credit": ("ledger_credit", "customer_credit")},
    )
    came = number(row["verified_payments"]) + number(row["orders_refunded"])
    stands = number(row["orders_verified"]) + number(row["customer_credit"])
    if came != stands:
        yield Difference(Kind.MONEY, "customers", subject, shown(came), shown(stands))


def order_credit(row: Row) -> Iterator[Difference]:
    """Compare what one order reserves, owes and has paid with the ledger's entries for it."""
    credit = row["credit"]
    if credit is None:
        return
    for what in ("reservation", "receivable", "verified"):
        booked, stands = number(credit["ledger"][what]), number(credit[what])
        if booked != stands:
            yield Difference(
                Kind.CREDIT_LEDGER,
                "customers",
                what,
                shown(booked),
                shown(stands),
                row["order_number"],
            )
