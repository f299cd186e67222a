"""Why a dossier moves: each change between two scenarios alone, and all but each.

A change that makes the move alone is its *cause*; several that do are joined. Where none does, those without which
the move does not happen are; where no single change makes or undoes the move, they act together. A condition or a
rule that stands on one side only is one change, whatever it says. A dossier that a change alone makes ineligible
leaves by that change, whatever the others do. Tables whose cells differ are one change, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from tnt_sim.clock import Clock
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.errors import InputError, LimitReached
from tnt_sim.question import Answer, ask
from tnt_sim.scenario.compile import compile_problem
from tnt_sim.scenario.load import with_sets
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.study.compare.inputs import Change, changes_of
from tnt_sim.study.compare.side import Side

MOST_CHANGES = 20
TOGETHER, DATA = "together", "dossiers"
_SOURCES = ("dossiers", "territory", "timezone", "committed_from")
"""Keys that decide which cells are read: changed together with them, they are no change of their own."""
Awards = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Causes:
    """The cause of each move by dossier, and the changes that were not tried (too many, or no scenario alone)."""

    by_dossier: Mapping[str, str]
    untried: tuple[str, ...]
    n_solves: int


def causes(
    first: Side,
    other: Side,
    keys: pl.DataFrame,
    moved: pl.DataFrame,
    tell: Callable[[float], None] | None = None,
    deadline: Deadline = UNLIMITED,
) -> Causes:
    """The cause of every move from the first side to the other; without time a change is untried."""
    changes = changes_of(first.scenario, other.scenario, keys.select("path", first.name, other.name))
    same_data = first.problem.case.table.equals(other.problem.case.table)
    names = moved["dossier"].to_list()
    if len(changes) + (not same_data) == 1:
        return Causes(dict.fromkeys(names, changes[0].path if changes else DATA), (), 0)
    parts = _parts(first.scenario, other.scenario, changes, same_data=same_data)
    paths = tuple(part.path for part in parts)
    if not 0 < len(parts) <= MOST_CHANGES or first.scenario.raw is None:
        return Causes(dict.fromkeys(names, TOGETHER), paths or (DATA,), 0)
    before, after = first.granted_by_dossier(), other.granted_by_dossier()
    tried = _tried(parts, tell, deadline)
    alone: dict[str, list[str]] = {name: [] for name in names}
    needed: dict[str, list[str]] = {name: [] for name in names}
    for path, made, undone in tried:
        for name in names:
            if made.moves(name, before, after):
                alone[name].append(path)
            if undone.awards is not None and undone.awards.get(name) == before.get(name):
                needed[name].append(path)
    untried = tuple(path for path, made, _ in tried if made.awards is None)
    n_solves = len(parts) * (1 if len(parts) == 2 else 2)
    found = {name: " + ".join(alone[name] or needed[name]) or TOGETHER for name in names}
    return Causes(found, untried, n_solves)


@dataclass(frozen=True, slots=True)
class _Part:
    """One change: what makes the first scenario with it alone, and the other without it."""

    path: str
    alone: Callable[[], Scenario]
    without: Callable[[], Scenario]


def _parts(
    first: Scenario, other: Scenario, changes: Sequence[Change], *, same_data: bool
) -> Sequence[_Part]:
    """The changes, with the cells of the tables as one; none where the cells cannot be changed alone."""
    parts = [
        _Part(
            change.path,
            lambda text=change.there: with_sets(first, [text]),  # type: ignore[misc]
            lambda text=change.here: with_sets(other, [text]),  # type: ignore[misc]
        )
        for change in changes
    ]
    if same_data:
        return parts
    if first.steps or other.steps or any(change.path.startswith(_SOURCES) for change in changes):
        return ()
    cells = _Part(
        DATA,
        lambda: replace(first, portfolio=other.portfolio),
        lambda: replace(other, portfolio=first.portfolio),
    )
    return [*parts, cells]


@dataclass(frozen=True, slots=True)
class Tried:
    """A scenario under some of the changes.

    Attributes
    ----------
    awards : what it gives; None where it contradicts itself, nothing fits, or a limit came first
    barred : the dossiers that are not eligible under it
    """

    awards: Awards | None
    barred: frozenset[str]

    def moves(self, name: str, before: Awards, after: Awards) -> bool:
        """Whether it does to a dossier what all changes do."""
        if before.get(name) == after.get(name):
            return False
        if name in self.barred:
            return name not in after
        return self.awards is not None and self.awards.get(name) == after.get(name)


def _tried(
    parts: Sequence[_Part], tell: Callable[[float], None] | None, deadline: Deadline
) -> list[tuple[str, Tried, Tried]]:
    """(path, the first scenario with that change alone, the other without it) for each change."""
    alone = []
    for number, part in enumerate(parts):
        alone.append(_under(part.alone, deadline))
        if tell is not None:
            tell((number + 1) / len(parts))
    paths = [part.path for part in parts]
    if len(parts) == 2:  # all but the one is the other alone
        return list(zip(paths, alone, alone[::-1], strict=True))
    back = [_under(part.without, deadline) for part in parts]
    return list(zip(paths, alone, back, strict=True))


def _under(make: Callable[[], Scenario], deadline: Deadline) -> Tried:
    """A scenario under one change; nothing is tried without time."""
    if deadline.expired:
        return Tried(None, frozenset())
    try:
        problem = compile_problem(make())
    except InputError:
        return Tried(None, frozenset())
    offers, numbers = problem.offers, problem.case.table["dossier"]
    barred = frozenset(numbers.gather(np.flatnonzero(~offers.in_play)).to_list())
    try:
        answer: Answer = ask(problem, prove=False, clock=Clock.until(deadline))
    except (InputError, LimitReached):
        return Tried(None, barred)
    if (
        answer.allocation is None or not answer.is_closed
    ):  # a list at a limit says nothing of what the change does
        return Tried(None, barred)
    rows = np.flatnonzero(answer.allocation.funded)
    names = numbers.gather(rows).to_list()
    cents = answer.allocation.granted_cents[rows].tolist()
    return Tried(dict(zip(names, cents, strict=True)), barred)
