"""What orders refuse, each with the facts it speaks of."""

from chassis.errors import Conflict, Forbidden, Invalid, NotFound
from chassis.lifecycle import IllegalMove


class OrderNotFound(NotFound):
    """No such order, or not the asker's to see."""

    code = "order_not_found"
    en = "There is no order {order_number}."
    zh = "没有订单 {order_number}。"


class CustomerNotKnown(Invalid):
    """Orders has not heard of such a customer."""

    code = "customer_not_known"
    en = "There is no customer {customer_code}."
    zh = "没有客户 {customer_code}。"


class CustomerInactive(Conflict):
    """The customer no longer buys."""

    code = "customer_inactive"
    en = "Customer {customer_code} is no longer active."
    zh = "客户 {customer_code} 已停用。"


class ProductNotKnown(Invalid):
    """Orders has not heard of such a product."""

    code = "product_not_known"
    en = "Line {line_no}: there is no active product {product_code}."
    zh = "第 {line_no} 行：没有可售产品 {product_code}。"


class FieldsMissing(Conflict):
    """An order cannot be submitted before every mandatory field is filled in."""

    code = "fields_missing"
    en = "Order {order_number} cannot be submitted; still missing: {missing}."
    zh = "订单 {order_number} 不能提交，尚缺：{missing_zh}。"


class CustomerDuePassed(Conflict):
    """What is submitted promises the customer a day that is still to come."""

    code = "customer_due_passed"
    en = (
        "Order {order_number} cannot be submitted: its customer date {customer_due} has passed; "
        "give it {today} or a later day."
    )
    zh = "订单 {order_number} 不能提交：客户交期 {customer_due} 已过，请改为 {today} 或之后的日期。"


class PricesMoved(Conflict):
    """Prices or products changed between holding what it needs and writing the order down."""

    code = "prices_moved"
    en = "Prices or products changed while the order was being submitted; submit it again."
    zh = "提交过程中价格方案或产品发生变动，请重新提交。"


class CheckedPricesMoved(Conflict):
    """What is submitted costs what it did when its key data were compared."""

    code = "checked_prices_moved"
    en = (
        "Order {order_number} costs something else than when its key data were checked: "
        "{changes}. Check them again, or submit it with the key data checked."
    )
    zh = (
        "订单 {order_number} 的价格自关键信息核对后有变动：{changes_zh}。"
        "请重新核对，或在提交时确认已核对。"
    )


class OrderTooLarge(Invalid):
    """The order comes to more than the books can hold."""

    code = "order_too_large"
    en = "The order would come to {total} yuan; with its tolerance it must stay below {most}."
    zh = "订单总额为 {total} 元，含误差不得超过 {most} 元。"


class NotByThisVerb(IllegalMove):
    """The stage may be reached from here, but by another verb."""

    en = "Order {order_number} is {state}: from there it does not become {wish} by this action."
    zh = "订单 {order_number} 为{state}，不能由此操作变为{wish}。"


class NothingToHold(IllegalMove):
    """What is fulfilled, ended or just being cancelled moves forward no more."""

    en = "Order {order_number} is {state}: nothing of it is left to be held."
    zh = "订单 {order_number} 为{state}，已无可暂停的事项。"


class OrderOnHold(Conflict):
    """A hold stops every move forward."""

    code = "order_on_hold"
    en = "Order {order_number} is on hold since {since} by {by}: {reason}."
    zh = "订单 {order_number} 自 {since} 起被 {by} 暂停：{reason}。"


class OrderNotOnHold(Conflict):
    """There is no hold to lift."""

    code = "order_not_on_hold"
    en = "Order {order_number} is not on hold."
    zh = "订单 {order_number} 未被暂停。"


class OrderBusy(Conflict):
    """Another command is still talking with other services about this order."""

    code = "order_busy"
    en = "Another command on order {order_number} is still being worked on; try again shortly."
    zh = "订单 {order_number} 的另一操作仍在处理中，请稍后再试。"


class NotEditable(Conflict):
    """Only a memo or draft can be edited."""

    code = "order_not_editable"
    en = "Order {order_number} is {stage}; it can be changed only as memo or draft."
    zh = "订单 {order_number} 处于 {stage}，只有备忘或草稿可以修改。"


class GateNotFound(NotFound):
    """The order has no such gate."""

    code = "gate_not_found"
    en = "Order {order_number} has no {kind} gate."
    zh = "订单 {order_number} 没有 {kind} 审核项。"


