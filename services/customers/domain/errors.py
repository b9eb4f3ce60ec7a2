"""What this service refuses, each with its code and its sentence in two languages."""

from chassis.errors import Conflict, Invalid, NotFound


class CustomerNotFound(NotFound):
    """No such customer, or not one of this salesperson's."""

    code = "customer_not_found"
    en = "There is no customer {customer}."
    zh = "没有客户 {customer}。"


class PartNotFound(NotFound):
    """A customer has no such contact, address or seal."""

    code = "customer_part_not_found"
    en = "The customer has no {part} {id}."
    zh = "该客户没有此项资料：{part} {id}。"


class OrderNotFound(NotFound):
    """This service knows no such order."""

    code = "order_not_found"
    en = "There is no order {order}."
    zh = "没有订单 {order}。"


class PaymentNotFound(NotFound):
    """No such payment."""

    code = "payment_not_found"
    en = "There is no payment {payment_number}."
    zh = "没有收款 {payment_number}。"


class ContractNotFound(NotFound):
    """No such contract."""

    code = "contract_not_found"
    en = "There is no contract {contract_number}."
    zh = "没有合同 {contract_number}。"


class NoticeNotFound(NotFound):
    """No such notice."""

    code = "notice_not_found"
    en = "There is no notice {notice_number}."
    zh = "没有通知书 {notice_number}。"


class InvoiceNotFound(NotFound):
    """No such invoice."""

    code = "invoice_not_found"
    en = "There is no invoice {invoice_number}."
    zh = "没有发票 {invoice_number}。"


class CustomerCodeTaken(Conflict):
    """Another customer has this code."""

    code = "customer_code_taken"
    en = "The customer code {customer_code} is in use."
    zh = "客户编号 {customer_code} 已被使用。"


class SealCodeTaken(Conflict):
    """One code names one seal of a customer: a sign-back says by it which was on the paper."""

    code = "seal_code_taken"
    en = "Customer {customer_code} already has a seal {seal_code}."
    zh = "客户 {customer_code} 已有编号为 {seal_code} 的印章。"


class CustomerInactive(Conflict):
    """Nothing new is begun for a customer that is no longer served."""

    code = "customer_inactive"
    en = "Customer {customer_code} is not active."
    zh = "客户 {customer_code} 已停用。"


class NoteMissing(Invalid):
    """A decision does not say in words why."""

    code = "note_missing"
    en = "Say in words why."
    zh = "请用文字说明理由。"


class SameGrade(Conflict):
    """The customer has this grade already."""

    code = "same_grade"
    en = "Customer {customer_code} is grade {grade} already."
    zh = "客户 {customer_code} 已是 {grade} 类。"


class ContractTextFixed(Conflict):
    """Only a draft's text may be changed."""

    code = "contract_text_fixed"
    en = "Contract {contract_number} is {state}; only a draft can be changed."
    zh = "合同 {contract_number} 当前为 {state}，只有草稿可以修改。"


class ContractDates(Invalid):
    """A contract would end before it begins."""

    code = "contract_dates"
    en = "A contract cannot end ({valid_until}) before it begins ({valid_from})."
    zh = "合同的终止日（{valid_until}）不能早于起始日（{valid_from}）。"


class ContractOver(Conflict):
    """What is over by now is not signed: it would only end what is in force."""

    code = "contract_over"
    en = "Contract {contract_number} was over on {valid_until}; it cannot be signed any more."
    zh = "合同 {contract_number} 已于 {valid_until} 到期，不能再签订。"


class Withdrawn(Conflict):
    """The command came after it had been taken back; it does nothing any more."""

    code = "withdrawn"
    en = "This command was taken back before it arrived; it changes nothing."
    zh = "此命令到达前已被撤回，不再生效。"


class OrderEnded(Conflict):
    """A cancelled order holds no credit again, and takes no money of its customer."""

    code = "order_ended"
    en = "Order {order_number} is cancelled; it holds no credit and is paid out of none."
    zh = "订单 {order_number} 已取消，不能再占用信用额度或使用客户余额。"


class PaidInFuture(Invalid):
    """A payment is said to have been made later than now."""

    code = "paid_in_future"
    en = "A payment cannot have been made in the future ({paid_at})."
    zh = "付款时间不能晚于当前时间（{paid_at}）。"


class PaymentTarget(Invalid):
    """A payment names neither an order nor a customer, or not the order's customer."""

    code = "payment_target"
    en = "A payment is for an order, or for a customer; where both are named they must agree."
    zh = "收款须指明订单或客户；两者都填时必须一致。"


class CreditTooSmall(Conflict):
    """A customer's credit does not cover what is to be used of it."""

    code = "customer_credit_too_small"
    en = "The customer's credit is {available}; {wanted} cannot be used."
    zh = "客户余额为 {available}，不足以使用 {wanted}。"


class NothingToPay(Conflict):
    """An order owes nothing that a notice could ask for."""

    code = "nothing_to_pay"
    en = "Order {order_number} owes nothing that a notice could ask for now."
    zh = "订单 {order_number} 当前没有需要催收的款项。"


class NothingToInvoice(Conflict):
    """All that was shipped of an order is invoiced already, or nothing was shipped."""

    code = "nothing_to_invoice"
    en = "Order {order_number} has shipped nothing that is not invoiced yet."
    zh = "订单 {order_number} 没有尚未开票的已发货金额。"


class RefundAboveSold(Conflict):
    """A refund would be more than what was sold."""

    code = "refund_above_sold"
    en = "Order {order_number}: {refunded} refunded and {amount} more exceed the {sold} sold."
    zh = "订单 {order_number}：已退 {refunded}，再退 {amount} 将超过已售金额 {sold}。"


class OrderNotKnownYet(Conflict):
    """A fact about an order came before the order itself; it is tried again."""

    code = "order_not_known_yet"
    en = "Order {order_id} has not been announced here yet."
    zh = "订单 {order_id} 的资料尚未到达。"


class CreditStopped(Conflict):
    """The customer has let a receivable become too old."""

    code = "credit_stop"
    en = "Credit stop: a receivable is {overdue_days} days overdue; deliveries stop at {stop_days}."
    zh = "信用冻结：应收款已逾期 {overdue_days} 天（满 {stop_days} 天即停止发货）。"


class BalanceNotVerified(Conflict):
    """The money that this shipment waits for is not verified."""

    code = "balance_not_verified"
    en = "The shipment is worth {value}; it may leave once {balance_due} more is verified."
    zh = "本次发货金额 {value}，待财务再核实 {balance_due} 后方可发货。"


class OverLimit(Conflict):
    """Facts have pushed the customer's exposure over its limit; nothing more goes on credit."""

    code = "over_credit_limit"
    en = "The customer's exposure of {exposure} is over its limit of {limit}."
    zh = "客户信用占用 {exposure} 已超过额度 {limit}。"
