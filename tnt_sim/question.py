"""Questions put to a problem: what if these dossiers were in, what is the least money for that value.

A question is a problem too, so that formulation, kernels, proofs and the exact reading serve it unchanged:

    forced   the same problem with some dossiers in, out, or at another amount
    ask      with stage_j no worse than kept_j for j ≤ k: max stage_{k+1}, …, then min granted, then the tie-break
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from tnt_sim.clock import Clock
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.drafts import Drafts
from tnt_sim.errors import VerificationError
from tnt_sim.formulation.formulate import Formulation
from tnt_sim.formulation.linear_model import IntArray, LinearModel, ModelError
from tnt_sim.incumbent import idle_keeping, not_kept
from tnt_sim.prove.search import PointFound
from tnt_sim.prove.stages import prove_nothing_kept, prove_stages
from tnt_sim.refused import without_refused
from tnt_sim.result import Answer, Proof, Status, status_with
from tnt_sim.scenario.amounts import with_amounts
from tnt_sim.scenario.compile import Problem
from tnt_sim.scenario.load import with_changes
from tnt_sim.scenario.objective import Sense
from tnt_sim.solve.backend import Limits, Termination
from tnt_sim.solve.canonical import canonical as walk
from tnt_sim.solve.cross_check import cross_check as ask_second
from tnt_sim.solve.exact import WORDS, solve_blocks, solve_exactly, solve_kept
from tnt_sim.solve.grounds import Grounds
from tnt_sim.solve.integral import solve_integral
from tnt_sim.solve.lexicographic import (
    Stage,
    StageSolver,
    StagesOutcome,
    narrowed,
    refuted,
    solve_lexicographic,
    with_kept_row,
)
from tnt_sim.solve.live import LiveLp
from tnt_sim.solve.registry import get_backend
from tnt_sim.solve.tighten import tighten
from tnt_sim.solve.tree import nothing
from tnt_sim.verify.reading import Allocation, AllocationReading, broken_rules, read_allocation

__all__ = ["Answer", "ask", "forced", "with_amounts", "with_changes"]

Rows = Sequence[int] | IntArray

MAX_ROUNDS = 30
"""Times that a point is refused by the exact reading, or that a later stage refutes an earlier one."""
PROOF_SECONDS = 10.0
_NO_LIMIT = (Termination.INFEASIBLE, Termination.INTERRUPTED)
KERNEL_SHARE = 0.5
"""The most of the time that exact kernels may take: a solver must have its time too."""


def forced(
    problem: Problem, fund: Rows = (), refuse: Rows = (), amounts: Mapping[int, int] | None = None
) -> Problem:
    """The problem with dossiers in (`fund`), out (`refuse`), or offered exactly an amount of cents, by row.

    Rules stay as they were compiled: a floor is not lowered because a dossier that could serve it is out.

    Raises
    ------
    ValueError
        When a row is no candidate: not eligible, or committed already; or is asked both in and out.
    """
    offers = problem.offers
    rows = np.unique(np.array([*fund, *refuse, *(amounts or {})], dtype=np.int64))
    if not offers.candidate[rows].all():
        raise ValueError("only candidates can be funded, refused or offered another amount")
    both = sorted({*map(int, refuse)} & {*map(int, fund), *(amounts or {})})
    if both:
        names = ", ".join(f"« {problem.case.table['dossier'][row]} »" for row in both)
        raise ValueError(f"asked both in and out: {names}")
    out = np.zeros_like(offers.candidate)
    out[np.asarray(refuse, dtype=np.int64)] = True
    inside = offers.forced.copy()
    inside[np.asarray(fund, dtype=np.int64)] = True
    least, most, ranged = offers.least_cents.copy(), offers.most_cents.copy(), offers.ranged.copy()
    levelled = np.zeros_like(out)
    for row, cents in (amounts or {}).items():
        least[row] = most[row] = cents
        ranged[row], levelled[row] = False, True
    candidate = offers.candidate & ~out
    levels = offers.levels.where(candidate & ~levelled)
    changed = replace(
        offers,
        candidate=candidate,
        forced=inside & candidate,
        refused=offers.refused | out,
        ranged=ranged & candidate,
        least_cents=least,
        most_cents=most,
        levels=levels,
        common=replace(offers.common, levels=levels),
    )
    return replace(problem, offers=changed)


def ask(
    problem: Problem,
    *,
    kept: Sequence[Fraction] = (),
    goals: int | None = None,
    least: bool = True,
    canonical: bool = True,
    prove: bool = True,
    backend: str = "highs",
    cross_check: str = "never",
    clock: Clock | None = None,
    method: StageSolver = solve_integral,
    live: LiveLp | None = None,
    kernels: bool = True,
    blocks: bool = True,
    drafts: Drafts | None = None,
) -> Answer:
    """Hold the first stages at `kept`, optimise the next ones, then the money, then the tie-break.

    Parameters
    ----------
    kept : a value for each of the first stages, in its unit: no less when it is maximised, no more when minimised
    goals : how many of the stages that follow are optimised; all by default
    least : then the least granted; with every stage kept, « the least money for at least that value »
    canonical : then the one answer among equals
    prove : seek an exact certificate of each optimised stage; of the least money where every stage is kept
    cross_check : `auto` or the name of an independent solver where no certificate is found; `never`
    clock : what is left of the time; at its end the answer is the best list found until then
    kernels : try exact kernels before a solver, for half of the time at most
    blocks : beside a kept goal too, those under prices, which take long where an amount has many steps
    live, drafts : the linear program of the question before, its rows and what kernels found, to begin from
        (`session.py`); the answer is the same

    Raises
    ------
    ValueError
        When nothing is left to optimise.
    VerificationError
        When the exact reading contradicts the solver.
    """
    return _Question(
        _without_tolerance(problem, len(kept)),
        tuple(kept),
        len(problem.stages) - len(kept) if goals is None else goals,
        least,
        canonical,
        prove,
        backend,
        cross_check,
        (clock or Clock(None)).deadline,
        method,
        live,
        kernels,
        blocks,
        drafts or Drafts(),
    ).answer()


def _without_tolerance(problem: Problem, n_kept: int) -> Problem:
    """What is kept is kept in full."""
    stages = [
        replace(stage, tolerance=Fraction(0)) if k < n_kept else stage
        for k, stage in enumerate(problem.stages)
    ]
    return replace(problem, stages=tuple(stages))


@dataclass
class _Question:
    """One question on its way to its answer."""

    problem: Problem
    kept: tuple[Fraction, ...]
    goals: int
    least: bool
    canonical: bool
    prove: bool
    backend: str
    choice: str
    deadline: Deadline
    method: StageSolver
    live: LiveLp | None = None
    kernels: bool = True
    blocks: bool = True
    drafts: Drafts = field(default_factory=Drafts)
    certificates: tuple[Mapping[str, Any], ...] = field(init=False, default=())

    def answer(self) -> Answer:
        began = time.perf_counter()
        try:
            form = self.drafts.form(self.problem, self.deadline)
        except DeadlineExpired:
            return self._idle(began) or self._stopped(began)
        stages = self._stages(form)
        kept, model = (
            self._with_kept(form, form.model),
            self._with_kept(form, tighten(form.model, self.deadline)),
        )
        found = self._by_kernel(form, kept, stages)
        if found is None:
            model = self._narrowed(form, model)
            found = self._solved(model, stages, None), False
        outcome, alone = found
        for _ in range(MAX_ROUNDS):
            if outcome.values is None:
                idle = None if outcome.termination in _NO_LIMIT else self._idle(began)
                return idle or self._without_allocation(outcome, model, stages, began)
            x, proven = self._one(form, outcome, alone)
            if refuted(stages, outcome.stages, x) is not None:
                outcome, alone = self._solved(model, stages, x), False
                continue
            allocation = Allocation(*form.recovery.awards(x))
            narrower = without_refused(self.problem, form.recovery, model, allocation)
            if narrower is model:
                break
            model = narrower
            outcome, alone = self._solved(model, stages, None), False
        reading = self._read(allocation)
        bests = self._bests(form, outcome, reading.values)
        held = [*self.kept, *bests[len(self.kept) : len(self.kept) + self.goals]]
        if len(self.kept) == len(self.problem.stages):  # the least money is what was asked for
            held.append(Fraction(reading.granted_cents, 100))
        proof = self._proof(outcome, model, stages, held)
        status, closed = status_with(proof), outcome.is_optimal
        bound = None if status is Status.OPTIMAL else self._bound(form, outcome)
        method, took = WORDS.get(outcome.stages[0].solver, "direct"), time.perf_counter() - began
        head = status, reading.values, bests, reading.granted_cents, allocation, reading
        claimed = closed and status is Status.FEASIBLE
        return Answer(*head, proof, closed and proven, method, took, self.certificates, bound, claimed)

    def _bound(self, form: Formulation, outcome: StagesOutcome) -> Fraction | None:
        first = form.stages[len(self.kept) :][: min(1, self.goals)]
        if not first or outcome.stages[0].bound is None:
            return None
        return first[0].scale * (outcome.stages[0].bound + first[0].constant)

    def _stages(self, form: Formulation) -> list[Stage]:
        first = len(self.kept)
        asked = [*form.stages[first : first + self.goals], *([form.least_granted] if self.least else [])]
        if not asked:
            raise ValueError("a question must leave a stage to optimise")
        return [Stage(s.name, s.objective, s.sense, s.tolerance, s.constant) for s in asked]

    def _with_kept(self, form: Formulation, model: LinearModel) -> LinearModel:
        """The rows « no worse than kept »."""
        for stage, value in zip(form.stages, self.kept, strict=False):
            units = value / stage.scale - stage.constant
            up = stage.sense.value == Sense.MAXIMISE.value
            bound = -(-units.numerator // units.denominator) if up else units.numerator // units.denominator
            model = with_kept_row(model, stage.name, stage.objective, stage.sense, bound)
        return model

    def _narrowed(self, form: Formulation, model: LinearModel) -> LinearModel:
        """The model with the columns settled that no point worth the first kept value can move: exact bounds."""
        if not self.kept:
            return model
        first, row = form.stages[0], model.n_rows - min(len(self.kept), len(form.stages))
        up = first.sense.value == Sense.MAXIMISE.value
        limit = int(model.row_lower[row] if up else model.row_upper[row])
        weighed = model.with_objective(first.objective, first.sense)
        try:
            found = narrowed(weighed, get_backend(self.backend), limit, Limits(self.deadline).share(0.5))
        except ModelError:  # nothing is worth so much, which the solver sees at once
            return model
        return model.with_bounds(found.col_lower, found.col_upper)

    def _by_kernel(
        self, form: Formulation, model: LinearModel, stages: Sequence[Stage]
    ) -> tuple[StagesOutcome, bool] | None:
        if self.backend != "highs" or not self.kernels:
            return None
        known, deadline = self.drafts.solved, self.deadline.share(KERNEL_SHARE)
        if not self.kept:
            return solve_exactly(
                model, stages, self.live, memory=known, recovery=form.recovery, deadline=deadline
            )
        first, found = form.stages[0], None
        if len(stages) == 1 and first.sense.value == Sense.MAXIMISE.value:
            goal = Stage(first.name, first.objective, first.sense)
            at_least = int(model.row_lower[model.n_rows - min(len(self.kept), len(form.stages))])
            found = solve_kept(model, stages[0], goal, at_least, known, deadline)
            found = found or self._out_of_reach(form, goal, at_least, deadline)
        if found or not self.blocks:
            return found
        return solve_blocks(model, stages, self.live, form.recovery, deadline)

    def _out_of_reach(
        self, form: Formulation, goal: Stage, at_least: int, deadline: Deadline
    ) -> tuple[StagesOutcome, bool] | None:
        """That nothing is worth the first kept value, where a tree of caps finds the best that there is.

        Open amounts that the goal does not count are left out: only the best value is asked for.
        """
        least, known = form.least_granted, self.drafts.solved
        cost = least.objective.copy()
        cost[form.recovery.amount_columns] = 0
        stages = goal, Stage(least.name, cost, least.sense)
        found = solve_exactly(form.model, stages, memory=known, deadline=deadline, max_work=0)
        best = None if found is None else found[0].stages[0].value
        return nothing(form.model, stages, 0.0) if best is not None and best < at_least else None

    def _solved(self, model: LinearModel, stages: Sequence[Stage], start: IntArray | None) -> StagesOutcome:
        solver = get_backend(self.backend)
        return solve_lexicographic(model, stages, solver, Limits(self.deadline), None, start, self.method)

    def _one(self, form: Formulation, outcome: StagesOutcome, alone: bool) -> tuple[IntArray, bool]:
        """The one answer among equals, where it is wanted."""
        assert outcome.values is not None
        stopped = outcome.termination is Termination.INTERRUPTED or self.deadline.expired
        if alone or not self.canonical or stopped:
            return outcome.values, alone
        recovery, solver = form.recovery, get_backend(self.backend)
        columns = recovery.funded_columns, recovery.amount_columns
        found = walk(outcome.model, outcome.values, *columns, solver, Limits(self.deadline))
        return found.values, found.proven

    def _read(self, allocation: Allocation) -> AllocationReading:
        """The exact reading: every rule holds, and every kept stage is kept."""
        reading = read_allocation(self.problem, allocation)
        broken = [
            *broken_rules(self.problem, allocation, reading),
            *not_kept(self.problem, self.kept, reading),
        ]
        if broken:
            raise VerificationError(broken)
        return reading

    def _bests(
        self, form: Formulation, outcome: StagesOutcome, values: tuple[Fraction, ...]
    ) -> tuple[Fraction, ...]:
        first, found = len(self.kept), list(values)
        asked = form.stages[first : first + self.goals]
        for k, (stage, result) in enumerate(zip(asked, outcome.stages, strict=False), first):
            if stage.tolerance and result.value is not None:
                found[k] = stage.scale * (result.value + stage.constant)
        return tuple(found)

    def _proof(
        self, outcome: StagesOutcome, model: LinearModel, stages: Sequence[Stage], held: list[Fraction]
    ) -> Proof:
        if not outcome.is_optimal:
            return Proof.FEASIBLE_GAP
        if self.prove and self._is_proven(held, outcome.grounds):
            return Proof.PROVED
        return Proof.CROSS_CHECKED if self._confirmed(outcome, model, stages) else Proof.FEASIBLE_GAP

    def _confirmed(self, outcome: StagesOutcome, model: LinearModel, stages: Sequence[Stage]) -> bool:
        """Whether a second solver says the same, where one is asked."""
        limits = Limits(self.deadline).share(0.5)
        return bool(ask_second(model, stages, outcome, self.choice, limits, first=self.backend).agrees)

    def _is_proven(self, held: list[Fraction], grounds: Grounds | None) -> bool:
        first, deadline = len(self.kept), self._proof_deadline()
        if deadline.expired:
            return False
        try:
            claims = self.drafts.claims(self.problem, deadline)
            checked = self.drafts.checked
            proofs = prove_stages(self.problem, held, deadline, None, first, grounds, claims, checked)
        except PointFound:  # these rows may be wider than the rules: a point of theirs contradicts nobody
            return False
        self.certificates = tuple(proof for proof in proofs if proof is not None)  # none after the first gap
        return bool(proofs) and len(self.certificates) == len(proofs)

    def _proof_deadline(self) -> Deadline:
        return self.deadline.share(0.5).within(PROOF_SECONDS)

    def _idle(self, began: float) -> Answer | None:
        """The list that needs no solver, where a limit stopped all else and such a list keeps what is kept."""
        found = idle_keeping(self.problem, self.kept)
        if found is None:
            return None
        values, cents, took = found[1].values, found[1].granted_cents, time.perf_counter() - began
        known = values, values, cents, *found
        return Answer(Status.FEASIBLE, *known, Proof.FEASIBLE_GAP, False, "direct", took)

    def _stopped(self, began: float) -> Answer:
        """Nothing was found in time."""
        took = time.perf_counter() - began
        return Answer(Status.STOPPED, (), (), None, None, None, None, False, "direct", took)

    def _without_allocation(
        self, outcome: StagesOutcome, model: LinearModel, stages: Sequence[Stage], began: float
    ) -> Answer:
        """Nothing fits, or nothing was found in time."""
        if outcome.termination is Termination.INTERRUPTED:
            raise KeyboardInterrupt
        nothing, proof = outcome.termination is Termination.INFEASIBLE, None
        if nothing and self.prove and self._nothing_kept():
            proof = Proof.PROVED
        elif nothing and self._confirmed(outcome, model, stages):
            proof = Proof.CROSS_CHECKED
        took = time.perf_counter() - began
        status = Status.INFEASIBLE if nothing else Status.STOPPED
        return Answer(status, (), (), None, None, None, proof, False, "direct", took, self.certificates)

    def _nothing_kept(self) -> bool:
        try:
            proof = prove_nothing_kept(self.problem, self.kept, self._proof_deadline())
        except PointFound:
            return False
        self.certificates = () if proof is None else (proof,)
        return proof is not None
