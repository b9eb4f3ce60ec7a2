"""Customers with their contacts, seals and addresses, in and out."""

from marshmallow import fields, validate

from chassis.schema import Copy, Identity, Message, Moment, PageRequest, Text, one_of
from services.customers.domain.grade import Grade
from services.customers.domain.words import CustomerKind
from services.customers.schemas.shared_fields import Change, code

MOST_PARTS = 100


class ContactFields(Message):
    """A person at a customer."""

    name = Text(required=True, least=1, most=120)
    title = Text(most=120)
    phone = Text(most=60)
    email = Text(most=200)
    may_sign = fields.Boolean()
    note = Text(most=1000)


class SealFields(Message):
    """A seal on file."""

    code = Text(required=True, least=1, most=40)
    description = Text(most=500)


class AddressFields(Message):
    """A place that goods are sent to."""

    address = Text(required=True, least=1, most=300)
    label = Text(most=60)
    region = Text(most=60)
    postal_code = Text(most=20)
    consignee = Text(most=120)
    phone = Text(most=60)
    is_default = fields.Boolean()


class CustomerFile(Message):
    """What a customer's file says; in a change only what is to be different."""

    name = Text(least=1, most=200)
    short_name = Text(most=60)
    kind = one_of(CustomerKind)
    region = Text(most=60)
    salesperson_id = Text(least=1, most=80, allow_none=True)
    salesperson_name = Text(most=120, allow_none=True)
    phone = Text(most=60)
    tax_number = Text(most=40)
    notes = Text(most=4000)


class CreateCustomer(CustomerFile):
    """A new customer; without a code it gets one."""

    customer_code = code(load_default=None, allow_none=True)
    name = Text(required=True, least=1, most=200)
    contacts = fields.List(fields.Nested(ContactFields), validate=validate.Length(max=MOST_PARTS))
    seals = fields.List(fields.Nested(SealFields), validate=validate.Length(max=MOST_PARTS))
    addresses = fields.List(fields.Nested(AddressFields), validate=validate.Length(max=MOST_PARTS))


class ChangedFile(CustomerFile):
    """What is to be different in a customer's file."""

    active = fields.Boolean()


class ChangeCustomer(Change):
    """A change of a customer's file."""

    customer_code = code(required=True)
    changes = fields.Nested(ChangedFile, required=True)


class ChangeGrade(Change):
    """A decision about a customer's grade."""

    customer_code = code(required=True)
    grade = one_of(Grade, required=True)


class GetCustomer(Message):
    """Which customer."""

    customer_code = code(required=True)


class SearchCustomers(PageRequest):
    """What customers are looked for by; all that is given must fit."""

    text = Text(load_default=None, allow_none=True, most=60)
    region = Text(load_default=None, allow_none=True, most=60)
    grade = one_of(Grade, load_default=None, allow_none=True)
    salesperson_id = Text(load_default=None, allow_none=True, most=80)
    active = fields.Boolean(load_default=None, allow_none=True)


class PartOf(Change):
    """Of which customer."""

    customer_code = code(required=True)


class AddContact(PartOf):
    """A new contact."""

    contact = fields.Nested(ContactFields, required=True)


class ChangeContact(PartOf):
    """What is to be different of a contact."""

    contact_id = Identity(required=True)
    changes = fields.Nested(ContactFields(partial=True), required=True)


class RemoveContact(PartOf):
    """A contact that is no longer one."""

    contact_id = Identity(required=True)


class AddSeal(PartOf):
    """A new seal on file."""

    seal = fields.Nested(SealFields, required=True)


class ChangeSeal(PartOf):
    """What is to be different of a seal's file."""

    seal_id = Identity(required=True)
    changes = fields.Nested(SealFields(partial=True), required=True)


class RemoveSeal(PartOf):
    """A seal that no longer counts."""

    seal_id = Identity(required=True)


class AddAddress(PartOf):
    """A new address."""

    address = fields.Nested(AddressFields, required=True)


class ChangeAddress(PartOf):
    """What is to be different of an address."""

    address_id = Identity(required=True)
    changes = fields.Nested(AddressFields(partial=True), required=True)


class RemoveAddress(PartOf):
    """An address that no longer is one."""

    address_id = Identity(required=True)


class ContactView(ContactFields):
    """A contact on file."""

    id = Identity()


class SealView(SealFields):
    """A seal on file."""

    id = Identity()


class AddressView(AddressFields):
    """An address on file."""

    id = Identity()


class GradeChangeView(Message):
    """One decision about the grade."""

    old = one_of(Grade, allow_none=True)
    new = one_of(Grade)
    at = Moment()
    by_name = fields.String()
    reason = fields.String(allow_none=True)
    note = fields.String(allow_none=True)


class CustomerRow(Message):
    """A customer as a list shows it."""

    id = Identity()
    customer_code = fields.String(attribute="code")
    version = fields.Integer()
    name = fields.String()
    short_name = fields.String()
    kind = one_of(CustomerKind)
    grade = one_of(Grade)
    region = fields.String()
    salesperson_id = fields.String(allow_none=True)
    salesperson_name = fields.String(allow_none=True)
    phone = fields.String()
    phone_tail = fields.String()
    active = fields.Boolean()


class CustomerView(CustomerRow):
    """A customer's whole file."""

    tax_number = fields.String()
    notes = fields.String()
    created_at = Moment()
    contacts = fields.List(fields.Nested(ContactView))
    seals = fields.List(fields.Nested(SealView))
    addresses = fields.List(fields.Nested(AddressView))
    grade_changes = fields.List(fields.Nested(GradeChangeView))


class CheckSignatory(Copy):
    """Who signed or stamped a returned copy."""

    customer_id = Identity(required=True)
    signatory_name = fields.String(load_default=None, allow_none=True)
    seal_code = fields.String(load_default=None, allow_none=True)


class OfCustomer(Copy):
    """About which customer a neighbour asks."""

    customer_id = Identity(required=True)


class AnnouncedCustomer(Message):
    """The public view of a customer; listeners keep what they need of it, newer wins."""

    id = Identity()
    code = fields.String()
    name = fields.String()
    short_name = fields.String()
    grade = one_of(Grade)
    region = fields.String()
    salesperson_id = fields.String(allow_none=True)
    salesperson_name = fields.String(allow_none=True)
    phone_tail = fields.String()
    active = fields.Boolean()


class CustomerFact(Message):
    """A fact about a customer."""

    customer = fields.Nested(AnnouncedCustomer)
