"""What orders shows of its books to the audit."""

from chassis.books import Book

BOOKS = {
    "orders": Book("""
select o.id as key, o.number as order_number, o.customer_id, o.stage, o.revision, o.sequence,
  o.imported, o.holds_anything, o.hold is not null as on_hold, o.terms, o.total,
  o.busy_with, (select state from conversation where id = o.busy_with) as busy_state,
  (select json_build_object('verdict', g.verdict, 'revision', g.revision)
     from gate g where g.order_id = o.id and g.kind = 'credit') as credit_gate,
  coalesce((select json_agg(json_build_object(
      'line_id', l.id, 'line_no', l.line_no, 'product_id', l.product_id,
      'product_code', l.product_code, 'supply', l.supply, 'unit_decimals', l.unit_decimals,
      'quantity', l.quantity::text, 'unit_price', l.unit_price::text,
      'discount', l.discount::text, 'tolerance_over', l.tolerance_over::text,
      'production', l.production, 'produced', l.produced_quantity::text,
      'accepted', l.accepted_quantity::text, 'shipped', l.shipped_quantity::text,
      'signed', l.signed_quantity::text, 'short_closed', l.short_closed) order by l.line_no)
     from order_line l where l.order_id = o.id), '[]') as lines,
  (select json_build_object('sequence', m.sequence, 'receivable', m.view ->> 'receivable',
      'verified', m.view ->> 'verified', 'reservation', m.view ->> 'reservation')
     from money_copy m where m.order_id = o.id) as money,
  coalesce((select json_agg(json_build_object(
      'id', s.id, 'number', s.number, 'state', s.state, 'sequence', s.sequence) order by s.id)
     from shipment_copy s where s.order_id = o.id), '[]') as shipments
from (select * from "order"
  where (:after is null or id > cast(:after as uuid)) order by id limit :limit) o
order by o.id"""),
    "customer_copies": Book("""
select id as key, code, sequence, active, view ->> 'name' as name, view ->> 'grade' as grade,
  view ->> 'salesperson_id' as salesperson_id
from customer_copy where (:after is null or id > cast(:after as uuid)) order by id limit :limit"""),
    "product_copies": Book("""
select id as key, code, sequence, active, view ->> 'name' as name, view ->> 'unit' as unit,
  view ->> 'default_supply' as default_supply
from product_copy where (:after is null or id > cast(:after as uuid)) order by id limit :limit"""),
}
