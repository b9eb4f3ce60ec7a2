"""The entrypoints of the customers service: schema → use case → schema."""

from datetime import datetime
from typing import Any, TypeAlias

from chassis.clock import business_date
from chassis.database import Work
from chassis.entrypoints import AnswersRelay, daily, listens_to
from chassis.events import Received
from chassis.schema import dump
from chassis.service import Database, Service, command, query
from services.customers.domain.credit import Request
from services.customers.domain.customer import Address, Contact, Seal
from services.customers.domain.lifecycle import Standing
from services.customers.domain.rules import RULES
from services.customers.schemas import contracts, credit, customers, facts, payments, work_items
from services.customers.schemas.shared_fields import page
from services.customers.storage import customers as customer_storage
from services.customers.storage import platform
from services.customers.storage.books import BOOKS
from services.customers.use_cases import access, actions, work_list
from services.customers.use_cases import contracts as contract_cases
from services.customers.use_cases import coupons as coupon_cases
from services.customers.use_cases import credit as credit_cases
from services.customers.use_cases import customers as customer_cases
from services.customers.use_cases import facts as fact_cases
from services.customers.use_cases import grades as grade_cases
from services.customers.use_cases import invoices as invoice_cases
from services.customers.use_cases import notices as notice_cases
from services.customers.use_cases import payments as payment_cases
from services.customers.use_cases import release as release_cases

Body: TypeAlias = dict[str, Any]

_customer, _customers = customers.CustomerView(), customers.CustomerRow()
_contract = contracts.ContractView()
_payment, _notice, _invoice = payments.PaymentView(), payments.NoticeView(), payments.InvoiceView()
_money, _account, _answer = (
    credit.MoneyView(),
    credit.CreditAccountView(),
    credit.CreditAnswerView(),
)
_work_item = work_items.WorkItem()


