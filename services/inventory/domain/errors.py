"""What inventory refuses, each with the facts it speaks of."""

from chassis.errors import Conflict, Forbidden, Invalid, NotFound

# -- masters -----------------------------------------------------------------------------------


class ProductNotFound(NotFound):
    """No such product."""

    code = "product_not_found"
    en = "There is no product {product_code}."
    zh = "没有产品 {product_code}。"


class ProductCodeTaken(Conflict):
    """Another product has the code."""

    code = "product_code_taken"
    en = "There is already a product {product_code}."
    zh = "产品编号 {product_code} 已被使用。"


class ProductInactive(Conflict):
    """The product is no longer dealt in."""

    code = "product_inactive"
    en = "Product {product_code} is no longer active."
    zh = "产品 {product_code} 已停用。"


class UnitInUse(Conflict):
    """A unit cannot change under quantities that are counted in it."""

    code = "unit_in_use"
    en = "{code} has stock movements, open orders or instructions; its unit cannot change."
    zh = "{code} 已有库存记录、未结订单或生产指令，计量单位不可更改。"


class SubstituteOfItself(Invalid):
    """A product cannot stand in for itself."""

    code = "substitute_of_itself"
    en = "Product {product_code} cannot be its own substitute."
    zh = "产品 {product_code} 不能作为自身的替代品。"


class MaterialNotFound(NotFound):
    """No such raw material."""

    code = "material_not_found"
    en = "There is no material {material_code}."
    zh = "没有原材料 {material_code}。"


class MaterialCodeTaken(Conflict):
    """Another material has the code."""

    code = "material_code_taken"
    en = "There is already a material {material_code}."
    zh = "原材料编号 {material_code} 已被使用。"


class MaterialInactive(Conflict):
    """The material is no longer used."""

    code = "material_inactive"
    en = "Material {material_code} is no longer active."
    zh = "原材料 {material_code} 已停用。"


class RecipeNotFound(NotFound):
    """The product has no recipe (of that number)."""

    code = "recipe_not_found"
    en = "Product {product_code} has no recipe {number}."
    zh = "产品 {product_code} 没有第 {number} 版配方。"


class RecipeEmpty(Invalid):
    """A recipe names each material once, and at least one."""

    code = "recipe_lines_wrong"
    en = "A recipe names at least one material, and each only once."
    zh = "配方至少含一种原材料，且每种只能出现一次。"


class StoreNotFound(NotFound):
    """No such store."""

    code = "store_not_found"
    en = "There is no store {store_code}."
    zh = "没有仓库 {store_code}。"


class StoreCodeTaken(Conflict):
    """Another store has the code."""

    code = "store_code_taken"
    en = "There is already a store {store_code}."
    zh = "仓库编号 {store_code} 已被使用。"


# -- stock and reservations --------------------------------------------------------------------


class StockShort(Conflict):
    """Not all of what was asked for is free; nothing was reserved."""

    code = "stock_short"
    en = "Not enough stock: {summary}."
    zh = "库存不足：{summary}。"


class Withdrawn(Conflict):
    """The command was taken back before it came; it changes nothing any more."""

    code = "withdrawn"
    en = "Command {command_id} was taken back before."
    zh = "命令 {command_id} 已被撤回。"


class BalanceTooLarge(Invalid):
    """No store holds so much; a typing mistake must not end where no number fits any more."""

    code = "balance_too_large"
    en = "{code} would stand at {on_hand}; a balance stays below {most}."
    zh = "{code} 的结存将为 {on_hand}，不得达到 {most}。"


class StockHeld(Conflict):
    """What is reserved cannot be booked away."""

    code = "stock_held"
    en = "Only {free} of {code} are free; what is reserved for orders stays."
    zh = "{code} 仅有 {free} 可用，为订单预留的不得动用。"


class MaterialShort(Conflict):
    """Not all the material that an order needs is free; nothing was reserved."""

    code = "material_short"
    en = "Not enough material: {summary}."
    zh = "原材料不足：{summary}。"


