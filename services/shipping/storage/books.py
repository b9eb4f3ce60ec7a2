"""What shipping shows of its books to the audit."""

from chassis.books import Book

BOOKS = {
    # Every order that was announced, that something was asked of, or that was ever blocked.
    "orders": Book("""
select known.order_id as key,
  coalesce(k.number, (select min(s.order_number) from shipment s
    where s.order_id = known.order_id)) as order_number,
  case when k.order_id is not null then json_build_object(
    'sequence', k.sequence, 'stage', k.stage, 'on_hold', k.on_hold) end as copy,
  l.blocked,
  coalesce((select json_agg(distinct b.why) from order_block b
    where b.order_id = known.order_id and b.lifted_at is null), '[]') as blocks,
  coalesce((select json_agg(json_build_object(
      'id', s.id, 'number', s.number, 'state', s.state, 'blocked', s.blocked,
      'overridden', s.override_note is not null,
      'has_left', s.dispatched_at is not null,
      'lines', (select json_agg(json_build_object(
          'line_id', x.line_id, 'quantity', x.quantity::text, 'signed', x.signed_quantity::text)
          order by x.line_no) from shipment_line x where x.shipment_id = s.id)) order by s.id)
     from shipment s where s.order_id = known.order_id), '[]') as shipments
from (
  select order_id from (
    (select order_id from order_copy where (:after is null or order_id > cast(:after as uuid))
      order by order_id limit :limit)
    union
    (select order_id from order_lock where (:after is null or order_id > cast(:after as uuid))
      order by order_id limit :limit)
    union
    (select distinct order_id from shipment
      where (:after is null or order_id > cast(:after as uuid))
      order by order_id limit :limit)) ids
  order by order_id limit :limit) known
left join order_copy k on k.order_id = known.order_id
left join order_lock l on l.order_id = known.order_id
order by known.order_id"""),
}
