"""What after-sales shows of its books to the audit."""

from chassis.books import Book

BOOKS = {
    "orders": Book("""
select known.id as key, k.number as order_number,
  case when k.id is not null then json_build_object(
    'sequence', k.sequence, 'stage', k.view ->> 'stage') end as copy,
  coalesce((select json_agg(json_build_object(
      'id', s.id, 'state', s.state, 'sequence', s.sequence) order by s.id)
     from shipment_copy s where s.order_id = known.id), '[]') as shipments
from (
  select id from (
    (select id from order_copy
      where (:after is null or id > cast(:after as uuid)) order by id limit :limit)
    union
    (select distinct order_id from shipment_copy
      where (:after is null or order_id > cast(:after as uuid))
      order by order_id limit :limit)) ids
  order by id limit :limit) known
left join order_copy k on k.id = known.id
order by known.id"""),
}
