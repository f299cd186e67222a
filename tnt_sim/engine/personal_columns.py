"""Columns of a scenario's dossiers that look personal: which of them a rule reads, and which a run leaves out.

A column of the planner's own that looks personal stays in the run only if the scenario names it: in a rule, a
condition, a goal, or under `publisher: {columns: […]}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tnt_sim.domain.portfolio import CANONICAL, get_table_column
from tnt_sim.ingest.tables.personal_data import PersonalColumn, find_personal_columns
from tnt_sim.scenario.scenario import WORDS, ScenarioData

_NO_READERS = ("dossiers", "letters", "publisher", "accept")
"""Blocks of a scenario whose keys and words name no column that is read."""
_DESCRIPTIONS = WORDS | {"reason"}


class PersonalStanding(StrEnum):
    """Whether a run holds a column that looks personal, and why."""

    LEFT_OUT = "left_out"
    READ = "read"
    ALLOWED = "allowed"
    CANONICAL = "canonical"
    MARK = "mark"
    """It only says which applicants are natural persons, and the run keeps it to hide their names."""


@dataclass(frozen=True, slots=True)
class StandingColumn:
    """A column that looks personal, and what happens to it."""

    column: PersonalColumn
    standing: PersonalStanding


def list_personal_columns(scenario: ScenarioData) -> list[StandingColumn]:
    """Return the columns that look personal, with what happens to each, in the order of the table."""
    portfolio = scenario.portfolio
    columns: list[PersonalColumn] = portfolio.memoise(
        ("personal-columns",), lambda: find_personal_columns(portfolio.table)
    )
    if not columns:
        return []
    blocks = {key: block for key, block in scenario.tree.items() if key not in _NO_READERS}
    allowed, named = scenario.spec.publisher.columns, frozenset(_iterate_names(blocks))
    return [StandingColumn(column, _determine_standing(column, allowed, named)) for column in columns]


def select_left_out(scenario: ScenarioData) -> list[str]:
    """Return the columns that look personal and that nobody reads or allowed: a run does not keep them."""
    return [
        entry.column.name
        for entry in list_personal_columns(scenario)
        if entry.standing is PersonalStanding.LEFT_OUT
    ]


def _determine_standing(
    column: PersonalColumn, allowed: tuple[str, ...], named: frozenset[str]
) -> PersonalStanding:
    if column.name in allowed:
        return PersonalStanding.ALLOWED
    if column.name in {get_table_column(canonical) for canonical in CANONICAL}:
        return PersonalStanding.CANONICAL
    if column.name in named:
        return PersonalStanding.READ
    return PersonalStanding.MARK if column.is_mark else PersonalStanding.LEFT_OUT


def _iterate_names(tree: object) -> Iterator[str]:
    """Yield the texts of a scenario, keys included, that may name a column: all but descriptions."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield str(key)
            if key not in _DESCRIPTIONS:
                yield from _iterate_names(value)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from _iterate_names(value)
    elif isinstance(tree, str):
        yield tree