class MaterialNotHeld(Conflict):
    """Making cannot start before its material is held in full."""

    code = "material_not_held"
    en = "The material for this line is not held in full: {summary}."
    zh = "该行所需原材料尚未全部预留：{summary}。"


class TooMuchReturned(Conflict):
    """More material is given back than was taken."""

    code = "too_much_returned"
    en = "Only {consumed} of {material_code} were taken for this line."
    zh = "该行仅领用 {material_code} {consumed}，不能退回更多。"


# -- arrivals, transfers, wishes ---------------------------------------------------------------


class ArrivalNotFound(NotFound):
    """No such arrival."""

    code = "arrival_not_found"
    en = "There is no arrival {number}."
    zh = "没有到货单 {number}。"


class TransferNotFound(NotFound):
    """No such transfer."""

    code = "transfer_not_found"
    en = "There is no transfer {number}."
    zh = "没有调拨单 {number}。"


class SameStore(Invalid):
    """A transfer is between two stores."""

    code = "same_store"
    en = "A transfer needs two different stores."
    zh = "调拨须在两个不同仓库之间进行。"


class ConsentOfAnother(Conflict):
    """Whoever asks for goods cannot consent to giving them."""

    code = "consent_of_another"
    en = "Transfer {number} was requested by the same person; another must consent."
    zh = "调拨单 {number} 的申请人不能自行同意，须由他人确认。"


class WishNotFound(NotFound):
    """No such wish."""

    code = "wish_not_found"
    en = "There is no wish {number}."
    zh = "没有缺货登记 {number}。"


class ReturnNotInspected(NotFound):
    """No inspection of the case's goods has come yet; what follows from it waits."""

    code = "return_not_inspected"
    en = "Inventory has not heard of the inspection of case {case_number}."
    zh = "库存系统尚未收到售后单 {case_number} 的检验结果。"


# -- orders as inventory knows them ------------------------------------------------------------


class OrderNotKnown(NotFound):
    """No event of the order has come yet, or there is none."""

    code = "order_not_known"
    en = "Inventory has not heard of order {order_number}."
    zh = "库存系统尚未收到订单 {order_number}。"


class OrderOnHold(Conflict):
    """A hold stops every forward move of the order."""

    code = "order_on_hold"
    en = "Order {order_number} is on hold: {reason}."
    zh = "订单 {order_number} 已挂起：{reason}。"


class OrderNotInReview(Conflict):
    """Statements are signed while the order is in review."""

    code = "order_not_in_review"
    en = "Order {order_number} is not in review (it is {stage}); nothing is to be signed for it."
    zh = "订单 {order_number} 不在评审中（当前 {stage}），无需签署说明。"


class OrderNotConfirmed(Conflict):
    """The factory works for confirmed orders only."""

    code = "order_not_confirmed"
    en = "Order {order_number} is not confirmed (it is {stage})."
    zh = "订单 {order_number} 尚未确认（当前 {stage}）。"


class LineNotMade(NotFound):
    """The order has no such line, or it is not to be made."""

    code = "line_not_made"
    en = "Order {order_number} has no line {line_id} that is to be made."
    zh = "订单 {order_number} 没有需生产的行 {line_id}。"


# -- statements --------------------------------------------------------------------------------


class StatementNotFound(NotFound):
    """The order asks for no statement of that kind now."""

    code = "statement_not_found"
    en = "Order {order_number} has no {kind} statement."
    zh = "订单 {order_number} 没有 {kind} 说明。"


class StatementOutdated(Conflict):
    """A signature under an old revision changes nothing."""

    code = "statement_outdated"
    en = "Order {order_number} is at revision {current}, not {revision}; read it again."
    zh = "订单 {order_number} 现为第 {current} 次修订，而非第 {revision} 次，请重新查看。"


