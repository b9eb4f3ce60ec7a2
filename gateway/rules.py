"""The gateway's own numbers, kept as data and changed through the API like every service's."""

from chassis.policy import Rule, rules

RULES = rules(
    Rule("documents.company", "本公司", "the name at the head of printed papers"),
    Rule("session.idle_minutes", 120, "a session unused for so long ends", least=1, most=1440),
    Rule("session.hours", 12, "a session ends so long after signing in", least=1, most=168),
    Rule("password.max_age_days", 90, "then it must be changed", least=1, most=3650),
    Rule("password.least_characters", 10, "fewer are refused", least=8, most=64),
    Rule("password.one_time_hours", 72, "an unused one-time password ends", least=1, most=720),
    Rule("sign_in.free_failures", 5, "failures of a name before it waits", least=1, most=100),
    Rule(
        "sign_in.address_failures",
        50,
        "failures of an address before it waits",
        least=1,
        most=100_000,
    ),
    Rule(
        "sign_in.first_wait_seconds",
        30,
        "the first wait; each further failure doubles it",
        least=1,
        most=3600,
    ),
    Rule("sign_in.longest_wait_seconds", 3600, "no wait is longer", least=1, most=86_400),
    Rule("sign_in.memory_hours", 24, "failures older than this are forgotten", least=1, most=720),
)
