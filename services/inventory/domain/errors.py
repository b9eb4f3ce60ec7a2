"""What inventory refuses, each with the facts it speaks of."""

from chassis.errors import Conflict, Invalid, NotFound

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
    en = "{code} has stock movements; its unit can no longer change."
    zh = "{code} 已有库存记录，计量单位不可再改。"


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


class WhyMissing(Invalid):
    """A change to something in force says why."""

    code = "why_missing"
    en = "This change needs a reason, one of: {allowed}."
    zh = "此更改需要说明原因，可选：{allowed}。"


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


class StockHeld(Conflict):
    """What is reserved cannot be booked away."""

    code = "stock_held"
    en = "Only {free} of {code} are free; the rest is reserved for orders."
    zh = "{code} 仅有 {free} 可用，其余已为订单预留。"


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


# -- orders as inventory knows them ------------------------------------------------------------


class OrderNotKnown(NotFound):
    """No event of the order has come yet, or there is none."""

    code = "order_not_known"
    en = "Inventory has not heard of order {order_number}."
    zh = "库存系统尚未收到订单 {order_number}。"
