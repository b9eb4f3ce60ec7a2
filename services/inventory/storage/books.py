"""What inventory shows of its books to the audit."""

from chassis.books import Book

BOOKS = {
    # An order's row is made by whatever comes first for it, so this is every order known here.
    "orders": Book("""
select o.order_id as key, o.number as order_number, o.stage, o.revision, o.view_version,
  o.stopped_at is not null as is_stopped,
  (select count(*) from order_block b
    where b.order_id = o.order_id and b.lifted_at is null) as blocks,
  coalesce((select json_agg(json_build_object(
      'line_id', l ->> 'id', 'quantity', l ->> 'quantity', 'supply', l ->> 'supply',
      'product_id', l ->> 'product_id', 'short_closed', coalesce(l ->> 'short_closed', 'false')))
     from jsonb_array_elements(o.view -> 'lines') l), '[]') as lines,
  coalesce((select json_agg(json_build_object(
      'line_id', r.line_id, 'product_code', p.code, 'supply', r.supply,
      'quantity', r.quantity::text, 'surplus', r.surplus::text, 'consumed', r.consumed::text)
      order by r.line_id, p.code, r.store_code)
     from reservation r join product p on p.id = r.product_id
    where r.order_id = o.order_id), '[]') as stock,
  coalesce((select json_agg(json_build_object(
      'line_id', c.line_id, 'material_code', m.code, 'demand', c.demand::text,
      'held', c.held::text, 'consumed', c.consumed::text, 'returned', c.returned::text)
      order by c.line_id, m.code)
     from material_claim c join material m on m.id = c.material_id
    where c.order_id = o.order_id), '[]') as material,
  exists (select from material_wait w where w.order_id = o.order_id) as waits,
  coalesce((select json_agg(json_build_object(
      'line_id', s.line_id, 'unused', s.unused::text, 'used', s.used::text) order by s.line_id)
     from (select line_id, coalesce(sum(quantity) filter (where used_at is null), 0) as unused,
             coalesce(sum(quantity) filter (where used_at is not null), 0) as used
           from slot where order_id = o.order_id group by line_id) s), '[]') as slots,
  coalesce((select json_agg(json_build_object(
      'id', i.id, 'number', i.number, 'line_id', i.line_id, 'part', i.part, 'state', i.state,
      'quantity', i.quantity::text, 'produced', i.produced_quantity::text,
      'accepted', i.accepted_quantity::text, 'into_free_stock', i.into_free_stock)
      order by i.number)
     from instruction i where i.order_id = o.order_id), '[]') as instructions,
  coalesce((select json_agg(json_build_object(
      'kind', t.kind, 'revision', t.revision, 'verdict', t.verdict) order by t.kind, t.revision)
     from statement t where t.order_id = o.order_id), '[]') as statements
from (select * from order_copy
  where (:after is null or order_id > cast(:after as uuid)) order by order_id limit :limit) o
order by o.order_id"""),
    "stock": Book("""
select k.product_id || ' ' || k.store_code || ' ' || k.condition as key,
  p.code as product_code, k.store_code, k.condition, k.on_hand, k.reserved,
  moved.on_hand as ledger_on_hand, moved.reserved as ledger_reserved,
  case when k.condition = 'good' then (
    select coalesce(sum(r.quantity), 0) from reservation r
     where r.product_id = k.product_id and r.store_code = k.store_code) else 0 end as held
from (
  select * from stock
  where :after is null or (product_id, store_code, condition) > (
    cast(split_part(:after, ' ', 1) as uuid), split_part(:after, ' ', 2),
    split_part(:after, ' ', 3))
  order by product_id, store_code, condition limit :limit) k
join product p on p.id = k.product_id
cross join lateral (
  select coalesce(sum(m.on_hand), 0) as on_hand, coalesce(sum(m.reserved), 0) as reserved
  from stock_movement m
  where (m.product_id, m.store_code, m.condition) = (k.product_id, k.store_code, k.condition)
) moved
order by k.product_id, k.store_code, k.condition"""),
    "materials": Book("""
select k.material_id as key, m.code as material_code, k.on_hand, k.reserved,
  moved.on_hand as ledger_on_hand, moved.reserved as ledger_reserved,
  (select coalesce(sum(c.held), 0) from material_claim c
    where c.material_id = k.material_id) as held
from (
  select * from material_stock where (:after is null or material_id > cast(:after as uuid))
  order by material_id limit :limit) k
join material m on m.id = k.material_id
cross join lateral (
  select coalesce(sum(v.on_hand), 0) as on_hand, coalesce(sum(v.reserved), 0) as reserved
  from material_movement v where v.material_id = k.material_id) moved
order by k.material_id"""),
    "products": Book("""
select id as key, code, sequence, active, name, unit, default_supply
from product where (:after is null or id > cast(:after as uuid)) order by id limit :limit"""),
}
