"""Inventory: goods, material, recipes and the making of goods.

Owns: products and their substitutes, recipe versions with their bills of material, raw
material, finished stock by store and condition, arrivals, transfers between stores, wishes,
reservations of stock and material; technique, material and schedule statements, work
centres and slots, works instructions, daily production reports, inspections, stock-in.

Answers: reserve_stock, undo_stock, get_holdings, issue_instruction, stop_order, block_order,
unblock_order to orders (get_holdings to shipping too); everything else to the gateway.

Announces: product_changed, goods_arrived, wish_met; technique_stated, material_stated,
schedule_stated; instruction_drafted and each later move of it, production_reported,
goods_stocked.

Listens to: orders (copies of lines, stage and hold; goods and material of an order that has
ended are freed), shipping (shipment_dispatched consumes what the order held), aftersales
(return_received, return_inspected move returned goods, refund_settled takes mended ones out).
"""
