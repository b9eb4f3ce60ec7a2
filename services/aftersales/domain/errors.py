"""What after-sales refuses, each with the facts it speaks of."""

from chassis.errors import Conflict, Invalid, NotFound


class CaseNotFound(NotFound):
    """No such case, or not the asker's to see."""

    code = "case_not_found"
    en = "There is no case {case_number}."
    zh = "没有售后单 {case_number}。"


class OrderNotKnown(NotFound):
    """After-sales has not heard of such an order."""

    code = "order_not_found"
    en = "There is no order {order_number}."
    zh = "没有订单 {order_number}。"


class VisitNotFound(NotFound):
    """No such visit."""

    code = "visit_not_found"
    en = "There is no visit {visit_id}."
    zh = "没有回访 {visit_id}。"


class LineNotSold(Invalid):
    """The order has no such line."""

    code = "line_not_sold"
    en = "Order {order_number} has no line {line_no}."
    zh = "订单 {order_number} 没有第 {line_no} 行。"


class MoreThanDelivered(Conflict):
    """Not more comes back than was delivered and not returned before."""

    code = "more_than_delivered"
    en = "Line {line_no}: {quantity} cannot come back; {returnable} can."
    zh = "第 {line_no} 行：不能退 {quantity}，最多可退 {returnable}。"


class MoreThanAnnounced(Conflict):
    """Not more is received under a case than it was opened for."""

    code = "more_than_announced"
    en = "Line {line_no}: {came} came, {announced} were to come; open a case for the rest."
    zh = "第 {line_no} 行：到货 {came}，应退 {announced}，多出部分请另开售后单。"


class CameNotSaid(Invalid):
    """What comes back of a failed delivery is all, some or nothing: nobody may guess it."""

    code = "came_not_said"
    en = "Say of line {line_no} how much came back of the failed delivery, 0 if nothing did."
    zh = "请填写第 {line_no} 行实际退回的数量；没有退回填 0。"


class DispositionDiffers(Invalid):
    """Every piece received has exactly one disposition."""

    code = "disposition_differs"
    en = "Line {line_no}: dispositions sum to {given}, received were {received}."
    zh = "第 {line_no} 行：处置数量合计 {given}，实收 {received}。"


class RefundTooHigh(Conflict):
    """Not more is refunded than the goods were sold for."""

    code = "refund_too_high"
    en = "A refund of {amount} is more than the {most} the goods were sold for."
    zh = "退款 {amount} 超过所退货物售价 {most}。"


class NotToBeReshipped(Conflict):
    """Goods are replaced by one living order, between the supervisor's word and the money."""

    code = "not_to_be_reshipped"
    en = "Case {case_number} is {state} (replaced by: {reshipped_as}); nothing is shipped for it."
    zh = "售后单 {case_number} 当前为 {state}（补发订单：{reshipped_as}），不能补发。"


class ReplacementNotTheirs(Conflict):
    """Goods are replaced by another, living order of the same customer."""

    code = "replacement_not_theirs"
    en = "Order {order_number} cannot replace goods of {case_number}: not another of its customer."
    zh = "订单 {order_number} 不是该客户的另一张有效订单，不能作为售后单 {case_number} 的补发。"


class ReplacementTaken(Conflict):
    """An order replaces the goods of one case: two would be paid for what is sent once."""

    code = "replacement_taken"
    en = "Order {order_number} replaces the goods of case {taken_by}; {case_number} needs another."
    zh = "订单 {order_number} 已作为售后单 {taken_by} 的补发，售后单 {case_number} 须另用订单。"


class NotReshipped(Conflict):
    """A case settled by other goods names the order that they go out with."""

    code = "not_reshipped"
    en = "Case {case_number} names no order that replaces the goods."
    zh = "售后单 {case_number} 没有补发订单。"
