"""Decisions side by side, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import polars as pl

from tnt_sim.deadline import UNLIMITED
from tnt_sim.errors import Lang
from tnt_sim.study.compare.causes import Causes
from tnt_sim.study.compare.inputs import changed_cells, changed_keys
from tnt_sim.study.compare.regret import regrets, worst_regret
from tnt_sim.study.compare.side import Side
from tnt_sim.study.compare.tables import moves, totals, winners
from tnt_sim.study.course import Course
from tnt_sim.verify.figures import decimal_text


@dataclass(frozen=True, eq=False)
class Compared:
    """Decisions side by side; the first is what the others are held against.

    Attributes
    ----------
    sides : the decisions, each with a name of its own
    why : the causes of the moves from the first to each other, by name; empty when they were not asked for
    course : how many sides the causes were sought for, and what ended that before the others
    """

    sides: tuple[Side, ...]
    why: Mapping[str, Causes]
    course: Course | None = None

    @property
    def lang(self) -> Lang:
        """The language of the first scenario."""
        return Lang(self.sides[0].scenario.spec.locale)

    @cached_property
    def keys(self) -> pl.DataFrame:
        """Keys of the scenarios that differ: `path` and a column a side."""
        return changed_keys(self.sides)

    @cached_property
    def cells(self) -> Mapping[str, pl.DataFrame]:
        """Cells of dossiers that differ from the first side, by the other side's name."""
        return {side.name: changed_cells(self.sides[0], side) for side in self.sides[1:]}

    @cached_property
    def totals(self) -> pl.DataFrame:
        """`dimension`, `group`, `side`, `n_funded`, `granted_cents`."""
        return totals(self.sides)

    @cached_property
    def moves(self) -> Mapping[str, pl.DataFrame]:
        """Who is decided otherwise than on the first side, by the other side's name; with `cause`."""
        found = {}
        for side in self.sides[1:]:
            moved = moves(self.sides[0], side)
            why = self.why.get(side.name)
            cause = [None if why is None else why.by_dossier.get(name) for name in moved["dossier"].to_list()]
            found[side.name] = moved.with_columns(pl.Series("cause", cause, dtype=pl.String))
        return found

    @cached_property
    def winners(self) -> Mapping[str, pl.DataFrame]:
        """What each applicant type, department and region gains and loses, by the other side's name."""
        return {name: winners(moved) for name, moved in self.moves.items()}

    @cached_property
    def regrets(self) -> pl.DataFrame:
        """What each portfolio is worth under each scenario."""
        return regrets(self.sides)

    @cached_property
    def worst_regret(self) -> pl.DataFrame:
        """The greatest regret of each portfolio; null where the first goals differ, and so their units."""
        table = worst_regret(self.regrets)
        return table if self.one_goal else table.with_columns(worst_regret=pl.lit(None, pl.String))

    @property
    def one_goal(self) -> bool:
        """Whether every side has the same first goal, so that values may be set against each other."""
        goals = [(side.scenario.tree.get("objective") or [None])[0] for side in self.sides]
        return all(goal == goals[0] for goal in goals)

    def headline(self) -> list[dict[str, Any]]:
        """A row a side: name, amount, granted, left, funded, people, value of the first goal, proof."""
        rows = []
        for side in self.sides:
            amount = side.problem.case.tree.amount_cents[0]
            granted = side.reading.granted_cents
            rows.append(
                {
                    "name": side.name,
                    "scenario_sha256": side.scenario.sha256,
                    "proof": side.proof,
                    "verification": side.verification.standings,
                    "amount_cents": amount,
                    "granted_cents": granted,
                    "unspent_cents": None if amount is None else amount - granted,
                    "n_funded": int(side.allocation.funded.sum()),
                    "inhabitants": side.inhabitants,
                    "goal": side.problem.stages[0].goal,
                    "value": decimal_text(Fraction(side.reading.values[0])),
                }
            )
        return rows

    def summary(self) -> dict[str, Any]:
        """The document of `compare --json`."""
        return {
            "schema_version": 1,
            "command": "compare",
            **(self.course or Course(UNLIMITED, "sides")).told(),
            "scenario": [side.scenario.id for side in self.sides],
            "scenario_sha256": [side.scenario.sha256 for side in self.sides],
            "status": "done",
            "sides": self.headline(),
            "inputs": self.keys.to_dicts(),
            "cells": {name: table.to_dicts() for name, table in self.cells.items()},
            "totals": self.totals.to_dicts(),
            "changes": [
                {"side": name, **_plain(row)}
                for name, moved in self.moves.items()
                for row in moved.iter_rows(named=True)
            ],
            "winners": [
                {"side": name, **row}
                for name, table in self.winners.items()
                for row in table.iter_rows(named=True)
            ],
            "regrets": self.regrets.to_dicts(),
        }

    def to_dataframe(self, backend: str = "polars") -> Any:
        """All moves as one table, `side` first."""
        parts = [moved.select(pl.lit(name).alias("side"), pl.all()) for name, moved in self.moves.items()]
        table = pl.concat(parts)
        return table if backend == "polars" else table.to_pandas()


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in ("title", "applicant")}
