"""Find near-optimal allocations that differ as much as possible, and what all of them share."""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import polars as pl

from tnt_sim.analysis.alternatives.diverse_search import DiverseSearch, NearOptimalAllocation, Progress
from tnt_sim.analysis.alternatives.document import (
    AlternativeEntry,
    AlternativesDocument,
    OpenDossier,
    OptimumEntry,
    SharedDecisions,
)
from tnt_sim.analysis.shared.goal_values import list_goal_values
from tnt_sim.analysis.shared.list_distance import list_changes
from tnt_sim.analysis.shared.progress import StudyProgress
from tnt_sim.analysis.shared.reference_solution import REFERENCE_SHARE
from tnt_sim.analysis.shared.study_head import build_question_head
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import optimise
from tnt_sim.engine.result import SolveOutcome
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.linear_terms import BoolArray
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation
from tnt_sim.verify.run_document import format_fraction, hash_allocation


@dataclass(frozen=True, eq=False)
class AlternativesResult:
    """Near-optimal allocations of a scenario.

    Attributes
    ----------
    within : share of the best value of the first objective that may be lost
    by : distance used: `dossiers` or `money`
    optimum : the optimum
    portfolios : in the order found, each as far as possible from all before
    steered : each the best in a further figure
    ties : other allocations with the same value in every stage and the same money
    must, out : bool (n,), funded (refused) in every allocation within the loss, by exact bounds
    n_solves : number of solves
    course : number found of those wanted, and what ended the search early
    """

    problem: Problem
    within: Fraction
    by: str
    optimum: SolveOutcome
    portfolios: tuple[NearOptimalAllocation, ...]
    steered: tuple[NearOptimalAllocation, ...]
    ties: tuple[NearOptimalAllocation, ...]
    must: BoolArray
    out: BoolArray
    n_solves: int
    seconds: float
    course: StudyProgress
    lang: Lang = Lang.FR

    @cached_property
    def data(self) -> AlternativesDocument:
        """Return the answer, whose JSON form is `document`."""
        return build_document(self)

    @property
    def allocations(self) -> tuple[Allocation, ...]:
        """Return the optimum and all allocations found."""
        others = (*self.portfolios, *self.steered, *self.ties)
        first = () if self.optimum.allocation is None else (self.optimum.allocation,)
        return (*first, *(one.allocation for one in others))

    def to_dataframe(self) -> pl.DataFrame:
        """Return one row per application: number of allocations that fund it, and its class."""
        return self.problem.case.table.select("dossier", "title").with_columns(
            pl.Series("n_funded_in", self._count(), dtype=pl.Int64),
            pl.Series("class", classify_dossiers(self)),
        )

    def _count(self) -> list[int]:
        total = np.zeros(self.problem.case.n, dtype=np.int64)
        for one in self.allocations:
            total += one.funded
        return [int(value) for value in total]


def search_alternatives(
    problem: Problem,
    within: Fraction,
    count: int,
    clock: Clock,
    *,
    by: str = "dossiers",
    steer: bool = True,
    report_progress: Progress | None = None,
) -> AlternativesResult:
    """Search on a compiled problem."""
    began = time.perf_counter()
    clock = clock.hold_back_answer(problem.case.n)
    optimum = optimise(problem, clock=clock.take_share(REFERENCE_SHARE))
    course = StudyProgress(clock.deadline, "portfolios", n_asked=0)
    search = DiverseSearch(
        problem,
        within,
        clock,
        money=by == "money",
        report_progress=report_progress or (lambda phase, done: None),
        course=course,
    )
    if optimum.allocation is not None:
        search.start(optimum)
        far: list[NearOptimalAllocation] = []
        with course.catch_limits():
            far = search.find_lists_from_prices(count)
            search.fix_dossiers()
            search.find_distant_allocations(count)
            course.deadline.check()  # a question may end at its own share of the time, before the limit
            if optimum.is_closed:
                search.find_tied_allocations(optimum)
            if steer:
                search.steer()
        if course.stopped_by is not None:
            search.add_lists_from_prices(far, count)
            course.n_done, course.n_asked = len(search.portfolios), count
    return AlternativesResult(
        problem,
        within,
        by,
        optimum,
        tuple(search.portfolios),
        tuple(search.steered),
        tuple(search.ties),
        search.fixed.must,
        search.fixed.out,
        search.n_solves + 1,
        time.perf_counter() - began,
        course,
    )


