"""Customers, their contacts, seals and addresses, and their grades."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID, uuid4

from chassis.database import Work
from chassis.errors import guard_version
from chassis.reasons import Reason
from services.customers.domain.credit import CreditAccount
from services.customers.domain.customer import Address, Contact, Customer, Seal, facts_of
from services.customers.domain.grade import Grade, Policy, policy_in_force
from services.customers.domain.guards import guard_note, guard_reason
from services.customers.storage import credit as credit_storage
from services.customers.storage import customers as storage
from services.customers.storage import money
from services.customers.use_cases.credit import look_at_stop_of
from services.customers.use_cases.notices import let_notices_follow_terms

Part = type[Contact] | type[Seal] | type[Address]


def create_customer(work: Work, values: Mapping[str, Any]) -> Customer:
    """Take a new customer into the books, with its credit account."""
    fields = dict(values)
    code = fields.pop("customer_code") or storage.next_code(work.session)
    customer, event = Customer.register(
        uuid4(), code, now=work.now, by=_who(work), **_with_salesperson(work, fields)
    )
    work.session.add(CreditAccount.open(customer.id))
    work.announce(event)
    storage.add(work.session, customer)
    told = {"name": customer.name} | {
        name: [facts_of(part) for part in parts]
        for name in ("contacts", "seals", "addresses")
        if (parts := getattr(customer, name))
    }
    changes = {name: [None, value] for name, value in told.items()}
    work.log("customer", code, "create_customer", changes=changes)
    return customer


def _with_salesperson(work: Work, fields: dict[str, Any]) -> dict[str, Any]:
    # A salesperson who writes down a new customer is the one it belongs to.
    if fields.get("salesperson_id") is None and work.principal.limited_to_own_customers:
        fields["salesperson_id"] = work.principal.person_id
        fields["salesperson_name"] = work.principal.name
    return fields


def change_customer(
    work: Work,
    customer_code: str,
    values: Mapping[str, Any],
    *,
    expected_version: int | None,
    reason: Reason | None,
    note: str | None,
) -> Customer:
    """Change a customer's file; says why, for it is in force."""
    customer = storage.by_code(work.session, customer_code, work.principal, lock=True)
    guard_version(f"customer {customer_code}", customer.version, expected_version)
    why = guard_reason(reason)
    changes, events = customer.change(values)
    if changes:
        customer.changed_at = work.now
        work.announce(*events)
        if "salesperson_id" in changes:
            money.hand_over_notices(work.session, customer.id, customer.salesperson_id)
        work.log(
            "customer", customer_code, "change_customer", changes=changes, reason=why, note=note
        )
    return customer


def change_grade(
    work: Work,
    customer_code: str,
    grade: Grade,
    *,
    expected_version: int | None,
    reason: Reason | None,
    note: str | None,
) -> Customer:
    """Give a customer another grade: finance or the director decides, in writing."""
    work.principal.require("finance", "director")
    customer = storage.by_code(work.session, customer_code, work.principal, lock=True)
    guard_version(f"customer {customer_code}", customer.version, expected_version)
    why, words = guard_reason(reason), guard_note(note)
    old = customer.grade
    event = customer.assess(grade, work.now, _who(work), reason=why, note=words)
    work.announce(event)
    look_at_stop_of(work, customer.id)
    let_notices_follow_terms(work, customer.id)
    work.log(
        "customer",
        customer_code,
        "change_grade",
        changes={"grade": [old, grade]},
        reason=why,
        note=words,
    )
    return customer


def get_customer(work: Work, customer_code: str) -> Customer:
    return storage.by_code(work.session, customer_code, work.principal)


def search_customers(
    work: Work, wish: storage.Search, *, limit: int, after: str | None
) -> tuple[Sequence[Customer], str | None]:
    """Give a page of customers and the cursor of the next one."""
    found = storage.search(work.session, wish, work.principal, limit=limit + 1, after=after)
    page = found[:limit]
    return page, page[-1].code if len(found) > limit else None


