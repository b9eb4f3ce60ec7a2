"""What shipping refuses, each with a code and a sentence for the person who asked."""

from chassis.errors import Conflict, Forbidden, Invalid, NotFound


class ShipmentNotFound(NotFound):
    """There is no such shipment, or it is another salesperson's."""

    code = "shipment_not_found"
    en = "There is no shipment {number}."
    zh = "没有编号为 {number} 的发货单。"


class OrderUnknown(NotFound):
    """Shipping has heard of no such order."""

    code = "order_not_found"
    en = "Shipping knows no order {order_number}."
    zh = "发货部门没有订单 {order_number} 的资料。"


class OrderNotDispatchable(Conflict):
    """Goods leave for orders that are confirmed or in progress alone."""

    code = "order_not_dispatchable"
    en = (
        "Order {order_number} is {stage}; goods are dispatched when it is confirmed or in progress."
    )
    zh = "订单 {order_number} 处于 {stage} 阶段，只有已确认或执行中的订单可以申请发货。"


class OrderOnHold(Conflict):
    """Nothing moves forward while somebody holds the order."""

    code = "order_on_hold"
    en = "Order {order_number} is on hold; nothing of it moves until that is lifted."
    zh = "订单 {order_number} 已暂停，解除前不得发货。"


class OrderBeingCancelled(Conflict):
    """The order is being cancelled, or was."""

    code = "order_being_cancelled"
    en = "Order {order_number} is being cancelled."
    zh = "订单 {order_number} 正在取消。"


class LineUnknown(Invalid):
    """The order has no such line."""

    code = "order_line_unknown"
    en = "Order {order_number} has no such line: {line}."
    zh = "订单 {order_number} 没有该行：{line}。"


class LineGivenUp(Conflict):
    """What a line still lacked was given up by the customer's consent."""

    code = "order_line_short_closed"
    en = "Line {line_no} of order {order_number} was short-closed; nothing of it is to leave."
    zh = "订单 {order_number} 第 {line_no} 行已短交结案，不再发货。"


class LineTwice(Invalid):
    """A request names a line once."""

    code = "order_line_twice"
    en = "Line {line_no} is named twice."
    zh = "第 {line_no} 行重复。"


class NotEnoughHeld(Conflict):
    """No more is requested than is held for the order and not requested yet."""

    code = "not_enough_held"
    en = "More is asked for than is held for order {order_number} and not yet requested: {summary}."
    zh = "申请数量超过为订单 {order_number} 保留且尚未申请的数量：{summary}。"


class ReleaseRefused(Conflict):
    """Customers says that the money or the credit does not let it go."""

    code = "release_refused"
    en = "Shipment {number} may not leave: {why}"
    zh = "发货单 {number} 不予放行：{why_zh}"


class ReleaseWithdrawn(Conflict):
    """Its money was taken back after it was released."""

    code = "release_withdrawn"
    en = "The release of shipment {number} was withdrawn: its payment was reversed."
    zh = "发货单 {number} 的放行已撤回：款项被冲回。"


class OnlyInEmergency(Conflict):
    """The director overrides what only an emergency is let off."""

    code = "only_in_emergency"
    en = "Shipment {number} is no emergency; the director overrides only those."
    zh = "发货单 {number} 不是紧急发货，营销总监只能特批紧急发货。"


class SecondPersonNeeded(Conflict):
    """Who requested a shipment does not check it."""

    code = "second_person_needed"
    en = "Shipment {number} was requested by {person_name}; another person checks it."
    zh = "发货单 {number} 由 {person_name} 申请，须由他人复核。"


class ConsigneeMissing(Invalid):
    """Goods leave only for somebody who can be found and called."""

    code = "consignee_missing"
    en = "Order {order_number} does not say all of its consignee: {missing}; give it in `delivery`."
    zh = "订单 {order_number} 的收货信息不全：{missing}；请在 delivery 中补充。"


class ReadBackDiffers(Conflict):
    """What the dispatcher read back is not what the request says."""

    code = "read_back_differs"
    en = "What was read back differs from shipment {number} in: {items}."
    zh = "复述内容与发货单 {number} 不一致：{items}。"


class ParcelsMissing(Conflict):
    """Nothing is handed over or moved before it is in parcels."""

    code = "parcels_missing"
    en = "Shipment {number} has no parcels yet."
    zh = "发货单 {number} 尚未生成包裹。"


