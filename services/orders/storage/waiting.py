"""What waits for somebody in orders: all kinds in one statement, of each a bounded number.

Each kind is read in the order of an index of its own, the first due or the longest waiting
first, and nothing but what is shown. A statement for each kind, of mapped columns, cost three
times as much.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from chassis.database import Work
from chassis.roundtrips import ask
from services.orders.domain.anomaly import LADDER
from services.orders.domain.lifecycle import BEING_PREPARED, GateKind, Stage

# Of orders: `due_at` by their own clock, `day` as promised, and where it slides, by what. That
# is looked up for each: joined, PostgreSQL would read all there are for the rows it expects.
_ORDERS = """
select asked.kind, o.number, o.customer_name, o.confirmation_due_at as due_at,
    o.base_customer_due as day,
    case when o.confirmation_due_at is null then (
        select json_build_array(c.sent_on, c.arrived_on, c.slide_calendar)
        from confirmation c where c.order_id = o.id and c.state <> 'void' and c.slides
        order by c.number desc limit 1) end as facts
from unnest(%({asked})s::text[]) as asked(kind)
cross join lateral ({found}) as o
"""
_IN_ORDER = """
    select id, number, customer_name, confirmation_due_at, base_customer_due
    from "order" o
    where {which} and hold is null{own}
    order by {first}, id limit %(limit)s
"""
_OWN = " and o.salesperson_id = %(own)s"
# By its own column and index: looked up in the orders, those of all others would be read too.
_OWN_ANOMALY = " and salesperson_id = %(own)s"

_IN_STAGE = "stage = asked.kind and not past"
# What is due by its own clock before what waits without one, where that may run.
_DUE, _LONGEST = "confirmation_due_at, touched_at", "touched_at"
# What was refused waits for no signature, but to be returned: a task of its own says so.
# From the gates on, the longest open first, and each order looked up: PostgreSQL would rather go
# through all orders in review for what it expects of so many conditions.
_AT_GATE = """
    select o.* from gate as g
    cross join lateral (
        select id, number, customer_name, confirmation_due_at, base_customer_due
        from "order" o
        where id = g.order_id and stage = 'in_review' and hold is null{own}
        and (asked.kind <> 'approval' or %(is_director)s or (total <= %(alone_up_to)s
            and (scheme_total - total) * 100 <= scheme_total * %(alone_off_percent)s))
        limit 1
    ) as o
    where g.kind = asked.kind and g.opened_at is not null and g.verdict <> 'passed'
    and g.verdict <> 'refused'
    order by g.opened_at limit %(limit)s
"""
# Stage by stage, as all that waits in several stages: one stage is read in the order of its
# index, several would be sorted whole.
_UNDER_WAY = """
select '{kind}', s.number, s.customer_name, s.due_at, s.day, s.facts from ({found}) as s
"""
_TO_ISSUE = """stage = asked.kind and exists (
        select from order_line l where l.order_id = o.id and l.supply = 'make'
        and l.short_closed is false and (l.production is null or l.production = 'draft')
        and l.instruction_follows is distinct from 'plan')"""
# Kept on the order: most orders under way wait for their goods, and would all be looked through.
_TO_SHIP = f"""stage = asked.kind and goods_ready and not exists (
        select from shipment_copy s where s.order_id = o.id and s.state in {BEING_PREPARED})"""

# A hold stops all of an order's clocks, so then nothing falls due. Anybody's of a role and those
# of one person, each in the order of the index.
_TASKS = """
select 'task' as kind, t.number, t.customer_name,
    case when t.hold is null then t.due_at end as due_at, null::date as day,
    json_build_object('id', t.id, 'kind', t.kind, 'title', t.title, 'title_zh', t.title_zh,
        'role', t.role, 'person_id', t.person_id) as facts