class GateNotOpen(Conflict):
    """A gate can be signed only while it is open."""

    code = "gate_not_open"
    en = "The {kind} gate of order {order_number} is {verdict}; it is not waiting for this."
    zh = "订单 {order_number} 的 {kind} 审核项处于 {verdict}，目前不可签署。"


class StatementExpired(Conflict):
    """What is approved, or promised to a customer, rests on statements that still count."""

    code = "statement_expired"
    en = (
        "The {kind} statement of order {order_number} was valid until {valid_until}: "
        "return the order to draft and submit it again, then it is signed anew."
    )
    zh = (
        "订单 {order_number} 的{kind}说明有效期至 {valid_until}，已失效："
        "请退回草稿重新提交，再由责任人重新签署。"
    )


class DirectorNeeded(Forbidden):
    """The amount or rebate is beyond the supervisor's authority."""

    code = "director_needed"
    en = "Order {order_number} needs the director's approval: {why}."
    zh = "订单 {order_number} 须由营销总监批准：{why}。"


class ConfirmationNotSent(Conflict):
    """There is no confirmation with the customer."""

    code = "confirmation_not_sent"
    en = "No confirmation of order {order_number} is with the customer."
    zh = "订单 {order_number} 没有待回传的确认书。"


class SignBackInvalid(Conflict):
    """The returned copy does not bind the customer."""

    code = "sign_back_invalid"
    en = "The returned copy of order {order_number} cannot be accepted: {why}."
    zh = "订单 {order_number} 的回传件不能通过验证：{why}。"


class SignBackAlreadyVerified(Conflict):
    """The confirmation's signed copy has been verified before."""

    code = "sign_back_already_verified"
    en = "The signed copy of order {order_number} was verified already."
    zh = "订单 {order_number} 的回传件已验证。"


class ReceivedClearlyAlready(Conflict):
    """That the customer has the confirmation, legibly, has been noted before."""

    code = "received_clearly_already"
    en = "That the confirmation of order {order_number} was received clearly is noted already."
    zh = "订单 {order_number} 的确认书已登记为客户清晰接收。"


class GradeTooLow(Conflict):
    """Only grade A goes on before its sign-back."""

    code = "sign_back_needed"
    en = "Customer grade {grade}: order {order_number} needs its verified sign-back first."
    zh = "客户等级为 {grade}：订单 {order_number} 须先验证回传件。"


class MoneyNeeded(Conflict):
    """The deposit (prepaid: everything) is not verified yet."""

    code = "money_needed"
    en = "Order {order_number} waits for {needed} yuan, {verified} verified so far."
    zh = "订单 {order_number} 需到账 {needed} 元，目前已核实 {verified} 元。"


class CreditHeld(Conflict):
    """The credit gate, run again, does not pass."""

    code = "credit_held"
    en = "Order {order_number} cannot be opened again: {why}"
    zh = "订单 {order_number} 不能重新打开：{why}"


class CreditStopped(Conflict):
    """The customer is overdue."""

    code = "credit_stop"
    en = "The customer of order {order_number} is under a credit stop."
    zh = "订单 {order_number} 的客户已被停止授信。"


class LineNotFound(NotFound):
    """The order has no such line."""

    code = "line_not_found"
    en = "Order {order_number} has no line {line_no}."
    zh = "订单 {order_number} 没有第 {line_no} 行。"


class LineServed(Conflict):
    """Only what is still to come of a line can be given up."""

    code = "line_served"
    en = "Nothing of line {line_no} of order {order_number} is still to come."
    zh = "订单 {order_number} 第 {line_no} 行已无未交数量。"


class LineUnderWay(Conflict):
    """What is being made or shipped cannot be given up: it would go on, held by nobody."""

    code = "line_under_way"
    en = (
        "Line {line_no} of order {order_number} is under way ({under_way}): cancel what has not "
        "left, or wait until it is in stock or signed for."
    )
    zh = (
        "订单 {order_number} 第 {line_no} 行正在执行（{under_way}）：未发出的请先取消，"
        "已生产或已发出的请待入库或签收后再结清。"
    )


class AcceptedNotShipped(Conflict):
    """Giving up what is still to be made must not give away what the customer has accepted."""

    code = "accepted_not_shipped"
    en = (
        "{quantity} of line {line_no} of order {order_number} are accepted and have not left: "
        "ship them first, then what was still to be made can be given up."
    )
    zh = (
        "订单 {order_number} 第 {line_no} 行已验收的 {quantity} 尚未发出："
        "请先发货，签收后再结清未补产的部分。"
    )


