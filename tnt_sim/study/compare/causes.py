"""Why a dossier moves: each change between two scenarios alone, and all but each.

A change is a *cause* of a move when it makes the move alone, or when the move does not happen without it. One
cause is told by its path; several are joined; where no single change makes or undoes the move, they act together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from tnt_sim.errors import InputError, LimitReached
from tnt_sim.question import Answer, ask
from tnt_sim.scenario.compile import compile_problem
from tnt_sim.scenario.load import with_sets
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.study.compare.side import Side

MOST_CHANGES = 20
TOGETHER, DATA = "together", "dossiers"
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
) -> Causes:
    """The cause of every move from the first side to the other."""
    changes = {
        row["path"]: row[other.name]
        for row in keys.iter_rows(named=True)
        if row[first.name] != row[other.name]
    }
    same_data = first.problem.case.table.equals(other.problem.case.table)
    names = moved["dossier"].to_list()
    if len(changes) + (not same_data) == 1:
        return Causes(dict.fromkeys(names, next(iter(changes), DATA)), (), 0)
    if not same_data or not changes or len(changes) > MOST_CHANGES or first.scenario.raw is None:
        return Causes(dict.fromkeys(names, TOGETHER), tuple(changes), 0)
    before, after = first.granted_by_dossier(), other.granted_by_dossier()
    back = {row["path"]: row[first.name] for row in keys.iter_rows(named=True)}
    tried = _tried(first.scenario, other.scenario, changes, back, tell)
    untried = tuple(path for path, alone, _ in tried if alone is None)
    made: dict[str, list[str]] = {name: [] for name in names}
    for path, alone, without in tried:
        if alone is None:
            continue
        for name in names:
            made_alone = alone.get(name) == after.get(name) != before.get(name)
            undone = without is not None and without.get(name) == before.get(name)
            if made_alone or undone:
                made[name].append(path)
    n_solves = len(changes) * (1 if len(changes) == 2 else 2)
    return Causes({name: " + ".join(paths) or TOGETHER for name, paths in made.items()}, untried, n_solves)


def _tried(
    first: Scenario,
    other: Scenario,
    changes: Mapping[str, str | None],
    back: Mapping[str, str | None],
    tell: Callable[[float], None] | None,
) -> list[tuple[str, Awards | None, Awards | None]]:
    """(path, the awards under that change alone, the awards under all the others); None where nothing is said."""
    alone: dict[str, Awards | None] = {}
    for number, (path, value) in enumerate(changes.items()):
        alone[path] = _awards(first, path, value)
        if tell is not None:
            tell((number + 1) / len(changes))
    if len(changes) == 2:  # all but the one is the other alone
        one, two = changes
        return [(one, alone[one], alone[two]), (two, alone[two], alone[one])]
    return [(path, alone[path], _awards(other, path, back[path])) for path in changes]


def _awards(scenario: Scenario, path: str, text: str | None) -> Awards | None:
    """The awards of a scenario under one change; None where it contradicts itself or nothing fits."""
    try:
        problem = compile_problem(with_sets(scenario, [f"{path}={text or 'null'}"]))
        answer: Answer = ask(problem, prove=False)
    except (InputError, LimitReached):
        return None
    if answer.allocation is None:
        return None
    rows = np.flatnonzero(answer.allocation.funded)
    names = problem.case.table["dossier"].gather(rows).to_list()
    return dict(zip(names, answer.allocation.granted_cents[rows].tolist(), strict=True))
