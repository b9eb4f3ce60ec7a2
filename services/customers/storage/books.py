"""What customers shows of its books to the audit."""

from chassis.books import Book

BOOKS = {
    # Every order that has asked for credit or whose lines are kept.
    "orders": Book("""
select known.id as key, coalesce(c.order_number, k.number) as order_number,
  case when c.id is not null then json_build_object(
    'sequence', c.sequence, 'customer_id', c.customer_id, 'standing', c.standing,
    'revision', c.revision, 'terms', c.terms, 'amount', c.amount::text, 'total', c.total::text,
    'worth', c.worth::text, 'reserves', c.reserves, 'reservation', c.reservation::text,
    'receivable', c.receivable::text, 'verified', c.verified::text,
    'refunded', c.refunded::text, 'is_imported', c.is_imported,
    'ledger', (select json_build_object(
        'reservation', coalesce(sum(l.reservation), 0)::text,
        'receivable', coalesce(sum(l.receivable), 0)::text,
        'verified', coalesce(sum(l.verified), 0)::text)
      from credit_ledger l where l.order_id = c.id)) end as credit,
  case when k.id is not null then json_build_object(
    'sequence', k.sequence, 'stage', k.stage, 'revision', k.revision) end as copy,
  coalesce((select json_agg(json_build_object(
      'instruction_id', a.instruction_id, 'line_id', a.line_id, 'quantity', a.quantity::text)
      order by a.instruction_id)
     from accepted_lot a where a.order_id = known.id), '[]') as lots,
  coalesce((select json_agg(json_build_object(
      'id', s.id, 'number', s.number, 'has_left', s.dispatched_at is not null,
      'value', s.value::text) order by s.id)
     from shipment_copy s where s.order_id = known.id), '[]') as shipments
from (
  select id from (
    (select id from order_credit
      where (:after is null or id > cast(:after as uuid)) order by id limit :limit)
    union
    (select id from order_copy
      where (:after is null or id > cast(:after as uuid)) order by id limit :limit)) ids
  order by id limit :limit) known
left join order_credit c on c.id = known.id
left join order_copy k on k.id = known.id
order by known.id"""),
    "accounts": Book("""
select a.id as key, customer.code, a.exposure, a.granted, a.customer_credit,
  coalesce(o.exposure, 0) as orders_exposure, coalesce(o.granted, 0) as orders_granted,
  coalesce(o.verified, 0) as orders_verified, coalesce(o.refunded, 0) as orders_refunded,
  (select coalesce(sum(l.customer_credit), 0) from credit_ledger l
    where l.customer_id = a.id) as ledger_credit,
  (select coalesce(sum(p.amount), 0) from payment p
    where p.customer_id = a.id and p.state = 'verified'
    and p.method <> 'customer_credit') as verified_payments
from (select * from credit_account
  where (:after is null or id > cast(:after as uuid)) order by id limit :limit) a
join customer on customer.id = a.id
left join lateral (
  select sum(greatest(0, reservation + receivable - verified)) as exposure,
    sum(granted) as granted, sum(verified) as verified, sum(refunded) as refunded
  from order_credit where customer_id = a.id) o on true
order by a.id"""),
    "customers": Book("""
select id as key, code, sequence, active, name, grade, salesperson_id
from customer where (:after is null or id > cast(:after as uuid)) order by id limit :limit"""),
}