class DiscountAboveAmount(Invalid):
    """A line never costs less than nothing."""

    code = "discount_above_amount"
    en = "Line {line_no}: the discount {discount} is more than the line's amount {amount}."
    zh = "第 {line_no} 行：折扣 {discount} 超过该行金额 {amount}。"


class LineNotMade(Conflict):
    """Only a line that is made gets a works instruction."""

    code = "line_not_made"
    en = "Line {line_no} of order {order_number} comes from stock; it needs no instruction."
    zh = "订单 {order_number} 第 {line_no} 行为现货，无需生产指令。"


class InstructionIssued(Conflict):
    """The line's works instruction went out before."""

    code = "instruction_issued_already"
    en = "The works instruction for line {line_no} of order {order_number} was issued already."
    zh = "订单 {order_number} 第 {line_no} 行的生产指令已下达。"


class NotPlannedYet(Conflict):
    """A further instruction carries the date that the planner signs for it."""

    code = "schedule_not_signed"
    en = "The planner has not signed a production date for line {line_no} of {order_number}."
    zh = "订单 {order_number} 第 {line_no} 行的成品日期尚未由生产部签署。"


class DateTooEarly(Conflict):
    """The customer is never promised goods before they are made."""

    code = "customer_due_too_early"
    en = "The customer date {customer_due} lies before the production date {production_due}."
    zh = "客户交期 {customer_due} 早于生产交期 {production_due}。"


class NothingToPromise(Conflict):
    """The goods are there, or will never be: no date is left to promise."""

    code = "nothing_to_promise"
    en = "Order {order_number} is {stage}; there is no date left to promise."
    zh = "订单 {order_number} 处于 {stage}，已无交期可变更。"


class ConsentMissing(Conflict):
    """A later date needs the consent of the order's salesperson."""

    code = "consent_missing"
    en = (
        "Order {order_number} gets a later customer date with the consent of {whose} only: "
        "by that person, or with that name as consent_by."
    )
    zh = "订单 {order_number} 延后客户交期须经 {whose} 同意：由本人变更，或在同意人中填写其姓名。"


class NotAllOwedSettled(Conflict):
    """An order is closed only when nothing is owed."""

    code = "still_owed"
    en = "Order {order_number} cannot be closed; still owed: {owed}."
    zh = "订单 {order_number} 不能结案，尚欠：{owed}。"


class TaskNotFound(NotFound):
    """No such task."""

    code = "task_not_found"
    en = "There is no task {task_id}."
    zh = "没有任务 {task_id}。"


class EndsByItself(Conflict):
    """Some obligations end by what happens, not by somebody's word."""

    code = "task_ends_by_itself"
    en = "'{title}' ends by itself with {with_what}; nobody can finish it by hand."
    zh = "“{title}”须以{with_what_zh}了结，不能手工完成。"


class HolderNeeded(Forbidden):
    """Only who has a task, or the supervisor, hands it on."""

    code = "holder_needed"
    en = "'{title}' is handed on by who has it, or by the supervisor."
    zh = "“{title}”只能由承办人或客服主管转交。"


class DecisionNotDelegated(Conflict):
    """What is put to somebody for a decision is his to decide."""

    code = "decision_not_delegated"
    en = "'{title}' waits for a decision, which nobody else takes."
    zh = "“{title}”须由本人决定，不能转交。"


class AnomalyNotFound(NotFound):
    """No such anomaly."""

    code = "anomaly_not_found"
    en = "There is no anomaly {anomaly_id}."
    zh = "没有异常 {anomaly_id}。"


class SchemeNotFound(NotFound):
    """No such price scheme."""

    code = "scheme_not_found"
    en = "There is no price scheme {scheme_code}."
    zh = "没有价格方案 {scheme_code}。"


class PromotionNotFound(NotFound):
    """No such promotion."""

    code = "promotion_not_found"
    en = "There is no promotion {promotion_code}."
    zh = "没有促销 {promotion_code}。"


class SchemeCodeTaken(Conflict):
    """Codes of price schemes are unique."""

    code = "scheme_code_taken"
    en = "A price scheme {scheme_code} exists already."
    zh = "价格方案 {scheme_code} 已存在。"


class PastOrderDiffers(Conflict):
    """An imported order was recorded before with other content."""

    code = "past_order_differs"
    en = (
        "Past order {reference} was recorded before, as {order_number}, "
        "with other content: {differing}."
    )
    zh = "历史订单 {reference} 已记录为 {order_number}，以下内容不同：{differing}。"
