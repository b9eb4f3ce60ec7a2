"""What the clients were answered: the rig's own book, kept outside the system under test."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Answered:
    """One command or question, and the last answer to it."""

    chapter: str
    role: str
    method: str
    path: str
    body: Mapping[str, Any] | None
    key: str | None
    if_match: str | None
    status: int
    answer: Any
    attempts: int
    #: When the attempt began that was answered.
    asked_at: datetime
    seconds: float

    @property
    def is_accepted_command(self) -> bool:
        return self.method != "GET" and 200 <= self.status < 300

    @property
    def is_refused_command(self) -> bool:
        return self.method != "GET" and 400 <= self.status < 500

    def __str__(self) -> str:
        return f"{self.role}: {self.method} {self.path} → {self.status} (key {self.key})"


@dataclass(frozen=True)
class Wrong:
    """Something that the system should not have said or done."""

    chapter: str
    what: str


@dataclass
class Ledger:
    """All answers, by the chapter (the fault being struck) in which they were given."""

    chapter: str = "calm"
    answers: list[Answered] = field(default_factory=list)
    wrongs: list[Wrong] = field(default_factory=list)
    #: Tries that were not answered, or with "ask again": the clients tried again by the same key.
    unanswered: Counter[str] = field(default_factory=Counter)
    #: The codes of the 503s among them.
    told: Counter[str] = field(default_factory=Counter)
    _changed: threading.Condition = field(default_factory=threading.Condition, repr=False)

    def write(self, answered: Answered) -> None:
        with self._changed:
            self.answers.append(answered)
            self._changed.notify_all()

    def write_unanswered(self, code: str | None = None) -> None:
        with self._changed:
            self.unanswered[self.chapter] += 1
            if code is not None:
                self.told[code] += 1
            self._changed.notify_all()

    def write_wrong(self, what: str, chapter: str | None = None) -> None:
        with self._changed:
            self.wrongs.append(Wrong(chapter or self.chapter, what))
            self._changed.notify_all()

    @contextmanager
    def during(self, chapter: str) -> Iterator[None]:
        """Book what comes under the name of a fault."""
        before, self.chapter = self.chapter, chapter
        try:
            yield
        finally:
            self.chapter = before

    def accepted(self, chapter: str | None = None) -> list[Answered]:
        """Give the acknowledged commands, of one chapter or all."""
        with self._changed:
            return [
                each
                for each in self.answers
                if each.is_accepted_command and chapter in (None, each.chapter)
            ]

    def wrong_in(self, chapter: str) -> list[str]:
        with self._changed:
            return [wrong.what for wrong in self.wrongs if wrong.chapter == chapter]

    def await_more_accepted(self, number: int, seconds: float, path: str | None = None) -> bool:
        """Wait until so many further commands (to a path) are acknowledged; False if not."""

        def accepted() -> int:
            return sum(path in (None, each.path) for each in self.accepted())

        wanted = accepted() + number
        return self._await(lambda: accepted() >= wanted, seconds)

    def await_unanswered(self, number: int, seconds: float) -> bool:
        """Wait until so many further tries met the fault; False if they did not."""
        wanted = self.unanswered.total() + number
        return self._await(lambda: self.unanswered.total() >= wanted, seconds)

    def await_told(self, code: str, seconds: float) -> bool:
        """Wait until one more try is answered 503 with this code; False if none is."""
        wanted = self.told[code] + 1
        return self._await(lambda: self.told[code] >= wanted, seconds)

    def _await(self, there: Callable[[], bool], seconds: float) -> bool:
        give_up = time.monotonic() + seconds
        with self._changed:
            while not there():
                left = give_up - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
        return True


def same(one: Any, other: Any) -> bool:
    """Say whether two answers are the same JSON."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
