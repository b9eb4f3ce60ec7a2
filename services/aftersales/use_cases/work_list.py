"""What waits for whom: moves of cases, and calls to customers."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from chassis.calendar import WorkingCalendar, calendar_of
from chassis.clock import business_date
from chassis.database import Work
from services.aftersales.domain.lifecycle import CASES, CaseState
from services.aftersales.domain.rules import CASE_DUE_BY
from services.aftersales.domain.visit import Visit
from services.aftersales.storage import cases
from services.aftersales.use_cases.cases import MOVES
from services.aftersales.use_cases.visits import day_list


def list_work(work: Work, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give what waits for the asker's roles, earliest due first."""
    limit = request["limit"]
    mine: dict[CaseState, tuple[str, str, str]] = {}
    for verb, (words, wish, role) in MOVES.items():
        if work.principal.has(role):
            for state in CaseState:
                if CASES.allows(state, wish):
                    mine.setdefault(state, (verb, words, role))
    calendar = calendar_of(work, for_facts=True)
    due_at = _due_times(work, calendar)
    items = [
        _case_item(case, *mine[case.state], due_at(case))
        for case in cases.waiting(work, [*mine], limit)
    ]
    if work.principal.has("aftersales", "assistant"):
        items += [
            _visit_item(visit, calendar.end_of_working_day(visit.planned_on))
            for visit in day_list(work, work.today)[:limit]
        ]
    items.sort(key=lambda item: datetime.fromisoformat(item["due_at"]))
    return items[:limit]


def _due_times(work: Work, calendar: WorkingCalendar) -> Callable[[Any], datetime]:
    """Give what says of a waiting case when its next step is due."""

    # Many wait since the same day, and working days are counted one by one.
    @cache
    def end_of(state: CaseState, opened_on: date) -> datetime:
        days = work.setting(CASE_DUE_BY[state])
        return calendar.end_of_working_day(calendar.add_working_days(opened_on, days))

    def due_at(case: Any) -> datetime:
        if case.state == CaseState.REQUESTED:
            answer_due_at: datetime = case.answer_due_at
            return answer_due_at
        return end_of(CaseState(case.state), business_date(case.opened_at))

    return due_at


def _case_item(case: Any, verb: str, words: str, role: str, due_at: datetime) -> dict[str, Any]:
    return {
        "kind": f"case_{verb}",
        "title": f"{verb.replace('_', ' ').capitalize()}: case {case.number}",
        "title_zh": f"{words}：{case.number}",
        "order_number": case.order_number,
        "customer_name": case.customer_name,
        "entity_type": "case",
        "entity_number": case.number,
        "roles": [role],
        "person_id": None,
        "due_at": due_at.astimezone(UTC).isoformat(),
        "verb": verb,
        "path": f"/api/v1/cases/{case.number}",
    }


def _visit_item(visit: Visit, due_at: datetime) -> dict[str, Any]:
    return {
        "kind": "visit",
        "title": f"Call {visit.customer_name} about {visit.order_number}",
        "title_zh": f"回访 {visit.customer_name}（{visit.order_number}）",
        "order_number": visit.order_number,
        "customer_name": visit.customer_name,
        "entity_type": "visit",
        "entity_number": str(visit.id),
        "roles": ["aftersales"],
        "person_id": None,
        "due_at": due_at.isoformat(),
        "verb": "record",
        "path": f"/api/v1/visits/{visit.id}",
    }
