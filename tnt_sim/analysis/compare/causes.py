"""Attribute the moves between two scenarios to the changes between them.

The differences are keys of the scenarios and cells of the tables. For each change two scenarios are
optimised: the first with that change alone, and the other without it. A change that alone makes the
move is its *cause*; several such changes are joined: `A + B`. If there is none, changes act
together, and the move is attributed to none of them: `together: A + B` names those without which it
does not occur.

A condition or rule present on one side only counts as one change. All differing cells count as one
change. An application that a change alone makes ineligible leaves because of it, whatever the
others do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.analysis.compare.compared_run import ComparedRun
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.domain.portfolio import CANONICAL, get_table_column
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import SolveOutcome
from tnt_sim.errors import InputError, LimitReached
from tnt_sim.scenario.load import set_text, with_sets
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.scenario.scenario import ScenarioData

_WORDS = ("title", "note", "source", "solver", "id", "locale")
"""Keys of a scenario that do not affect the decision."""
KEYS = {"path": pl.String}
ENTRIES = ("eligibility", "rules")
"""Sections whose entries count as one change each if present on one side only."""
CELLS = {"dossier": pl.String, "column": pl.String}


def find_changed_keys(sides: Sequence[ComparedRun]) -> pl.DataFrame:
    """Return one row per key that differs between sides: its `--set` path and its text on each side."""
    each = [list_written_values(side.scenario.resolve()) for side in sides]
    paths = list(dict.fromkeys(path for keys in each for path in keys))
    rows = [[path, *(keys.get(path) for keys in each)] for path in paths]
    rows = [row for row in rows if len(set(row[1:])) > 1]
    schema = {**KEYS, **{side.name: pl.String for side in sides}}
    return pl.DataFrame(rows, schema=schema, orient="row")


@dataclass(frozen=True, slots=True)
class ScenarioDifference:
    """One difference between two scenarios.

    Attributes
    ----------
    path : path of a key, or of an entry present on one side only
    there, here : `--set` texts that give the first scenario the other's value, and the reverse
    """

    path: str
    there: str
    here: str


def list_changes(first: ScenarioData, other: ScenarioData, keys: pl.DataFrame) -> list[ScenarioDifference]:
    """List the changes from one scenario to another; `keys` has path, text on the first, text on the other."""
    entry, two = _select_written_values(first.resolve()), _select_written_values(other.resolve())
    entire = {
        f"{section}.{name}": section
        for section in ENTRIES
        for name in _find_unmatched_entries(entry, two, section)
    }
    result: dict[str, ScenarioDifference] = {}
    for path, here, there in keys.iter_rows():
        if here == there or (path in ENTRIES and "[]" in (here, there)):
            continue  # the entries already express the change to or from an empty list
        name = next((name for name in entire if path == name or path.startswith(f"{name}.")), None)
        if name is None:
            result[path] = ScenarioDifference(path, f"{path}={there or 'null'}", f"{path}={here or 'null'}")
        elif name not in result:
            section = entire[name]
            result[name] = ScenarioDifference(
                name,
                _with_entry(entry, two, section, name.removeprefix(f"{section}.")),
                _with_entry(two, entry, section, name.removeprefix(f"{section}.")),
            )
    return list(result.values())


def _get_entries_by_id(tree: Mapping[str, Any], section: str) -> dict[str, Any]:
    """Return the entries of a section by id; empty if it is not a list of entries."""
    listed = tree.get(section) or []
    if not all(isinstance(entry, dict) and "id" in entry for entry in listed):
        return {}
    return {str(entry["id"]): entry for entry in listed}


def _find_unmatched_entries(entry: Mapping[str, Any], two: Mapping[str, Any], section: str) -> list[str]:
    here, there = _get_entries_by_id(entry, section), _get_entries_by_id(two, section)
    if any(tree.get(section) and not own for tree, own in ((entry, here), (two, there))):
        return []
    return [name for name in {**here, **there} if (name in here) != (name in there)]


def _with_entry(own_entry: Mapping[str, Any], others: Mapping[str, Any], section: str, name: str) -> str:
    """Return the section with one entry as on the other side: with it, or without."""
    own, wanted = _get_entries_by_id(own_entry, section), _get_entries_by_id(others, section)
    retained = [entry for key, entry in own.items() if key != name]
    if name in wanted:
        retained.append(wanted[name])
    return f"{section}={set_text(retained)}"


def find_changed_cells(first: ComparedRun, other: ComparedRun) -> pl.DataFrame:
    """Return one row per cell that differs: `dossier`, `column` and both texts.

    `column` is empty for an application present on one side only.
    """
    left, two = (_convert_to_text(side.problem.case.table) for side in (first, other))
    names = (first.name, other.name)
    schema = {**CELLS, names[0]: pl.String, names[1]: pl.String}
    only = [
        (dossier, "", *marks)
        for held, lacking, marks in ((left, two, ("✓", None)), (two, left, (None, "✓")))
        for dossier in held.join(lacking, on="dossier", how="anti")["dossier"].to_list()
    ]
    both = left.join(two, on="dossier", suffix="\n")
    rows: list[tuple[Any, ...]] = list(only)
    for column in left.columns:
        if column == "dossier" or column not in two.columns:
            continue
        differs = both.filter(pl.col(column).ne_missing(pl.col(f"{column}\n")))
        rows += [
            (row["dossier"], column, row[column], row[f"{column}\n"]) for row in differs.iter_rows(named=True)
        ]
    return pl.DataFrame(rows, schema=schema, orient="row")


def list_written_values(tree: Mapping[str, object], *, numbered: bool = False) -> dict[str, str]:
    """Return the text of each value of a resolved scenario by its `--set` path.

    `numbered` parts also lists whose entries have no id, which no `--set` reaches.

    >>> list_written_values({"programme": {"amount": "2 €", "envelopes": [{"id": "a", "amount": "1 €"}]}})
    {'programme.amount': '2 €', 'envelopes.a.amount': '1 €'}
    """
    return dict(_flatten_values(_select_written_values(tree), "", numbered))


def _select_written_values[Value](tree: Mapping[str, Value]) -> dict[str, Value]:
    return {key: value for key, value in tree.items() if key not in _WORDS}


def _flatten_values(value: object, path: str, numbered: bool) -> Iterator[tuple[str, str]]:
    """Yield each value with its path; list entries by id or number, other lists whole."""
    if isinstance(value, dict) and value:
        for key, child in value.items():
            if key not in ("title", "note", "source"):
                yield from _flatten_values(child, f"{path}.{key}" if path else key, numbered)
    elif isinstance(value, list) and value and all(_is_entry(entry, numbered) for entry in value):
        here = "envelopes" if path.endswith("envelopes") else path
        for number, entry in enumerate(value):
            place = f"{here}.{entry.get('id', number)}"
            rest = {key: child for key, child in entry.items() if key != "id"}
            yield from _flatten_values(rest, place, numbered)
            if not rest:
                yield place, ""
    else:
        yield path, set_text(value)


def _is_entry(value: object, numbered: bool) -> bool:
    return isinstance(value, dict) and (numbered or "id" in value)


def _convert_to_text(table: pl.DataFrame) -> pl.DataFrame:
    """Convert every cell to text for comparison."""
    known = [get_table_column(name) for name in CANONICAL]
    columns = [column for column in known if column in table.columns]
    return table.select(
        pl.col(column).list.join(";")
        if table.schema[column] == pl.List(pl.String)
        else pl.col(column).cast(pl.String)
        for column in columns
    )


MOST_CHANGES = 20
TOGETHER, DATA = "together", "dossiers"
_SOURCES = ("dossiers", "territory", "timezone", "committed_from")
"""Keys that decide which cells are read: a change of cells is then not separable from them."""
Awards = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Causes:
    """Cause of each move by application, and the changes that were not tried.

    Changes are not tried if there are too many, or if no scenario results from one alone.
    """

    by_dossier: Mapping[str, str]
    untried: tuple[str, ...]
    n_solves: int


def find_causes(
    first: ComparedRun,
    other: ComparedRun,
    keys: pl.DataFrame,
    moved: pl.DataFrame,
    deadline: Deadline = UNLIMITED,
) -> Causes:
    """Find the cause of every move from the first side to the other; after the deadline changes stay untried."""
    changes = list_changes(first.scenario, other.scenario, keys.select("path", first.name, other.name))
    same_data = first.problem.case.table.equals(other.problem.case.table)
    names = moved["dossier"].to_list()
    if len(changes) + (not same_data) == 1:
        return Causes(dict.fromkeys(names, changes[0].path if changes else DATA), (), 0)
    pieces = _list_effects(first.scenario, other.scenario, changes, same_data=same_data)
    paths = tuple(part.path for part in pieces)
    if not 0 < len(pieces) <= MOST_CHANGES or first.scenario.raw is None:
        return Causes(dict.fromkeys(names, TOGETHER), paths or (DATA,), 0)
    before, after = first.map_granted_cents(), other.map_granted_cents()
    tried = _try_changes(pieces, deadline)
    single: dict[str, list[str]] = {name: [] for name in names}
    needed: dict[str, list[str]] = {name: [] for name in names}
    for path, made, undone in tried:
        for name in names:
            if made.has_same_effect(name, before, after):
                single[name].append(path)
            if undone.awards is not None and undone.awards.get(name) == before.get(name):
                needed[name].append(path)
    untried = tuple(path for path, made, _ in tried if made.awards is None)
    n_solves = len(pieces) * (1 if len(pieces) == 2 else 2)
    joint = {
        name: f"{TOGETHER}: {' + '.join(paths)}" if paths else TOGETHER for name, paths in needed.items()
    }
    found = {name: " + ".join(single[name]) or joint[name] for name in names}
    return Causes(found, untried, n_solves)


@dataclass(frozen=True, slots=True)
class _ChangeEffect:
    """One change: functions that build the first scenario with it alone, and the other without it."""

    path: str
    with_it: Callable[[], ScenarioData]
    without: Callable[[], ScenarioData]


def _list_effects(
    first: ScenarioData, other: ScenarioData, changes: Sequence[ScenarioDifference], *, same_data: bool
) -> Sequence[_ChangeEffect]:
    """List the changes, all differing cells as one; empty if the cells cannot be changed alone."""
    pieces = [
        _ChangeEffect(
            change.path,
            lambda text=change.there: with_sets(first, [text]),  # type: ignore[misc]
            lambda text=change.here: with_sets(other, [text]),  # type: ignore[misc]
        )
        for change in changes
    ]
    if same_data:
        return pieces
    if first.steps or other.steps or any(change.path.startswith(_SOURCES) for change in changes):
        return ()
    cells = _ChangeEffect(
        DATA,
        lambda: replace(first, portfolio=other.portfolio),
        lambda: replace(other, portfolio=first.portfolio),
    )
    return [*pieces, cells]


@dataclass(frozen=True, slots=True)
class TriedChanges:
    """Result of a scenario under some of the changes.

    Attributes
    ----------
    awards : cents by funded application; None if it is contradictory, infeasible or stopped by a
    limit
    barred : applications that are not eligible under it
    """

    awards: Awards | None
    barred: frozenset[str]

    def has_same_effect(self, name: str, before: Awards, after: Awards) -> bool:
        """Whether it does to an application what all changes together do."""
        if before.get(name) == after.get(name):
            return False
        if name in self.barred:
            return name not in after
        return self.awards is not None and self.awards.get(name) == after.get(name)


def _try_changes(
    effects: Sequence[_ChangeEffect], deadline: Deadline
) -> list[tuple[str, TriedChanges, TriedChanges]]:
    """Return (path, first scenario with that change alone, other without it) for each change."""
    single = [_optimise_under_change(part.with_it, deadline) for part in effects]
    paths = [part.path for part in effects]
    if len(effects) == 2:  # without one change is the same as with the other alone
        return list(zip(paths, single, single[::-1], strict=True))
    back = [_optimise_under_change(part.without, deadline) for part in effects]
    return list(zip(paths, single, back, strict=True))


def _optimise_under_change(make: Callable[[], ScenarioData], deadline: Deadline) -> TriedChanges:
    """Optimise a scenario under one change; nothing is tried after the deadline."""
    if deadline.expired:
        return TriedChanges(None, frozenset())
    try:
        problem = compile_problem(make(), wants_notices=False)
    except InputError:
        return TriedChanges(None, frozenset())
    offers, numbers = problem.offers, problem.case.table["dossier"]
    barred = frozenset(numbers.gather(np.flatnonzero(~offers.in_play)).to_list())
    try:
        answer: SolveOutcome = optimise(
            problem, OptimiseOptions(prove=False), clock=Clock.from_deadline(deadline)
        )
    except (InputError, LimitReached):
        return TriedChanges(None, barred)
    if (
        answer.allocation is None or not answer.is_closed
    ):  # an allocation found at a limit does not show the effect of the change
        return TriedChanges(None, barred)
    rows = np.flatnonzero(answer.allocation.funded)
    names = numbers.gather(rows).to_list()
    cents = answer.allocation.granted_cents[rows].tolist()
    return TriedChanges(dict(zip(names, cents, strict=True)), barred)
