"""The steps of a run read again: each from the grants that the earlier ones made, without any solver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.errors import Defects, InputError, Text
from tnt_sim.rules.base import BoolArray, IntArray, exact_sum
from tnt_sim.scenario.compile import Problem, compile_problem
from tnt_sim.scenario.objective import Sense
from tnt_sim.scenario.scenario import Scenario, Step
from tnt_sim.scenario.steps import RESERVE, decision_steps, reserve_step
from tnt_sim.verify.figures import decimal_text
from tnt_sim.verify.reading import Allocation, broken_rules, read_allocation

COLUMNS = {"dossier": pl.String, "funded": pl.Boolean, "granted_cents": pl.Int64, "step": pl.String}
RESERVE_COLUMNS = {"reserve_rank": pl.Int64, "reserve_cents": pl.Int64}


def reserve_list(problem: Problem, funded: BoolArray, granted_cents: IntArray) -> pl.DataFrame:
    """(dossier, reserve_rank, reserve_cents) of what the step `reserve` would fund.

    Best value of the first goal per euro first, compared as fractions; ties in the order of the dossiers.
    """
    stage = problem.stages[0]
    worth = stage.terms.per_funded + stage.terms.per_cent * granted_cents
    for part in stage.terms.once:
        worth = worth + part.largest_per_dossier(len(worth))
    sign = -1 if stage.sense is Sense.MAXIMISE else 1
    rows = np.flatnonzero(funded & ~problem.offers.committed).tolist()
    rows.sort(key=lambda k: (sign * Fraction(int(worth[k]), max(1, int(granted_cents[k]))), k))
    return pl.DataFrame(
        {
            "dossier": problem.case.table["dossier"].gather(rows),
            "reserve_rank": pl.Series(range(1, len(rows) + 1), dtype=pl.Int64),
            "reserve_cents": pl.Series(granted_cents[rows], dtype=pl.Int64),
        }
    )


def read_steps(
    scenario: Scenario, table: pl.DataFrame, summary: Mapping[str, Any], found: Defects
) -> Problem | None:
    """Read every step of a stored run again and note what does not hold; the problem of the last decision."""
    if not _has(table, COLUMNS, found):
        return None
    steps, told = decision_steps(scenario), summary.get("steps") or []
    strange = set(table["step"].drop_nulls().unique()) - {"", *(step.id for step in steps)}
    if strange or table["step"].null_count():
        names = ", ".join(sorted(strange)[:5])
        found.add("steps", Text(f"étape inconnue : {names}.", f"unknown step: {names}."))
        return None
    problem: Problem | None = None
    nameless = steps[0].id == ""
    for k, step in enumerate(steps):
        before = [] if nameless else [other.id for other in steps[:k]]
        problem = _step(step, step.scenario, table, before, nameless, told, k, found)
        if problem is None:
            return None
    last = reserve_step(scenario)
    if last is not None and "reserve_rank" in table.columns:
        _reserve(last, table, told, len(steps), found)
    return problem


def _has(table: pl.DataFrame, wanted: Mapping[str, Any], found: Defects) -> bool:
    lost = [name for name, dtype in wanted.items() if table.schema.get(name) != dtype]
    for name in lost:
        found.add(
            "allocation",
            Text(
                f"allocation.parquet n'a pas de colonne « {name} » ({wanted[name]}).",
                f'allocation.parquet has no column "{name}" ({wanted[name]}).',
            ),
        )
    return not lost


def _problem(scenario: Scenario, kept: pl.DataFrame, found: Defects) -> Problem | None:
    try:
        return compile_problem(scenario.with_kept(kept))
    except InputError as error:
        found.found.extend(error.defects)
        return None


def _grants(table: pl.DataFrame, cents: str) -> pl.DataFrame:
    return table.select("dossier", pl.col(cents).alias("kept_cents"))


def _step(
    step: Step,
    scenario: Scenario,
    table: pl.DataFrame,
    before: Sequence[str],
    nameless: bool,
    told: Sequence[Mapping[str, Any]],
    number: int,
    found: Defects,
) -> Problem | None:
    """One decision: what stood before it is kept, what it granted is read on top."""
    kept = table.filter(pl.col("funded") & pl.col("step").is_in([name for name in before if name]))
    problem = _problem(scenario, _grants(kept, "granted_cents"), found)
    if problem is None:
        return None
    held = table.filter(pl.col("funded") & pl.col("step").is_in(["", *before, step.id]))
    _read(problem, step.id, _allocation(problem, held, "granted_cents"), told, number, found)
    return problem


def _allocation(problem: Problem, held: pl.DataFrame, cents: str) -> Allocation:
    known = problem.case.table.select("dossier").join(
        held.select("dossier", pl.col(cents).alias("cents")), on="dossier", how="left", maintain_order="left"
    )["cents"]
    return Allocation(
        known.is_not_null().to_numpy().astype(np.bool_), known.fill_null(0).to_numpy().astype(np.int64)
    )


def _read(
    problem: Problem,
    name: str,
    allocation: Allocation,
    told: Sequence[Mapping[str, Any]],
    number: int,
    found: Defects,
) -> None:
    """The rules of a step hold, and its figures are those of the summary."""
    reading = read_allocation(problem, allocation)
    found.found.extend(broken_rules(problem, allocation, reading))
    new = allocation.funded & ~problem.offers.committed
    again = {
        "id": name,
        "n_funded": int(new.sum()),
        "granted_cents": exact_sum(allocation.granted_cents[new]),
        "values": [decimal_text(value) for value in reading.values],
    }
    entry = told[number] if number < len(told) else {}
    stored = {key: entry.get(key) for key in ("id", "n_funded", "granted_cents")}
    stored["values"] = [goal.get("value") for goal in entry.get("objective", [])]
    if stored != again:
        found.add(
            "summary:steps",
            Text(
                f"summary.json : l'étape « {name} » n'est pas ce que l'allocation donne.",
                f'summary.json: the step "{name}" is not what the allocation gives.',
            ),
        )


def _reserve(
    step: Step, table: pl.DataFrame, told: Sequence[Mapping[str, Any]], number: int, found: Defects
) -> None:
    """The reserve list fits in what the reserve frees, and stands in its order."""
    if not _has(table, RESERVE_COLUMNS, found):
        return
    funded = table.filter(pl.col("funded"))
    problem = _problem(step.scenario, _grants(funded, "granted_cents"), found)
    if problem is None:
        return
    listed = table.filter(pl.col("reserve_rank").is_not_null())
    both = pl.concat([_grants(funded, "granted_cents"), _grants(listed, "reserve_cents")])
    allocation = _allocation(problem, both, "kept_cents")
    _read(problem, RESERVE, allocation, told, number, found)
    again = reserve_list(problem, allocation.funded, allocation.granted_cents)
    stored = listed.select(again.columns).sort("reserve_rank")
    doubled = bool(listed["funded"].any())
    if doubled or not stored.equals(again):
        found.add(
            "reserve-list",
            Text(
                "la liste de réserve n'est pas celle que les règles donnent.",
                "the reserve list is not the one that the rules give.",
            ),
        )
