"""Shipping's own numbers; each is a setting with this default (SPEC §7)."""

from chassis.calendar import CALENDAR
from chassis.policy import Rule, rules

_QUARTERS = tuple(f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 15, 30, 45))

RULES = rules(
    Rule("morning_cutoff", "10:00", "paid before it: the morning batch", choices=_QUARTERS),
    Rule("same_day_cutoff", "16:00", "paid before it: the same day's batch", choices=_QUARTERS),
    Rule("morning_leaves", "12:00", "when the morning batch leaves", choices=_QUARTERS),
    Rule("same_day_leaves", "18:00", "when the same day's batch leaves", choices=_QUARTERS),
    Rule("dispatch_working_days", 3, "a request is dispatched within so many", least=0, most=60),
    Rule("written_request_working_days", 1, "owed after an emergency", least=0, most=60),
    Rule("waybill_working_days", 1, "carrier and waybill owed after dispatch", least=0, most=60),
    Rule("receipt_working_days", 5, "delivery receipt owed after a bare scan", least=0, most=60),
    Rule("notice_minutes", 60, "the notice goes out by two channels within", least=1, most=10_080),
    Rule("notice_check_minutes", 240, "the clerk has checked it within", least=1, most=10_080),
    Rule("default_transit_days", 3, "transit where no table says more", least=0, most=60),
    CALENDAR,
)