class ParcelsMade(Conflict):
    """A shipment's parcels are made once."""

    code = "parcels_made"
    en = "The parcels of shipment {number} are made: {parcels}."
    zh = "发货单 {number} 的包裹已生成：{parcels} 件。"


class AlreadyDispatched(Conflict):
    """What has left cannot be stopped any more."""

    code = "already_dispatched"
    en = "Shipment {shipment_number} has left already; the order cannot be cancelled any more."
    zh = "发货单 {shipment_number} 已发货，订单不能再取消。"


class Withdrawn(Conflict):
    """It was undone before it came; its tombstone is found."""

    code = "withdrawn"
    en = "This command was taken back before it came."
    zh = "该操作在到达前已被撤销。"


class MoreThanShipped(Invalid):
    """Nobody signs for more than was sent."""

    code = "more_than_shipped"
    en = "Line {line_no}: {quantity} signed or damaged of {shipped} shipped."
    zh = "第 {line_no} 行：签收或损坏数量 {quantity} 超过发货数量 {shipped}。"


class NoticeNotMade(Conflict):
    """There is no notice of what has not left."""

    code = "notice_not_made"
    en = "Shipment {number} has not left; there is no dispatch notice yet."
    zh = "发货单 {number} 尚未发货，没有发货告知书。"


class NoticeNotReceived(Conflict):
    """A notice is verified only after somebody has received it."""

    code = "notice_not_received"
    en = "The notice of {number} wants two channels, one of them received clearly; so far: {sent}."
    zh = "发货单 {number} 的告知书须经两种渠道发出且至少一种确认清晰收到；目前：{sent}。"


class NothingOwed(Conflict):
    """That paper or check is not owed, or not any more."""

    code = "nothing_owed"
    en = "Shipment {number} owes no {kind}."
    zh = "发货单 {number} 没有待补的 {kind}。"


class ScanNotFound(NotFound):
    """There is no such scan."""

    code = "scan_not_found"
    en = "There is no quarantined scan {scan_id}."
    zh = "没有待处理的扫描 {scan_id}。"


class ScanResolved(Conflict):
    """Somebody has looked after this scan already."""

    code = "scan_resolved"
    en = "Scan {scan_id} was resolved already: {resolution}."
    zh = "扫描 {scan_id} 已处理：{resolution}。"


class DeviceHasItsKey(Forbidden):
    """A device that is known by its key sends its scans by that; nobody speaks in its name."""

    code = "device_has_its_key"
    en = "The scans of {device_id} come by its own key only."
    zh = "{device_id} 的扫描只能用其自身密钥上传。"


class OtherShipmentMoved(Conflict):
    """The money was weighed beside other shipments than those that leave now."""

    code = "other_shipment_moved"
    en = "Another shipment of the order of {number} moved while this one was judged; try again."
    zh = "在审核发货单 {number} 期间，同一订单的其他发货单发生变动，请重试。"


class MoneyWentBack(Conflict):
    """A payment was reversed after customers had said that the money is there."""

    code = "money_went_back"
    en = "A payment for the order of {number} was reversed while it was judged; try again."
    zh = "在审核发货单 {number} 期间，该订单的一笔付款被冲销，请重试。"


class ParcelNotFound(NotFound):
    """There is no such parcel."""

    code = "parcel_not_found"
    en = "There is no parcel {code}."
    zh = "没有编码为 {code} 的包裹。"


class MasterNotFound(NotFound):
    """There is no such carrier, region, mode or transit time."""

    code = "master_not_found"
    en = "There is no {entity} {key}."
    zh = "没有 {entity} {key}。"


class MasterExists(Conflict):
    """Its code is taken."""

    code = "master_exists"
    en = "There is a {entity} {key} already."
    zh = "{entity} {key} 已存在。"


class MasterUsed(Conflict):
    """Something still stands on it."""

    code = "master_used"
    en = "{entity} {key} is in use; make it inactive instead."
    zh = "{entity} {key} 已被使用，请改为停用。"


class RegionUnknown(Invalid):
    """Nothing says into which region the goods go."""

    code = "region_unknown"
    en = "It is not known which region the goods go to; name it."
    zh = "无法确定收货区域，请指定。"