class TechniqueNotPassed(Conflict):
    """Material is stated only when technique has passed for the same revision."""

    code = "technique_not_passed"
    en = "Technique has not passed for order {order_number}, revision {revision}."
    zh = "订单 {order_number} 第 {revision} 次修订的技术说明尚未通过。"


class MaterialNotSigned(Conflict):
    """The schedule is stated only when material is signed."""

    code = "material_not_signed"
    en = "Material is not signed for order {order_number}, revision {revision}."
    zh = "订单 {order_number} 第 {revision} 次修订的原料说明尚未签署。"


class VerdictNotOfKind(Invalid):
    """That kind of statement cannot say this."""

    code = "verdict_not_of_kind"
    en = "A {kind} statement cannot say {verdict}; it says one of: {allowed}."
    zh = "{kind} 说明不能为 {verdict}，可选：{allowed}。"


class AlternativeMissing(Invalid):
    """Whoever refuses offers an alternative or the sample flow."""

    code = "alternative_missing"
    en = "A refusal for order {order_number} offers an alternative (in words) or the sample flow."
    zh = "订单 {order_number} 的技术否定意见须写明替代方案或转入打样流程。"


class InsistenceMissing(Invalid):
    """Oral insistence is not enough."""

    code = "insistence_missing"
    en = "Name the paper in which the customer of order {order_number} insists, or attach it."
    zh = "请注明订单 {order_number} 客户书面坚持的文件，或上传附件。"


class MaterialDateMissing(Invalid):
    """Who signs `short` says when the material arrives."""

    code = "material_date_missing"
    en = "A short statement for order {order_number} says on which day (not past) material arrives."
    zh = "订单 {order_number} 的缺料说明须写明原料到货日期（不得早于今日）。"


class ProductionDueMissing(Invalid):
    """Every made line gets a date that is not past."""

    code = "production_due_missing"
    en = "Order {order_number}: these lines need a production date from today on: {lines}."
    zh = "订单 {order_number} 的以下行须填写不早于今日的成品日期：{lines}。"


class DueBeforeMaterial(Conflict):
    """Nothing can be made before its material is there."""

    code = "due_before_material"
    en = "{production_due} is before the material arrives ({material_date})."
    zh = "成品日期 {production_due} 早于原料到货日期 {material_date}。"


class ValidUntilPast(Invalid):
    """A statement cannot be signed for the past."""

    code = "valid_until_past"
    en = "{valid_until} is past."
    zh = "有效期 {valid_until} 已过。"


# -- works instructions ------------------------------------------------------------------------


class InstructionNotFound(NotFound):
    """No such works instruction."""

    code = "instruction_not_found"
    en = "There is no works instruction {instruction_number}."
    zh = "没有生产指令单 {instruction_number}。"


class ScheduleNotSigned(Conflict):
    """An instruction carries the date that the planner has signed."""

    code = "schedule_not_signed"
    en = "The planner has not signed a production date for line {line_no} of {order_number}."
    zh = "订单 {order_number} 第 {line_no} 行的成品日期尚未由生产部签署。"


class ItemsNotAcknowledged(Invalid):
    """Who accepts an instruction acknowledges each of its items."""

    code = "items_not_acknowledged"
    en = "These items are not acknowledged: {items}."
    zh = "以下各项尚未逐项确认：{items}。"


class NothingReported(Conflict):
    """What nobody reported was not produced."""

    code = "nothing_reported"
    en = "Instruction {instruction_number} has no production reported."
    zh = "生产指令单 {instruction_number} 尚无生产日报数量。"


class ReportsEnded(Conflict):
    """What was counted at the end of making is what is inspected."""

    code = "reports_ended"
    en = "Instruction {instruction_number} is finished: reports are made and corrected before."
    zh = "生产指令单 {instruction_number} 已完工，生产日报只能在完工前填报或更正。"


class ReportNotFound(NotFound):
    """No such report of that instruction, or it was corrected already."""

    code = "report_not_found"
    en = "Instruction {instruction_number} has no standing report {report_id}."
    zh = "生产指令单 {instruction_number} 没有有效的日报 {report_id}。"