def classify_dossiers(alternatives_: AlternativesResult) -> list[str]:
    """Classify each application: `always` or `never` (proved), `open` (differs among lists), `same`."""
    every = np.array([one.funded for one in alternatives_.allocations])
    moves = every.any(axis=0) & ~every.all(axis=0)
    return [
        "always" if must else "never" if out else "open" if move else "same"
        for must, out, move in zip(
            alternatives_.must.tolist(), alternatives_.out.tolist(), moves.tolist(), strict=True
        )
    ]


def build_document(alternatives_: AlternativesResult) -> AlternativesDocument:
    """Build the document of the lists that were found."""
    problem, best = alternatives_.problem, alternatives_.optimum
    shared, movers = _compare_lists(alternatives_)
    return AlternativesDocument(
        **build_question_head(problem, alternatives_.course, best.status, alternatives_.lang),
        within=format_fraction(alternatives_.within),
        by=alternatives_.by,
        optimum=None
        if best.allocation is None
        else OptimumEntry(
            objective=list_goal_values(problem, best.values),
            granted_cents=best.granted_cents,
            n_funded=int(best.allocation.funded.sum()),
            allocation_sha256=hash_allocation(problem, best.allocation),
        ),
        portfolios=[_build_entry(alternatives_, k, one) for k, one in enumerate(alternatives_.portfolios, 1)],
        steered=[_build_entry(alternatives_, k, one) for k, one in enumerate(alternatives_.steered, 1)],
        ties=[_build_entry(alternatives_, k, one) for k, one in enumerate(alternatives_.ties, 1)],
        shared=shared,
        open=movers,
        n_solves=alternatives_.n_solves,
        seconds=round(alternatives_.seconds, 3),
    )


def _build_entry(
    alternatives_: AlternativesResult, rank: int, allocation: NearOptimalAllocation
) -> AlternativeEntry:
    problem, best = alternatives_.problem, alternatives_.optimum
    assert best.allocation is not None
    first, mine = best.values[0], allocation.values[0]
    loss = abs(first - mine) / abs(first) if first else Fraction(0)
    worse = mine < first if problem.stages[0].sense is Sense.MAXIMISE else mine > first
    return AlternativeEntry(
        rank=rank,
        name=allocation.name,
        objective=list_goal_values(problem, allocation.values),
        loss=format_fraction(loss if worse else Fraction(0)),
        granted_cents=allocation.granted_cents,
        n_funded=int(allocation.allocation.funded.sum()),
        distance=format_fraction(allocation.distance),
        figure=format_fraction(allocation.figure),
        bound=format_fraction(allocation.bound),
        proven=allocation.proven,
        changes=list_changes(problem, best.allocation, allocation.allocation),
        allocation_sha256=hash_allocation(problem, allocation.allocation),
    )


def _compare_lists(alternatives_: AlternativesResult) -> tuple[SharedDecisions | None, list[OpenDossier]]:
    """Count what all lists share and what is proven never to change; list each dossier that differs."""
    if not alternatives_.allocations:
        return None, []
    table = alternatives_.to_dataframe()
    funded_in, kinds = table["n_funded_in"].to_numpy(), np.array(table["class"].to_list())
    n, play = len(alternatives_.allocations), alternatives_.problem.offers.in_play
    shared = SharedDecisions(
        n_portfolios=n,
        n_funded=int(((funded_in == n) & play).sum()),
        n_refused=int(((funded_in == 0) & play).sum()),
        n_funded_proven=int((kinds == "always").sum()),
        n_refused_proven=int(((kinds == "never") & play).sum()),
    )
    movers = table.filter(pl.col("class") == "open").select("dossier", "title", "n_funded_in")
    return shared, [OpenDossier(**row) for row in movers.iter_rows(named=True)]
