"""Near-optimal portfolios steered to one side: the most rural, the most mutualised, the most balanced."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from tnt_sim.rules.base import BoolArray, Terms, Unit
from tnt_sim.rules.columns import CENT
from tnt_sim.rules.goals import SmallestSpec, compile_smallest
from tnt_sim.rules.measures import Measures
from tnt_sim.scenario.compile import Problem
from tnt_sim.scenario.objective import Sense, Stage

RURAL_HEADS = 3_500
"""A commune of at most so many inhabitants is rural here (the threshold of CGCT L. 2121-8 before 2014)."""
MUTUALISED = "mutualisation"


def steers(problem: Problem) -> Iterator[Stage]:
    """The goals that this portfolio can be steered by; those that no dossier enters are left out."""
    table = problem.case.table
    people = pl.col("population").is_not_null() & (pl.col("population") <= RURAL_HEADS)
    small = table.select(people & (pl.col("applicant_type") == "commune")).to_series().to_numpy()
    shared = table.select(
        (pl.col("applicant_type") == MUTUALISED) | pl.col("tags").list.contains("mutualise")
    )
    for name, mask in (
        ("rural", small),
        ("mutualised", shared.to_series().fill_null(value=False).to_numpy()),
    ):
        if (mask & problem.offers.candidate).any():
            yield Stage(name, Sense.MAXIMISE, _money(mask))
    balanced = _balanced(problem)
    if balanced is not None:
        yield balanced


def _money(mask: BoolArray) -> Terms:
    ones = mask.astype(np.int64)
    return Terms(CENT, Unit.MONEY, np.zeros_like(ones), ones)


def _balanced(problem: Problem) -> Stage | None:
    """The department that gets least gets most, per head where there is a map; None without departments."""
    case, offers = problem.case, problem.offers
    inside = case.table.select((pl.col("department") != "").fill_null(value=False)).to_series().to_numpy()
    if len(case.table["department"].filter(pl.Series(inside & offers.candidate)).unique()) < 2:
        return None
    before = len(case.defects.found), len(case.warnings.found)
    spec = SmallestSpec(
        measure="granted", by="department", per="population" if case.map_year is not None else None
    )
    part = compile_smallest(spec, ("objective",), case, Measures(case, offers.in_play, {}), offers)
    failed = len(case.defects.found) > before[0]
    del case.defects.found[before[0] :], case.warnings.found[before[1] :]
    if part is None or failed:
        return None
    zeros = np.zeros(case.n, dtype=np.int64)
    return Stage("balanced", Sense.MAXIMISE, Terms(CENT, Unit.MONEY, zeros, zeros), parts=(part,))