class ReportDayWrong(Invalid):
    """A report is about a day since the start, not in the future."""

    code = "report_day_wrong"
    en = "{reported_on} is not between the start ({started_on}) and today ({today})."
    zh = "日报日期 {reported_on} 不在开工日 {started_on} 与今日 {today} 之间。"


class InspectionDoesNotAddUp(Invalid):
    """Passed, rework and rejected are what was produced."""

    code = "inspection_does_not_add_up"
    en = "Passed {passed} + rework {rework} + rejected {rejected} is not {produced} produced."
    zh = "合格 {passed} + 返工 {rework} + 不合格 {rejected} 不等于产量 {produced}。"


class InspectionMissing(Conflict):
    """A clerk countersigns what an inspector has signed."""

    code = "inspection_missing"
    en = "The inspector has not signed instruction {instruction_number} yet."
    zh = "质检尚未签署生产指令单 {instruction_number}。"


class SecondPersonNeeded(Forbidden):
    """Inspector and countersigning clerk are two people."""

    code = "second_person_needed"
    en = "Another person than {person_name} countersigns instruction {instruction_number}."
    zh = "生产指令单 {instruction_number} 须由 {person_name} 以外的人会签。"


class NotPassed(Conflict):
    """Only what passed inspection goes into stock as accepted."""

    code = "not_passed"
    en = "Only {passed} of instruction {instruction_number} passed, not {accepted}."
    zh = "生产指令单 {instruction_number} 仅合格 {passed}，不能交库 {accepted}。"


class OutsideTolerance(Conflict):
    """Outside the tolerance, the customer's consent is on record first."""

    code = "outside_tolerance"
    en = "{accepted} is outside {least} to {most}; record the customer's consent to it first."
    zh = "{accepted} 超出允许范围 {least} 至 {most}，须先登记客户同意。"


class NothingLacks(Conflict):
    """A further instruction makes what lacks; where nothing lacks there is none."""

    code = "nothing_lacks"
    en = "With {quantity} nothing lacks of {instruction_number}; nothing further is to be made."
    zh = "{quantity} 已不少于生产指令单 {instruction_number} 的数量，无须另行生产。"


class NotFurther(Conflict):
    """The date of a line's first instruction is the schedule statement's."""

    code = "not_further"
    en = "The date of {instruction_number} is that of the signed schedule statement."
    zh = "生产指令单 {instruction_number} 的交期以生产书面说明为准。"


class StopConsentMissing(Conflict):
    """What is being made is stopped with the planner's consent, recorded beforehand."""

    code = "stop_consent_missing"
    en = "The planner has not consented to stop: {instructions}."
    zh = "生产部主管尚未同意停止：{instructions}。"


class ReportNotPositive(Invalid):
    """A report says that something was made or spoilt."""

    code = "report_empty"
    en = "A report says how much was made or scrapped."
    zh = "日报须填写产量或废品数量。"


# -- work centres ------------------------------------------------------------------------------


class WorkCentreNotFound(NotFound):
    """No such work centre."""

    code = "work_centre_not_found"
    en = "There is no work centre {work_centre_code}."
    zh = "没有工作中心 {work_centre_code}。"


class WorkCentreCodeTaken(Conflict):
    """Another work centre has the code."""

    code = "work_centre_code_taken"
    en = "There is already a work centre {work_centre_code}."
    zh = "工作中心编号 {work_centre_code} 已被使用。"


class WorkCentreInactive(Conflict):
    """Nothing is planned on it any more."""

    code = "work_centre_inactive"
    en = "Work centre {work_centre_code} is no longer active."
    zh = "工作中心 {work_centre_code} 已停用。"


class WorkCentreInUse(Conflict):
    """Slots are booked on it."""

    code = "work_centre_in_use"
    en = "Work centre {work_centre_code} has slots booked from today on."
    zh = "工作中心 {work_centre_code} 今日起仍有排产。"