def add_part(
    work: Work,
    customer_code: str,
    kind: Part,
    values: Mapping[str, Any],
    *,
    expected_version: int | None,
    reason: Reason | None,
    note: str | None,
) -> Customer:
    """Put a contact, seal or address on file; says why of who or what binds the customer."""
    customer = storage.by_code(work.session, customer_code, work.principal, lock=True)
    guard_version(f"customer {customer_code}", customer.version, expected_version)
    part = kind(**values)
    if isinstance(part, Seal) or (isinstance(part, Contact) and part.may_sign):
        guard_reason(reason)
    customer.add(part)
    name = kind.__name__.lower()
    _log_part(work, customer, f"add_{name}", {name: [None, facts_of(part)]}, reason, note)
    return customer


def change_part(
    work: Work,
    customer_code: str,
    kind: Part,
    part_id: UUID,
    values: Mapping[str, Any],
    *,
    expected_version: int | None,
    reason: Reason | None,
    note: str | None,
) -> Customer:
    """Change a contact, seal or address that is on file."""
    customer = storage.by_code(work.session, customer_code, work.principal, lock=True)
    guard_version(f"customer {customer_code}", customer.version, expected_version)
    why = guard_reason(reason)
    changes = customer.change_part(kind, part_id, values)
    if changes:
        name = kind.__name__.lower()
        told = {f"{name}.{part_id}.{field}": change for field, change in changes.items()}
        _log_part(work, customer, f"change_{name}", told, why, note)
    return customer


def remove_part(
    work: Work,
    customer_code: str,
    kind: Part,
    part_id: UUID,
    *,
    expected_version: int | None,
    reason: Reason | None,
    note: str | None,
) -> Customer:
    """Take a contact, seal or address off the file; the log keeps that it was there."""
    customer = storage.by_code(work.session, customer_code, work.principal, lock=True)
    guard_version(f"customer {customer_code}", customer.version, expected_version)
    why = guard_reason(reason)
    gone = facts_of(customer.remove(kind, part_id))
    name = kind.__name__.lower()
    _log_part(work, customer, f"remove_{name}", {name: [gone, None]}, why, note)
    return customer


def _log_part(
    work: Work,
    customer: Customer,
    action: str,
    changes: Mapping[str, Any],
    reason: Reason | None,
    note: str | None,
) -> None:
    customer.changed_at = work.now
    work.log("customer", customer.code, action, changes=changes, reason=reason, note=note)


def _who(work: Work) -> tuple[str, str]:
    return work.principal.person_id, work.principal.name


# -- what neighbours ask -------------------------------------------------------------------


def policy_of(work: Work, customer_id: UUID) -> Policy:
    """Give a customer's terms as they are at this moment."""
    customer, account, contract = credit_storage.account(work.session, customer_id, work.today)
    return policy_in_force(
        customer.grade, work.setting, contract=contract, limit_set=account.limit_set
    )


def get_terms(work: Work, customer_id: UUID) -> dict[str, Any]:
    return asdict(policy_of(work, customer_id))


def check_signatory(
    work: Work, customer_id: UUID, *, signatory_name: str | None, seal_code: str | None
) -> dict[str, Any]:
    """Say whether a copy so signed or stamped binds the customer, and if not, why."""
    customer = storage.by_id(work.session, customer_id, whole=True)
    if customer.is_authorised(signatory_name, seal_code):
        return {"authorised": True, "why": None, "why_zh": None}
    signs = ", ".join(c.name for c in customer.contacts if c.may_sign) or "-"
    seals = ", ".join(seal.code for seal in customer.seals) or "-"
    return {
        "authorised": False,
        "why": f"Neither an authorised signatory ({signs}) nor a seal on file ({seals}).",
        "why_zh": f"既非授权签字人（{signs}），也非备案印章（{seals}）。",
    }