class CustomersService(Service, AnswersRelay):
    """Who buys, on what terms, and what they owe."""

    name = "customers"
    database = Database(platform, events=facts.EVENTS, rules=RULES)
    books = BOOKS

    # -- customers -------------------------------------------------------------------------

    @command(customers.CreateCustomer)
    def create_customer(self, work: Work, request: Body) -> Any:
        """Take a new customer into the books, as C until it is assessed."""
        customer = customer_cases.create_customer(work, request)
        work.settle()
        return _customer.dump(customer)

    @command(customers.ChangeCustomer)
    def change_customer(self, work: Work, request: Body) -> Any:
        """Change a customer's file, and say why."""
        code, changes = request.pop("customer_code"), request.pop("changes")
        customer = customer_cases.change_customer(work, code, changes, **request)
        work.settle()
        return _customer.dump(customer)

    @command(customers.ChangeGrade)
    def change_grade(self, work: Work, request: Body) -> Any:
        """Give a customer another grade: finance or the director."""
        customer = customer_cases.change_grade(work, **request)
        work.settle()
        return _customer.dump(customer)

    @query(customers.GetCustomer)
    def get_customer(self, work: Work, request: Body) -> Any:
        """Give a customer's whole file."""
        return _customer.dump(customer_cases.get_customer(work, **request))

    @query(customers.SearchCustomers)
    def search_customers(self, work: Work, request: Body) -> Any:
        """Find customers by code, name, phone, region, grade or salesperson."""
        limit, after = request.pop("limit"), request.pop("after")
        wish = customer_storage.Search(**request)
        found = customer_cases.search_customers(work, wish, limit=limit, after=after)
        return page(_customers, found)

    @query(customers.GetCustomer)
    def list_customer_actions(self, work: Work, request: Body) -> Any:
        """Give what may be done with a customer now, by whom."""
        return {"items": actions.list_customer_actions(work, **request)}

    @query(customers.GetCustomer)
    def propose_grades(self, work: Work, request: Body) -> Any:
        """Give the grade that a customer's figures propose, with the figures."""
        return grade_cases.propose_grade(work, **request)

    @command(customers.AddContact)
    def add_contact(self, work: Work, request: Body) -> Any:
        """Put a contact on a customer's file."""
        code, values = request.pop("customer_code"), request.pop("contact")
        customer = customer_cases.add_part(work, code, Contact, values, **request)
        work.settle()
        return _customer.dump(customer)

    @command(customers.ChangeContact)
    def change_contact(self, work: Work, request: Body) -> Any:
        """Change a contact on a customer's file."""
        part, changes = request.pop("contact_id"), request.pop("changes")
        code = request.pop("customer_code")
        customer = customer_cases.change_part(work, code, Contact, part, changes, **request)
        work.settle()
        return _customer.dump(customer)

    @command(customers.RemoveContact)
    def remove_contact(self, work: Work, request: Body) -> Any:
        """Take a contact off a customer's file."""
        part, code = request.pop("contact_id"), request.pop("customer_code")
        customer = customer_cases.remove_part(work, code, Contact, part, **request)
        work.settle()
        return _customer.dump(customer)

    @command(customers.AddSeal)
    def add_seal(self, work: Work, request: Body) -> Any:
        """Put a seal on a customer's file."""
        code, values = request.pop("customer_code"), request.pop("seal")
        customer = customer_cases.add_part(work, code, Seal, values, **request)
        work.settle()
        return _customer.dump(customer)

    @command(customers.ChangeSeal)
    def change_seal(self, work: Work, request: Body) -> Any:
        """Change a seal on a customer's file."""
        part, changes = request.pop("seal_id"), request.pop("changes")
        code = request.pop("customer_code")
        customer = customer_cases.change_part(work, code, Seal, part, changes, **request)
        work.settle()
        return _customer.dump(customer)

    @command(customers.RemoveSeal)
    def remove_seal(self, work: Work, request: Body) -> Any:
        """Take a seal off a customer's file."""
        part, code = request.pop("seal_id"), request.pop("customer_code")
        customer = customer_cases.remove_part(work, code, Seal, part, **request)
        work.settle()
        return _customer.dump(customer)

    @command(customers.AddAddress)
    def add_address(self, work: Work, request: Body) -> Any:
        """Put an address on a customer's file."""
        code, values = request.pop("customer_code"), request.pop("address")
        customer = customer_cases.add_part(work, code, Address, values, **request)
        work.settle()
        return _customer.dump(customer)

    @command(customers.ChangeAddress)
    def change_address(self, work: Work, request: Body) -> Any:
        """Change an address on a customer's file."""
        part, changes = request.pop("address_id"), request.pop("changes")
        code = request.pop("customer_code")
        customer = customer_cases.change_part(work, code, Address, part, changes, **request)
        work.settle()
        return _customer.dump(customer)

    @command(customers.RemoveAddress)
    def remove_address(self, work: Work, request: Body) -> Any:
        """Take an address off a customer's file."""
        part, code = request.pop("address_id"), request.pop("customer_code")
        customer = customer_cases.remove_part(work, code, Address, part, **request)
        work.settle()
        return _customer.dump(customer)

    # -- contracts -------------------------------------------------------------------------

    @command(contracts.DraftContract)
    def draft_contract(self, work: Work, request: Body) -> Any:
        """Write down what is to be agreed with a customer."""
        code = request.pop("customer_code")
        return _contract.dump(contract_cases.draft_contract(work, code, request))

    @command(contracts.ChangeContract)
    def change_contract(self, work: Work, request: Body) -> Any:
        """Write a draft anew."""
        number, changes = request.pop("contract_number"), request.pop("changes")
        return _contract.dump(contract_cases.change_contract(work, number, changes, **request))

    @command(contracts.MoveContract)
    def approve_contract(self, work: Work, request: Body) -> Any:
        """Agree to a contract's terms: finance."""
        return _contract.dump(contract_cases.approve_contract(work, **request))

    @command(contracts.MoveContract)
    def send_back_contract(self, work: Work, request: Body) -> Any:
        """Give an approved contract back to be rewritten."""
        return _contract.dump(contract_cases.send_back_contract(work, **request))

    @command(contracts.SignContract)
    def sign_contract(self, work: Work, request: Body) -> Any:
        """Note that both sides have signed; it counts from the day when it begins."""
        return _contract.dump(contract_cases.sign_contract(work, **request))

    @command(contracts.MoveContract)
    def end_contract(self, work: Work, request: Body) -> Any:
        """End a contract, or drop one that was not signed."""
        return _contract.dump(contract_cases.end_contract(work, **request))

    @query(contracts.OfContract)
    def get_contract(self, work: Work, request: Body) -> Any:
        """Give a contract."""
        return _contract.dump(contract_cases.visible_contract(work, request["contract_number"]))

    @query(contracts.ListContracts)
    def list_contracts(self, work: Work, request: Body) -> Any:
        """Give a page of contracts, the newest first."""
        return page(_contract, contract_cases.list_contracts(work, **request))

    @query(contracts.OfContract)
    def list_contract_actions(self, work: Work, request: Body) -> Any:
        """Give what may be done with a contract now, by whom."""
        return {"items": actions.list_contract_actions(work, **request)}

    # -- credit ----------------------------------------------------------------------------

    @command(credit.ReserveCredit, derived_key=True)
    def reserve_credit(self, work: Work, request: Body) -> Any:
        """Check an order's credit and reserve it, in one step."""
        order_id, customer_id = request.pop("order_id"), request.pop("customer_id")
        asked = Request(**request, command_id=work.key or "")
        return _answer.dump(credit_cases.reserve_credit(work, order_id, customer_id, asked))

    @command(credit.UndoCredit, derived_key=True)
    def undo_credit(self, work: Work, request: Body) -> Any:
        """Take back what one exact command reserved, or see that it never will."""
        credit_cases.undo_credit(work, **request)
        return {}

    @query(credit.OfOrder)
    def check_production_terms(self, work: Work, request: Body) -> Any:
        """Say what the grade and the money allow an order's making at this moment."""
        return dump(
            credit.ProductionTermsView, credit_cases.check_production_terms(work, **request)
        )

    @query(customers.CheckSignatory)
    def check_signatory(self, work: Work, request: Body) -> Any:
        """Say whether a copy so signed or stamped binds the customer."""
        customer_id = request.pop("customer_id")
        return customer_cases.check_signatory(work, customer_id, **request)

    @query(customers.OfCustomer)
    def get_terms(self, work: Work, request: Body) -> Any:
        """Give a customer's terms as they are now."""
        return dump(credit.TermsView, customer_cases.get_terms(work, **request))

    @query(credit.CheckRelease)
    def check_release(self, work: Work, request: Body) -> Any:
        """Say whether a shipment may leave now, and why not."""
        order_id = request.pop("order_id")
        request["lines"] = [release_cases.ShipmentLine(**line) for line in request["lines"]]
        if request["before"] is not None:
            before = [(line["line_id"], line["quantity"]) for line in request["before"]]
            request["before"] = before
        verdict = release_cases.check_release(work, order_id, **request)
        return dump(credit.ReleaseView, verdict)

    @command(credit.SetCreditLimit)
    def set_credit_limit(self, work: Work, request: Body) -> Any:
        """Set a customer's own limit, or give back its contract's or grade's."""
        code, limit = request.pop("customer_code"), request.pop("credit_limit")
        return _account.dump(credit_cases.set_credit_limit(work, code, limit, **request))

    @query(credit.GetCreditAccount)
    def get_credit_account(self, work: Work, request: Body) -> Any:
        """Give a customer's limit, exposure, receivables by age, and open orders."""
        return _account.dump(credit_cases.get_credit_account(work, **request))

    @query(credit.ListOfCustomer)
    def list_order_credits(self, work: Work, request: Body) -> Any:
        """Give a page of a customer's orders with their money."""
        code = request.pop("customer_code")
        return page(_money, credit_cases.list_order_credits(work, code, **request))

    @query(credit.ListOfCustomer)
    def list_ledger(self, work: Work, request: Body) -> Any:
        """Give a page of the movements of a customer's account."""
        code = request.pop("customer_code")
        found = credit_cases.list_ledger(work, code, **request)
        return page(credit.LedgerEntryView(), found)

    @query(credit.ListOfCustomer)
    def list_coupons(self, work: Work, request: Body) -> Any:
        """Give a page of a customer's coupons."""
        code = request.pop("customer_code")
        found = coupon_cases.list_coupons(work, code, **request)
        return page(credit.CouponView(), found)

    @query(credit.ListReceivables)
    def list_receivables(self, work: Work, request: Body) -> Any:
        """Give a page of the customers that owe, with their debts by age."""
        found = credit_cases.list_receivables(work, **request)
        return page(credit.ReceivablesRow(), found)

    # -- payments, notices, invoices -------------------------------------------------------

    @command(payments.RecordPayment)
    def record_payment(self, work: Work, request: Body) -> Any:
        """Record money that somebody says was paid."""
        payment = payment_cases.record_payment(work, **request)
        work.settle()
        return _payment.dump(payment)

    @command(payments.VerifyPayment)
    def verify_payment(self, work: Work, request: Body) -> Any:
        """Find a payment on the account: finance."""
        payment = payment_cases.verify_payment(work, **request)
        work.settle()
        return _payment.dump(payment)

    @command(payments.JudgePayment)
    def reject_payment(self, work: Work, request: Body) -> Any:
        """Say that a payment is not on the account: finance."""
        payment = payment_cases.reject_payment(work, **request)
        work.settle()
        return _payment.dump(payment)

    @command(payments.JudgePayment)
    def reverse_payment(self, work: Work, request: Body) -> Any:
        """Book that verified money went back: finance."""
        payment = payment_cases.reverse_payment(work, **request)
        work.settle()
        return _payment.dump(payment)

    @command(payments.UseCustomerCredit)
    def use_customer_credit(self, work: Work, request: Body) -> Any:
        """Pay for an order out of what we owe its customer: finance."""
        payment = payment_cases.use_customer_credit(work, **request)
        work.settle()
        return _payment.dump(payment)

    @query(payments.OfPayment)
    def get_payment(self, work: Work, request: Body) -> Any:
        """Give a payment."""
        return _payment.dump(payment_cases.visible_payment(work, request["payment_number"]))

    @query(payments.ListPayments)
    def list_payments(self, work: Work, request: Body) -> Any:
        """Give a page of payments, the newest first."""
        return page(_payment, payment_cases.list_payments(work, **request))

    @query(payments.OfPayment)
    def list_payment_actions(self, work: Work, request: Body) -> Any:
        """Give what may be done with a payment now, by whom."""
        return {"items": actions.list_payment_actions(work, **request)}

    @query(payments.GetOrderMoney)
    def get_order_money(self, work: Work, request: Body) -> Any:
        """Give all the money of one order."""
        return dump(payments.OrderMoneyPage, invoice_cases.get_order_money(work, **request))

    @command(payments.MakeNotice)
    def make_notice(self, work: Work, request: Body) -> Any:
        """Draft a notice of what an order has to pay now."""
        order = access.visible_order(work, request["order_number"])
        notice = notice_cases.make_notice(work, order, request["kind"])
        work.settle()
        return _notice.dump(notice)

    @command(payments.MarkNoticeSent)
    def mark_notice_sent(self, work: Work, request: Body) -> Any:
        """Note that a person sent a notice, how, and that it was received clearly."""
        notice = notice_cases.mark_notice_sent(work, **request)
        work.settle()
        return _notice.dump(notice)

    @query(payments.OfNotice)
    def get_notice(self, work: Work, request: Body) -> Any:
        """Give all that the printed notice shows."""
        return dump(payments.NoticePage, notice_cases.get_notice(work, **request))

    @query(payments.ListNotices)
    def list_notices(self, work: Work, request: Body) -> Any:
        """Give a page of notices, the newest first."""
        return page(_notice, notice_cases.list_notices(work, **request))

    @query(payments.OfNotice)
    def list_notice_actions(self, work: Work, request: Body) -> Any:
        """Give what may be done with a notice now, by whom."""
        return {"items": actions.list_notice_actions(work, **request)}

    @command(payments.MakeInvoice)
    def make_invoice(self, work: Work, request: Body) -> Any:
        """Invoice what an order has shipped: finance."""
        invoice = invoice_cases.make_invoice(work, **request)
        work.settle()
        return _invoice.dump(invoice)

    @query(payments.GetInvoice)
    def get_invoice(self, work: Work, request: Body) -> Any:
        """Give an invoice."""
        return _invoice.dump(invoice_cases.get_invoice(work, **request))

    @query(payments.ListInvoices)
    def list_invoices(self, work: Work, request: Body) -> Any:
        """Give a page of invoices, the newest first."""
        return page(_invoice, invoice_cases.list_invoices(work, **request))

    @query(work_items.WorkRequest)
    def list_work(self, work: Work, request: Body) -> Any:
        """Give what waits for the person who asks."""
        items = work_list.list_work(work, request["limit"])
        return {"items": _work_item.dump(items, many=True)}

    # -- facts of others -------------------------------------------------------------------

    @listens_to("orders", "order_confirmed", schema=facts.OrderFact)
    def keep_confirmed_order(self, work: Work, event: Received) -> None:
        fact_cases.keep_confirmed_order(work, event.data["order"], event.sequence)

    @listens_to("orders", "line_short_closed", schema=facts.OrderFact)
    def follow_short_closed_line(self, work: Work, event: Received) -> None:
        fact_cases.follow_short_closed_line(work, event.data["order"], event.sequence)

    @listens_to("orders", "order_expired", schema=facts.OrderFact)
    def free_expired_order(self, work: Work, event: Received) -> None:
        order, occurred_at = event.data["order"], event.occurred_at
        fact_cases.free_expired_order(work, order, event.sequence, occurred_at)

    @listens_to("orders", "order_cancelled", schema=facts.OrderFact)
    def free_cancelled_order(self, work: Work, event: Received) -> None:
        order = event.data["order"]
        fact_cases.free_ended_order(work, order, event.sequence, Standing.CANCELLED)

    @listens_to("orders", "order_fulfilled", schema=facts.OrderFact)
    def free_fulfilled_order(self, work: Work, event: Received) -> None:
        order = event.data["order"]
        fact_cases.free_ended_order(work, order, event.sequence, Standing.FULFILLED)

    @listens_to("orders", "order_closed", schema=facts.OrderFact)
    def free_closed_order(self, work: Work, event: Received) -> None:
        # One that was opened again ends with its next closing.
        order, at = event.data["order"], event.occurred_at
        ended = Standing.FULFILLED
        fact_cases.free_ended_order(work, order, event.sequence, ended, occurred_at=at)

    @listens_to("orders", "past_order_recorded", schema=facts.PastOrderFact)
    def keep_past_order(self, work: Work, event: Received) -> None:
        order, fulfilled = event.data["order"], event.data["fulfilled"]
        fact_cases.keep_past_order(work, order, event.sequence, fulfilled=fulfilled)

    @listens_to("inventory", "goods_stocked", schema=facts.GoodsStockedFact)
    def book_accepted_goods(self, work: Work, event: Received) -> None:
        fact_cases.book_accepted_goods(work, event.data)

    @listens_to("shipping", "shipment_released", schema=facts.ShipmentFact)
    def keep_released_shipment(self, work: Work, event: Received) -> None:
        shipment = event.data["shipment"]
        fact_cases.keep_shipment(work, shipment, event.sequence, is_live=True)

    @listens_to("shipping", "release_withdrawn", schema=facts.ShipmentFact)
    def forget_release(self, work: Work, event: Received) -> None:
        shipment = event.data["shipment"]
        fact_cases.keep_shipment(work, shipment, event.sequence, is_live=False)

    @listens_to("shipping", "shipment_cancelled", schema=facts.ShipmentFact)
    def forget_cancelled_shipment(self, work: Work, event: Received) -> None:
        shipment = event.data["shipment"]
        fact_cases.keep_shipment(work, shipment, event.sequence, is_live=False)

    @listens_to("shipping", "shipment_dispatched", schema=facts.ShipmentFact)
    def book_dispatched_shipment(self, work: Work, event: Received) -> None:
        fact_cases.book_dispatched_shipment(work, event.data["shipment"], event.sequence)

    @listens_to("aftersales", "refund_settled", schema=facts.RefundSettledFact)
    def book_refund(self, work: Work, event: Received) -> None:
        fact_cases.book_refund(work, event.data)

    @daily("follow_contracts", at="00:15")
    def follow_contracts(self, work: Work, slot: datetime) -> None:
        contract_cases.follow_contracts(work, business_date(slot))

    @daily("look_for_credit_stops", at="00:20")
    def look_for_credit_stops(self, work: Work, slot: Any) -> None:  # noqa: ARG002  same every day
        credit_cases.look_for_credit_stops(work)