from unnest(%(roles)s::text[]) as asked(role)
cross join lateral (
    select task.*, o.number, o.customer_name, o.hold
    from task join "order" o on o.id = task.order_id
    where task.state = 'open' and task.role = asked.role and task.person_id {whose}{own}
    order by task.due_at, task.id limit %(limit)s
) as t
"""
_ANYBODYS, _ONES_OWN = "is null", "= %(person)s"
# What climbs no further, since the last or all know of it, has been due ever since it was raised.
# Told to all, it may stand at any step of the ladder; else it is for those at its step. Orders
# are looked up for what is shown alone: for what each step might show it was four times as many.
_ANOMALIES = """
select 'anomaly', o.number, o.customer_name,
    case when o.hold is null then coalesce(a.escalates_at, a.raised_at) end, null::date,
    json_build_object('id', a.id, 'text', a.text, 'text_zh', a.text_zh, 'step', a.step,
        'told_all', a.told_all)
from (
    select found.* from (
        select step, false as told_all from unnest(%(steps)s::int[]) as step
        union all
        select step, true from generate_series(0, %(top)s) as step
    ) as asked
    cross join lateral (
        select id, order_id, text, text_zh, step, told_all, escalates_at, priority, raised_at
        from anomaly
        where state = 'open' and step = asked.step and told_all = asked.told_all{own_anomaly}
        order by priority desc, raised_at, id limit %(limit)s
    ) as found
    order by priority desc, raised_at, id limit %(limit)s
) as a
cross join lateral (
    select number, customer_name, hold from "order" where id = a.order_id limit 1
) as o
"""

ISSUE, SHIP, TASK, ANOMALY = "to_issue", "to_ship", "task", "anomaly"


def of_asker(
    work: Work,
    limit: int,
    *,
    stages: Sequence[Stage],
    gates: Sequence[GateKind],
    under_way: bool,
) -> Sequence[Any]:
    """Give up to `limit` of each kind that waits for the asker: `kind` is a stage, a gate, …

    `stages` and `gates` are those whose orders concern the asker; `under_way` says whether
    what is to be issued and to be shipped does. Tasks and anomalies are those of the asker's
    roles.
    """
    who = work.principal
    steps = [step for step, role in enumerate(LADDER) if who.has(role)]
    statement = _statement(
        in_stages=bool(stages),
        at_gates=bool(gates),
        under_way=under_way,
        anomalies=bool(steps),
        own=who.limited_to_own_customers,
    )
    asked = {
        "limit": limit,
        "own": who.person_id,
        "person": who.person_id,
        "roles": sorted(who.roles),
        "steps": steps,
        "top": len(LADDER) - 1,
        "stages": [str(stage) for stage in stages],
        "gates": [str(gate) for gate in gates],
        "under_way": [str(Stage.CONFIRMED), str(Stage.IN_PROGRESS)],
        # As `director_reasons` has it: what the supervisor may not approve does not wait for him.
        "is_director": who.has("director"),
        "alone_up_to": work.setting("director_approves_above"),
        "alone_off_percent": work.setting("director_approves_off_percent"),
    }
    return ask(work.connection, statement, asked)


@cache
def _statement(
    *, in_stages: bool, at_gates: bool, under_way: bool, anomalies: bool, own: bool
) -> str:
    """Give the statement of what concerns some roles: PostgreSQL plans no more than is asked.

    It is prepared: to plan it took longer than to run it. What it reads hangs on no value.
    """
    parts = []
    if in_stages:
        found = _IN_ORDER.format(which=_IN_STAGE, first=_DUE, own="{own}")
        parts.append(_ORDERS.format(asked="stages", found=found))
    if at_gates:
        parts.append(_ORDERS.format(asked="gates", found=_AT_GATE))
    if under_way:
        for kind, which, first in ((ISSUE, _TO_ISSUE, _DUE), (SHIP, _TO_SHIP, _LONGEST)):
            found = _IN_ORDER.format(which=which, first=first, own="{own}")
            found = _ORDERS.format(asked="under_way", found=found)
            parts.append(_UNDER_WAY.format(kind=kind, found=found))
    parts += [_TASKS.format(whose=whose, own="{own}") for whose in (_ANYBODYS, _ONES_OWN)]
    if anomalies:
        parts.append(_ANOMALIES)
    return " union all ".join(parts).format(
        own=_OWN if own else "", own_anomaly=_OWN_ANOMALY if own else ""
    )
