"""Audit a hand-made selection against the rules and the optimum.

The audit gives the rules that the list breaks, each with its distance in exact integers; its loss
against the optimum; the optimum for no more money than the list; the least money for at least the
same values; and, for a share of the loss, the fewest decisions to change::

    min Hamming distance to the list  s.t.  every rule,  stage value ≥ mine + share · (best − mine)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.analysis.audit.document import (
    AuditDocument,
    AuditGoal,
    BrokenAward,
    ComparedList,
    SelectionEntry,
    SelectionFinding,
    SwapEntry,
    ViolatedBound,
    ViolatedRatedBound,
    ViolationEntry,
)
from tnt_sim.analysis.audit.selection import Selection, read_selection
from tnt_sim.analysis.audit.sentences import describe_violation
from tnt_sim.analysis.infeasibility.document import RatedBoundEntry
from tnt_sim.analysis.infeasibility.elastic_problem import ElasticProblem, LiftableBound, WrittenPart
from tnt_sim.analysis.infeasibility.minimal_conflicts import without_refusals
from tnt_sim.analysis.infeasibility.repair_texts import build_bound_entry, count_cents
from tnt_sim.analysis.shared.list_distance import build_min_changes_problem, list_changes
from tnt_sim.analysis.shared.progress import StudyProgress
from tnt_sim.analysis.shared.study_answer import StudyAnswer
from tnt_sim.deadline import UNLIMITED
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import SolveOutcome, Status
from tnt_sim.errors import Defect, LimitReached, UsageError
from tnt_sim.i18n.message import Lang, _
from tnt_sim.rules.expressions.columns import CENT
from tnt_sim.rules.kinds.limit.rule import Limit
from tnt_sim.rules.linear_terms import Groups, Terms, Unit
from tnt_sim.rules.protocols import Mode, Sense
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData, is_synthetic, list_decision_steps
from tnt_sim.verify.allocation_reading import (
    Allocation,
    AllocationReading,
    list_broken_rules,
    read_allocation,
)
from tnt_sim.verify.run_document import format_fraction

OF_LINES = ("rule:", "cap:", "envelope:", "variant", "prerequisite", "decide:")
"""Code prefixes of defects that the violated lines already report, with amounts."""


def list_violations(
    problem: Problem, allocation: Allocation, reading: AllocationReading, lang: Lang
) -> list[ViolationEntry]:
    """List each violated bound, then each award that is not allowed, as entries of the document."""
    form = ElasticProblem.of(problem, without_refusals(problem))
    result: list[ViolationEntry] = [
        _build_entry(
            form, line, *_compute_excess(problem, form.get_entry(line.entry), line, allocation), lang
        )
        for line in sorted(form.find_violated_bounds(allocation))
    ]
    for node, cents in enumerate(reading.envelopes.excess_cents):
        if cents:
            line = LiftableBound(f"envelope:{problem.case.tree.ids[node]}")
            result.append(_build_entry(form, line, cents * CENT, Unit.MONEY, lang))
    awards = [
        BrokenAward(kind=defect.code, words=defect.text.in_(lang))
        for defect in list_broken_rules(problem, allocation, reading)
        if not defect.code.startswith(OF_LINES)
    ]
    return [*result, *awards]


def _compute_excess(
    problem: Problem, entry: WrittenPart, liftable: LiftableBound, allocation: Allocation
) -> tuple[Fraction, Unit]:
    """Return by how much a bound is exceeded, and its unit.

    For an entry that binds as a whole, the distance that its rule defines.
    """
    funded, granted = allocation.funded, allocation.granted_cents
    for limit, name, side, bound in entry.iterate_bounds():
        if (name or "", side) == (liftable.group, liftable.side):
            figures = limit.read(funded, granted).readings
            found = next(one for one in figures if (one.group or "") == liftable.group)
            value = Fraction(found.num, found.den)
            return (bound - value if side == "min" else value - bound), entry.unit
    if entry.kind == "cap":
        above = [one for one in problem.caps.list_excesses(funded, granted) if one.cap == entry.id]
        return sum(one.granted_cents - max(one.limit_cents, 0) for one in above) * CENT, Unit.MONEY
    assert entry.rule is not None
    return entry.rule.read(funded, granted).distance, entry.rule.distance_unit


def _build_entry(
    form: ElasticProblem, bound: LiftableBound, by: Fraction, unit: Unit, lang: Lang
) -> ViolatedBound | ViolatedRatedBound:
    if unit is Unit.MONEY:
        by = -(-by // CENT) * CENT
    written = build_bound_entry(form, bound, lang)
    values = {key.name: getattr(written, key.name) for key in fields(written)}
    kind = ViolatedRatedBound if isinstance(written, RatedBoundEntry) else ViolatedBound
    entry = kind(**values, by=format_fraction(by), by_cents=count_cents(by, unit))
    return replace(entry, words=describe_violation(entry, lang))


SHARES = (Fraction(1, 2), Fraction(9, 10), Fraction(1))
QUESTION_SECONDS = 60.0
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, eq=False)
class Swap:
    """Fewest decisions to change in order to recover a share of the loss.

    Attributes
    ----------
    share : of the loss; 0 for the fewest changes that satisfy every rule
    stage : stage whose loss is recovered, −1 for none
    target : value required of that stage
    answer : the nearest allocation; None if time ran out
    n_changed : number of decisions that differ
    """

    share: Fraction
    stage: int
    target: Fraction | None
    answer: SolveOutcome | None
    n_changed: int | None


@dataclass(frozen=True, eq=False)
class AuditResult(StudyAnswer):
    """Selection compared with the rules and the optimum.

    Attributes
    ----------
    selection, reading : the list and its exact figures
    broken : rules that it breaks, as entries of the document; empty if it is feasible
    optimum : the optimum
    better : optimum with no more money than the list grants
    cheaper : least money for at least the list's value in every stage
    swaps : steps from the list towards the optimum
    """

    problem: Problem
    selection: Selection
    reading: AllocationReading
    broken: tuple[ViolationEntry, ...]
    optimum: SolveOutcome | None
    better: SolveOutcome | None
    cheaper: SolveOutcome | None
    swaps: tuple[Swap, ...]
    seconds: float = 0.0
    course: StudyProgress = field(default_factory=lambda: StudyProgress(UNLIMITED, "questions"))

    def __repr__(self) -> str:
        return f"<Audit of {self.problem.scenario.id}: {len(self.broken)} rules broken>"

    @cached_property
    def data(self) -> AuditDocument:
        """Return the answer, whose JSON form is `document`."""
        return build_document(self)

    @property
    def lang(self) -> Lang:
        """Return the language of the scenario."""
        return Lang(self.problem.scenario.spec.locale)

    def to_dataframe(self, backend: str = "polars") -> Any:
        """Return one row per application: selected, in the optimum, and both amounts in cents."""
        table = self.problem.case.table.select("dossier", "title").with_columns(
            pl.Series("selected", self.selection.allocation.funded),
            pl.Series("selected_cents", self.selection.allocation.granted_cents),
        )
        if self.optimum is not None and self.optimum.allocation is not None:
            best = self.optimum.allocation
            table = table.with_columns(
                pl.Series("optimum", best.funded), pl.Series("optimum_cents", best.granted_cents)
            )
        return table if backend == "polars" else table.to_pandas()


def audit(
    scenario: ScenarioData,
    selection: str | Path,
    *,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> AuditResult:
    """Audit a hand-made selection.

    Parameters
    ----------
    scenario : with a single decision
    selection : path of a table with application numbers, a Turgot export, or a run folder
    time_limit : seconds for the whole; by default that of the scenario
    progress : called with the phase and the share done, in [0, 1]

    Raises
    ------
    UsageError
        For a scenario with several steps, or a missing file.
    DataError
        If the file cannot be read.

    Examples
    --------
    >>> _ = Path("liste.csv").write_text("dossier\\nE-01\\n", encoding="utf-8")
    >>> tnt.audit(scenario, "liste.csv").status
    'optimal'
    """
    steps = list_decision_steps(scenario)
    if len(steps) > 1:
        raise UsageError(_("`audit` looks at one decision, and this scenario has several steps."))
    limit = scenario.spec.solver.time_limit if time_limit is None else time_limit
    clock = Clock(limit)
    problem = compile_problem(steps[0].scenario)
    chosen = read_selection(Path(selection), problem)
    clock.begin()
    return audit_selection(problem, chosen, clock, progress=progress)


def audit_selection(
    problem: Problem, chosen: Selection, clock: Clock, *, progress: Progress | None = None
) -> AuditResult:
    """Audit a selection already read against a compiled problem."""
    began = time.perf_counter()
    report_progress = progress or (lambda phase, done: None)
    clock = clock.hold_back_answer(problem.case.n)
    reading = read_allocation(problem, chosen.allocation)
    broken = list_violations(problem, chosen.allocation, reading, Lang(problem.scenario.spec.locale))
    course = StudyProgress(clock.deadline, "questions", n_asked=3)
    optimum: SolveOutcome | None = None
    swaps: list[Swap] = []
    better = cheaper = None
    with course.catch_limits():
        report_progress("optimum", 0.1)
        optimum = _optimise_in_time(problem, course)
        if optimum is not None and optimum.allocation is not None:
            report_progress("better", 0.3)
            better = _optimise_in_time(_add_granted_limit(problem, reading.granted_cents), course)
            report_progress("cheaper", 0.5)
            cheaper = _optimise_in_time(problem, course, limits=reading.values)
            report_progress("swaps", 0.7)
            _find_swaps(
                problem,
                chosen,
                reading.values,
                optimum.values,
                broken=bool(broken),
                course=course,
                into=swaps,
            )
        course.n_asked = course.n_done if course.stopped_by is None else course.n_asked
    return AuditResult(
        problem,
        chosen,
        reading,
        tuple(broken),
        optimum,
        better,
        cheaper,
        tuple(swaps),
        time.perf_counter() - began,
        course,
    )


def _optimise_in_time(
    problem: Problem, course: StudyProgress, *, limits: Sequence[Fraction] = (), goals: int | None = None
) -> SolveOutcome | None:
    """Solve within a share of the time; None if no feasible point was found."""
    course.deadline.check()
    until = course.deadline.take_share(0.5).tighten(QUESTION_SECONDS)
    try:
        answer = optimise(
            problem,
            OptimiseOptions(kept_values=tuple(limits), n_stages=goals),
            clock=Clock.from_deadline(until),
        )
    except LimitReached:
        return None
    course.n_done += 1
    if not answer.is_closed and answer.status is not Status.INFEASIBLE:
        course.withdraw_item(stopped=True)
    return answer


def _add_granted_limit(problem: Problem, cents: int) -> Problem:
    """Add a limit on the total money granted."""
    n = problem.case.n
    zeros, ones = np.zeros(n, dtype=np.int64), np.ones(n, dtype=np.int64)
    money = Terms(CENT, Unit.MONEY, zeros, ones)
    groups = Groups((None,), zeros, grouped=False)
    limit = Limit("selection", "limit", Mode.HARD, money, groups, (None,), (cents * CENT,), (False,))
    return replace(problem, rules=(*problem.rules, limit))


def find_lost_stage(problem: Problem, values: Sequence[Fraction], best: Sequence[Fraction]) -> int:
    """Return the first stage whose value differs from the optimum, if it is worse; otherwise −1."""
    for k, (stage, value, most) in enumerate(zip(problem.stages, values, best, strict=True)):
        if value != most:
            short = value < most if stage.sense is Sense.MAXIMISE else value > most
            return k if short else -1
    return -1


def _find_swaps(
    problem: Problem,
    chosen: Selection,
    values: Sequence[Fraction],
    best: Sequence[Fraction],
    *,
    broken: bool,
    course: StudyProgress,
    into: list[Swap],
) -> None:
    """Find the swaps towards the optimum and append them to `into`."""
    funded, swaps = chosen.allocation.funded, into
    k = find_lost_stage(problem, values, best)
    course.n_asked += broken + (len(SHARES) if k >= 0 else 0)
    if broken:
        answer = _optimise_in_time(build_min_changes_problem(problem, 0, funded), course)
        swaps.append(Swap(Fraction(0), -1, None, answer, _count_changes(answer, chosen)))
    if k < 0:
        return
    for share in SHARES:
        target = values[k] + share * (best[k] - values[k])
        asked = build_min_changes_problem(problem, k + 1, funded)
        answer = _optimise_in_time(asked, course, limits=(*best[:k], target), goals=1)
        swaps.append(Swap(share, k, target, answer, _count_changes(answer, chosen)))


def _count_changes(answer: SolveOutcome | None, chosen: Selection) -> int | None:
    if answer is None or answer.allocation is None:
        return None
    return int((answer.allocation.funded != chosen.allocation.funded).sum())


def build_document(audit_: AuditResult) -> AuditDocument:
    """Build the document of an audit."""
    scenario, course = audit_.problem.scenario, audit_.course
    return AuditDocument(
        scenario=scenario.id,
        scenario_sha256=scenario.sha256,
        title=scenario.title,
        synthetic=is_synthetic(scenario),
        status=Status.STOPPED if audit_.optimum is None else audit_.optimum.status,
        stopped_by=course.stopped_by,
        progress=course.progress,
        selection=SelectionEntry(
            n_rows=audit_.selection.n_rows,
            n_committed_added=audit_.selection.n_added,
            n_funded=int(audit_.selection.allocation.funded.sum()),
            granted_cents=audit_.reading.granted_cents,
            allowed=not audit_.broken,
            findings=[_build_finding(defect, audit_.lang) for defect in audit_.selection.findings],
        ),
        broken=audit_.broken,
        objective=_build_goals(audit_),
        optimum=_build_list_entry(audit_, audit_.optimum),
        better=_build_list_entry(audit_, audit_.better),
        cheaper=_build_list_entry(audit_, audit_.cheaper),
        swaps=[_build_swap_entry(audit_, swap) for swap in audit_.swaps],
        seconds=round(audit_.seconds, 3),
    )


def _build_finding(defect: Defect, lang: Lang) -> SelectionFinding:
    place = defect.places[0] if defect.places else None
    return SelectionFinding(
        code=defect.code,
        message=defect.text.in_(lang),
        hint=defect.hint.in_(lang) if defect.hint else None,
        file=place.file if place else None,
        row=place.row if place else None,
        dossier=place.dossier if place else None,
    )


def _build_goals(audit_: AuditResult) -> list[AuditGoal]:
    """Build each stage: value of the list, of the optimum, and the loss."""
    best: Sequence[Fraction | None] = (None,) * len(audit_.problem.stages)
    if audit_.optimum is not None and audit_.optimum.values:
        best = audit_.optimum.values
    return [
        AuditGoal(
            goal=stage.goal,
            sense=stage.sense,
            value=format_fraction(mine),
            optimum=format_fraction(most),
            loss=None if most is None else format_fraction(_compute_loss(stage.sense, mine, most)),
        )
        for stage, mine, most in zip(audit_.problem.stages, audit_.reading.values, best, strict=True)
    ]


def _compute_loss(sense: Sense, value: Fraction, best: Fraction) -> Fraction:
    return best - value if sense is Sense.MAXIMISE else value - best


def _build_list_entry(audit_: AuditResult, answer: SolveOutcome | None) -> ComparedList | None:
    """Build another list beside the selection: values, money, and changes."""
    if answer is None or answer.allocation is None or answer.granted_cents is None:
        return None
    # The solved problem may have an extra stage: read the values of the scenario's own stages.
    reading = read_allocation(audit_.problem, answer.allocation)
    return ComparedList(
        status=answer.status,
        proof=answer.proof,
        values=[format_fraction(value) for value in reading.values],
        granted_cents=answer.granted_cents,
        saved_cents=audit_.reading.granted_cents - answer.granted_cents,
        n_funded=int(answer.allocation.funded.sum()),
        changes=list_changes(audit_.problem, audit_.selection.allocation, answer.allocation),
    )


def _build_swap_entry(audit_: AuditResult, swap: Swap) -> SwapEntry:
    entry = SwapEntry(
        recover=format_fraction(swap.share),
        goal=audit_.problem.stages[swap.stage].goal if swap.stage >= 0 else None,
        target=format_fraction(swap.target),
        n_changed=swap.n_changed,
        status=Status.STOPPED,
    )
    nearest = _build_list_entry(audit_, swap.answer)
    if nearest is None:
        return entry
    return replace(entry, **{key.name: getattr(nearest, key.name) for key in fields(nearest)})
