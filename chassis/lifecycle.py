"""Life cycles as tables of legal moves, checked when they are made."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Generic, TypeVar

from chassis.errors import Conflict

State = TypeVar("State", bound=StrEnum)


class IllegalMove(Conflict):
    """A move that the life cycle's table does not list."""

    code = "illegal_move"
    en = "{entity} cannot go from {state} to {wish}; allowed from here: {allowed}."
    zh = "{entity} 不能从 {state} 变为 {wish}；当前可到：{allowed}。"


class Lifecycle(Generic[State]):
    """One axis of an aggregate: every state with the states that may follow it.

    The table is whole: each member of the enum is listed (final ones with an empty set),
    each is reachable from `initial`, and from each a final state can be reached. A table
    that is not raises ValueError when the module is imported, i.e. at start-up. `ends` are
    final states besides those with nothing after them (a closed order can be opened again,
    and is final all the same).
    """

    def __init__(
        self,
        entity: str,
        moves: Mapping[State, set[State]],
        *,
        initial: State,
        ends: Iterable[State] = (),
    ) -> None:
        self.entity = entity
        self.initial = initial
        self.moves = {state: frozenset(after) for state, after in moves.items()}
        self.ends = frozenset(ends) | self.terminal
        self._check_table(set(type(initial)))

    def _check_table(self, members: set[State]) -> None:
        if missing := members - self.moves.keys():
            raise ValueError(f"{self.entity}: states without a row: {sorted(missing)}")
        if lost := members - self._reachable_from(self.initial):
            raise ValueError(f"{self.entity}: states that nothing leads to: {sorted(lost)}")
        endless = {s for s in members if not self._reachable_from(s) & self.ends}
        if endless:
            raise ValueError(f"{self.entity}: states that can never end: {sorted(endless)}")

    def _reachable_from(self, state: State) -> set[State]:
        seen, ahead = {state}, [state]
        while ahead:
            new = self.moves[ahead.pop()] - seen
            seen |= new
            ahead.extend(new)
        return seen

    @property
    def terminal(self) -> frozenset[State]:
        return frozenset(state for state, after in self.moves.items() if not after)

    def next(self, state: State) -> frozenset[State]:
        return self.moves[state]

    def allows(self, state: State, wish: State) -> bool:
        return wish in self.moves[state]

    def check(self, state: State, wish: State, **facts: Any) -> None:
        """Raise IllegalMove unless the table lists `state` → `wish`."""
        if not self.allows(state, wish):
            raise IllegalMove(
                entity=self.entity,
                state=state,
                wish=wish,
                allowed=", ".join(sorted(self.moves[state])) or "-",
                **facts,
            )
