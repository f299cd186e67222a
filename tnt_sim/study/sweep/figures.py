"""What an amount buys, in figures: dossiers, money, people and departments, in all and by envelope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.rules.base import BoolArray, IntArray, Once
from tnt_sim.rules.inhabitants import reach_of
from tnt_sim.rules.measures import key_codes
from tnt_sim.scenario.compile import Problem
from tnt_sim.study.sweep.exact import Steps
from tnt_sim.verify.figures import allocation_sha256
from tnt_sim.verify.reading import Allocation, AllocationReading, read_allocation

CHUNK = 256
"""Steps counted at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Counters:
    """What every list of one table is counted by.

    Attributes
    ----------
    people : int64 (n_applicants,), the applicants' inhabitants; None when the table gives none
    reached : the communes that each dossier reaches, with their inhabitants; None when the scenario names no map
    applicant, department : int64 (n,), codes from 0; a department of -1 is not given
    """

    people: IntArray | None
    reached: Once | None
    applicant: IntArray
    department: IntArray
    n_departments: int

    @classmethod
    def of(cls, problem: Problem) -> Counters:
        """The counters of a problem's dossiers."""
        case = problem.case
        applicant = key_codes(case, "applicant_id", fallback=True)
        known = case.table["population"]
        people = None
        if known.null_count() < case.n:
            people = np.zeros(int(applicant.max(initial=-1)) + 1, dtype=np.int64)
            np.maximum.at(people, applicant, known.cast(pl.Int64).fill_null(0).to_numpy())
        department = case.portfolio.once(("department codes",), lambda: _codes(case.table["department"]))
        reach = reach_of(case)
        reached = None if reach is None else reach.once(np.ones(case.n, dtype=np.bool_))
        return cls(people, reached, applicant, department, int(department.max(initial=-1)) + 1)

    def population(self, funded: BoolArray) -> IntArray | None:
        """Inhabitants of the applicants of each list, each applicant once; funded : bool (n, k), int64 (k,)."""
        if self.people is None:
            return None
        reached = _any_of(self.applicant, funded, len(self.people))
        return np.asarray(self.people @ reached)

    def inhabitants(self, funded: BoolArray) -> list[int | None]:
        """Inhabitants of the communes that each list reaches, each inhabitant once; funded : bool (n, k)."""
        if self.reached is None:
            return [None] * funded.shape[1]
        held = _any_of(self.reached.key, funded[self.reached.row], len(self.reached.worth))
        return list((self.reached.worth @ held).tolist())

    def departments(self, funded: BoolArray) -> IntArray:
        """How many departments each list reaches, int64 (k,)."""
        return _any_of(self.department, funded, self.n_departments).sum(axis=0)


def _codes(names: pl.Series) -> IntArray:
    """Codes from 0 of the names that are given, by first appearance; -1 for none."""
    known = names.set(names == "", None).alias("name")
    kinds = known.drop_nulls().unique(maintain_order=True)
    codes = pl.DataFrame({"name": kinds, "code": np.arange(len(kinds))})
    found = known.to_frame().join(codes, on="name", how="left", maintain_order="left")["code"]
    return found.fill_null(-1).to_numpy()


def _any_of(code: IntArray, funded: BoolArray, n_codes: int) -> IntArray:
    """Whether a list holds some row of each code, 0 or 1; funded : bool (len(code), k), int64 (n_codes, k)."""
    order = np.argsort(code, kind="stable")
    order = order[code[order] >= 0]
    found = np.zeros((n_codes, funded.shape[1]), dtype=np.int64)
    if len(order):
        starts = np.flatnonzero(np.r_[True, np.diff(code[order]) != 0])
        found[code[order][starts]] = np.logical_or.reduceat(funded[order], starts, axis=0)
    return found


def list_figures(counters: Counters, problem: Problem, allocation: Allocation) -> dict[str, Any]:
    """The figures of one list; amounts in cents, those of an envelope with all that is under it."""
    reading = read_allocation(problem, allocation)
    funded = allocation.funded[:, None]
    people = counters.population(funded)
    return {
        "granted_cents": reading.granted_cents,
        "n_funded": int(allocation.funded.sum()),
        "n_new": int((allocation.funded & ~problem.offers.committed).sum()),
        "population": None if people is None else int(people[0]),
        "inhabitants": counters.inhabitants(funded)[0],
        "n_departments": int(counters.departments(funded)[0]),
        "envelopes": _envelopes(problem, allocation, reading),
        "allocation_sha256": allocation_sha256(problem, allocation),
    }


def _envelopes(problem: Problem, allocation: Allocation, reading: AllocationReading) -> list[dict[str, Any]]:
    """One entry per written envelope; the parts of a split are within it."""
    tree, node = problem.case.tree, problem.case.node
    written = {spec.id for spec, _ in problem.scenario.spec.programme.walk()}
    held = allocation.funded & (node >= 0)
    counts = tree.subtree_sums(np.bincount(node[held], minlength=tree.n_nodes).tolist())
    money = reading.envelopes
    return [
        {
            "id": name,
            "parent": tree.ids[int(tree.parent[k])] if k else None,
            "title": tree.titles[k],
            "amount_cents": tree.written_cents[k],
            "effective_cents": money.effective_cents[k],
            "granted_cents": money.granted_cents[k],
            "n_funded": counts[k],
        }
        for k, name in enumerate(tree.ids)
        if name in written
    ]


def step_columns(counters: Counters, steps: Steps) -> dict[str, list[Any]]:
    """The figures of every step, by column."""
    offers = steps.problem.offers
    amount = np.where(offers.committed, offers.committed_cents, offers.most_cents)
    told: dict[str, list[Any]] = {
        name: [] for name in ("n_funded", "granted_cents", "population", "inhabitants", "n_departments")
    }
    for start in range(0, len(steps.cents), CHUNK):
        funded = steps.funded[:, start : start + CHUNK]
        told["n_funded"] += funded.sum(axis=0).tolist()
        told["granted_cents"] += (amount @ funded).tolist()
        people = counters.population(funded)
        told["population"] += [None] * funded.shape[1] if people is None else people.tolist()
        told["inhabitants"] += counters.inhabitants(funded)
        told["n_departments"] += counters.departments(funded).tolist()
    return told
