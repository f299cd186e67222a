"""Explain an infeasible scenario: `conflict(scenario)` returns minimal conflicts, certificates and repairs.

For each minimal conflict: an exact infeasibility certificate if one is found in time (otherwise a
second solver may confirm it), and for each member an allocation that satisfies all other members,
which shows that it is needed. For each minimal correction: the cheapest repair, as `--set` texts
where the grammar allows it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.analysis.infeasibility.conflict_search import (
    ConflictSearch,
    FeasibilityTests,
    Lines,
    Satisfiability,
    find_minimal_bounds,
    shrink,
    without_goal,
)
from tnt_sim.analysis.infeasibility.document import (
    BoundHead,
    ClashEntry,
    ConflictDocument,
    MemberEntry,
    RatedBoundEntry,
    RatedMemberEntry,
    RepairEntry,
    WitnessEntry,
)
from tnt_sim.analysis.infeasibility.elastic_problem import (
    COMMITTED,
    ElasticProblem,
    LiftableBound,
)
from tnt_sim.analysis.infeasibility.repair_cost import (
    RuleRepair,
    find_cheapest_entries,
    minimise_repair_cost,
    optimise_repaired,
    prove_least,
)
from tnt_sim.analysis.infeasibility.repair_order import RepairPrice, compute_changes, sort_by_price
from tnt_sim.analysis.infeasibility.repair_texts import (
    build_bound_entry,
    build_head,
    build_law_member,
    repair_actions,
    write_repair,
)
from tnt_sim.analysis.infeasibility.sentences import (
    describe_conflict,
    describe_member,
    describe_repair,
)
from tnt_sim.analysis.infeasibility.step_repairs import apply_to_step, write_through_steps
from tnt_sim.analysis.infeasibility.written_clashes import (
    ChangeScenario,
    WrittenClash,
    find_written_repairs,
    list_written_clashes,
)
from tnt_sim.analysis.infeasibility.written_clashes import describe_members as describe_written
from tnt_sim.analysis.shared.goal_values import list_goal_values
from tnt_sim.analysis.shared.progress import INTERRUPT, TIME, StudyProgress
from tnt_sim.analysis.shared.study_answer import StudyAnswer
from tnt_sim.analysis.shared.study_head import build_question_head
from tnt_sim.deadline import UNLIMITED
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, decide, optimise
from tnt_sim.engine.result import Status
from tnt_sim.engine.step_results import GRANT_SCHEMA, select_step_grants
from tnt_sim.errors import InfeasibleScenarioError, LimitReached
from tnt_sim.i18n.message import Lang
from tnt_sim.prove.stage_proofs import prove_infeasible
from tnt_sim.rules.offers.total_aid import GUARD
from tnt_sim.scenario.load import with_sets
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData, list_decision_steps
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation
from tnt_sim.verify.run_document import hash_allocation

MOST_SETS, MOST_REPAIRS, MOST_SOLVES = 8, 8, 100
PROOF_SECONDS = 20.0
PRICING_SHARE = 0.6
"""Largest share of the time that is left which the prices of repairs may take; the conflicts have the rest."""


@dataclass(frozen=True, slots=True, eq=False)
class Clash:
    """Minimal infeasible set of lines (IIS).

    Attributes
    ----------
    lines : its members, in order
    certificate : exact proof of infeasibility; None if none was found in time
    confirmed : proved, or confirmed by a second solver
    without : for each member an allocation that satisfies all others, checked; None if none was
    found
    without_law : allocation that satisfies all members with public aid above the cost of a project; None where
    that limit takes no part
    """

    lines: tuple[LiftableBound, ...]
    certificate: Mapping[str, Any] | None
    confirmed: bool
    without: Mapping[LiftableBound, Allocation | None]
    without_law: Allocation | None = None

    @property
    def proof(self) -> str | None:
        """Return the evidence of infeasibility: PROVED, CROSS_CHECKED or None."""
        if self.certificate is not None:
            return "PROVED"
        return "CROSS_CHECKED" if self.confirmed else None

    @property
    def minimal(self) -> bool:
        """Whether each member is shown to be needed, by an allocation that satisfies all others."""
        return all(allocation is not None for allocation in self.without.values())


@dataclass(frozen=True, eq=False)
class ConflictResult(StudyAnswer):
    """Explanation of an infeasible scenario.

    Attributes
    ----------
    form, wide : elastic forms that name the lines; in `wide` commitments are lines too
    scenario : the scenario, of which `form` may be one step
    outcome : `infeasible`; `feasible` if an allocation exists after all; `stopped` if no test could
    decide
    sets : minimal conflicts
    repairs : cheapest first, as `repair_order` compares them; those of a scenario with steps are
    written repairs
    complete : whether these are all minimal conflicts of entries and all minimal corrections
    n_solves : number of feasibility tests that called a solver
    n_conflicts : number of conflicts of bounds that were found; `sets` explains the first ones
    written_sets, written_repairs : contradictions between written values, which no bound expresses, and the
    changes that settle everything
    """

    form: ElasticProblem
    wide: ElasticProblem
    scenario: ScenarioData
    outcome: Status
    sets: tuple[Clash, ...] = ()
    repairs: tuple[RuleRepair, ...] = ()
    complete: bool = True
    n_solves: int = 0
    seconds: float = 0.0
    n_conflicts: int = 0
    step: str = ""
    course: StudyProgress = field(default_factory=lambda: StudyProgress(UNLIMITED, "solves"))
    written_sets: tuple[ClashEntry, ...] = ()
    written_repairs: tuple[RepairEntry, ...] = ()

    def __repr__(self) -> str:
        n_sets = len(self.sets) + len(self.written_sets)
        n_repairs = len(self.repairs) + len(self.written_repairs)
        return f"<Conflict: {self.outcome}, {n_sets} conflicts, {n_repairs} repairs>"

    @cached_property
    def data(self) -> ConflictDocument:
        """Return the answer, whose JSON form is `document`."""
        return build_document(self, self.lang)

    @property
    def lang(self) -> Lang:
        """Return the language of the scenario."""
        return Lang(self.scenario.spec.locale)

    def to_dataframe(self) -> pl.DataFrame:
        """Return one row per member of each conflict: set, kind, id, group, side, bound, file, line, words."""
        rows = [
            {"set": k, **{key: member[key] for key in _COLUMNS}}
            for k, one in enumerate(self.document["sets"], start=1)
            for member in one["members"]
        ]
        return pl.DataFrame(rows, schema={"set": pl.Int64, **_COLUMNS})


_COLUMNS = {
    "kind": pl.String,
    "id": pl.String,
    "group": pl.String,
    "side": pl.String,
    "bound": pl.String,
    "file": pl.String,
    "line": pl.Int64,
    "words": pl.String,
}


def conflict(
    scenario: ScenarioData,
    *,
    clock: Clock | None = None,
    max_sets: int = MOST_SETS,
    max_repairs: int = MOST_REPAIRS,
    max_solves: int = MOST_SOLVES,
    repairs: bool = True,
    progress: Callable[[str, float], None] | None = None,
) -> ConflictResult:
    """Find minimal conflicts of a scenario, or of its first infeasible step, and the cheapest repairs."""
    clock = clock or Clock(scenario.spec.solver.time_limit)
    step, problem = find_infeasible_step(scenario, clock)
    written = list_written_clashes(problem)
    if written and scenario.raw is None:
        raise InfeasibleScenarioError(problem.clashes)  # what a change would do cannot be solved here
    # those without euros are ordered by their optimum, and some may not lead further: few are chosen of many
    most = max(max_repairs, MOST_REPAIRS) if repairs and max_repairs and (step or written) else max_repairs
    conflict_ = find_conflict(
        problem,
        clock,
        max_sets=max_sets,
        max_repairs=most,
        max_solves=max_solves,
        repairs=repairs and not written,
        progress=progress,
    )
    if written:
        change = partial(_apply_to_step, scenario, step) if step else with_sets
        conflict_ = _settle_written(
            problem, conflict_, written, clock, most if repairs else 0, change, progress=progress
        )
    elif problem.clashes and conflict_.outcome is Status.FEASIBLE:
        raise InfeasibleScenarioError(problem.clashes)
    if step and scenario.raw is not None:
        conflict_ = _keep_leading(scenario, step, conflict_, clock, max_repairs)
    elif written:
        ranked = _rank_entries(conflict_.written_repairs)
        conflict_ = replace(
            conflict_,
            written_repairs=tuple(ranked[:max_repairs]),
            complete=conflict_.complete and len(ranked) <= max_repairs,
        )
    return replace(conflict_, step=step, scenario=scenario)


def _apply_to_step(
    whole: ScenarioData, step: str, scenario: ScenarioData, texts: Sequence[str]
) -> ScenarioData:
    """Return the scenario of a step after some changes of the whole; `scenario` is that step before."""
    return apply_to_step(whole, step, texts)


def _keep_leading(
    scenario: ScenarioData, step: str, conflict_: ConflictResult, clock: Clock, most: int
) -> ConflictResult:
    """Keep the repairs with which every step has an allocation, written where the step reads them."""
    lang = conflict_.lang
    entries = [
        *conflict_.written_repairs,
        *(_build_repair_entry(conflict_.form, 0, fix, lang) for fix in conflict_.repairs),
    ]
    leading = _rank_entries(write_through_steps(scenario, step, entries, clock))
    return replace(
        conflict_,
        repairs=(),
        written_repairs=tuple(replace(one, words=describe_repair(one, lang)) for one in leading[:most]),
        complete=conflict_.complete and len(leading) == len(entries) <= most,
    )


def _settle_written(
    problem: Problem,
    conflict_: ConflictResult,
    written: Sequence[WrittenClash],
    clock: Clock,
    most: int,
    change: ChangeScenario,
    *,
    progress: Callable[[str, float], None] | None,
) -> ConflictResult:
    """Add contradictions between written values, and the changes that settle all contradictions together."""
    lang, began, inner_whole = conflict_.lang, time.perf_counter(), True

    def complete(changed: Problem) -> list[RepairEntry]:
        nonlocal inner_whole
        inner = find_conflict(changed, clock, explains=False, max_repairs=max(most, 1))
        inner_whole &= inner.complete
        return [_build_repair_entry(inner.form, 0, fix, lang) for fix in inner.repairs]

    course = replace(conflict_.course)
    fixes, is_whole, n = list[RepairEntry](), False, 0
    if most and course.stopped_by != INTERRUPT:
        course.stopped_by = None
        fixes, is_whole, n = find_written_repairs(
            problem, clock, most, complete, change, course=course, progress=progress
        )
    is_whole &= inner_whole
    if course.stopped_by is None and not is_whole and clock.deadline.expired:
        course.stopped_by = TIME
    sets = [
        ClashEntry(members=describe_written(one, lang), proof="PROVED", minimal=one.minimal)
        for one in written
    ]
    return replace(
        conflict_,
        outcome=Status.INFEASIBLE,
        written_sets=tuple(replace(one, words=describe_conflict(one, lang)) for one in sets),
        written_repairs=tuple(replace(one, words=describe_repair(one, lang)) for one in fixes),
        course=course,
        complete=is_whole,
        n_solves=conflict_.n_solves + n,
        seconds=conflict_.seconds + time.perf_counter() - began,
    )


def find_infeasible_step(scenario: ScenarioData, clock: Clock) -> tuple[str, Problem]:
    """Return the id and problem of the first infeasible step; of the last step if all are feasible."""
    retained = pl.DataFrame(schema=GRANT_SCHEMA)
    steps = list_decision_steps(scenario)
    for step in steps[:-1]:
        scenario_ = step.scenario.with_kept(retained)
        try:
            result = decide(scenario_, OptimiseOptions(), clock=clock)
        except InfeasibleScenarioError:
            return step.id, compile_problem(scenario_, keeps_clashes=True)
        if result.allocation is None:
            return step.id, result.problem
        retained = pl.concat([retained, select_step_grants(step, result)])
    return steps[-1].id, compile_problem(steps[-1].scenario.with_kept(retained), keeps_clashes=True)


def find_conflict(
    problem: Problem,
    clock: Clock,
    *,
    max_sets: int = MOST_SETS,
    max_repairs: int = MOST_REPAIRS,
    max_solves: int = MOST_SOLVES,
    repairs: bool = True,
    explains: bool = True,
    progress: Callable[[str, float], None] | None = None,
) -> ConflictResult:
    """Analyse a compiled problem; without `explains` only its repairs, not what clashes."""
    began = time.perf_counter()
    free = without_refusals(problem)
    form = ElasticProblem.of(problem, free)
    wide = ElasticProblem.of(problem, free, commitments=True) if problem.offers.committed.any() else form
    lawless = _lift_guard(problem)
    tell = None if progress is None else _build_reporter(progress)
    tests = FeasibilityTests(form, clock, budget=max_solves, report_progress=tell)
    first = tests.decide_satisfiability(form.lines)
    first_seconds = time.perf_counter() - began
    if first is not Satisfiability.NO:
        status = Status.FEASIBLE if first is Satisfiability.YES else Status.STOPPED
        stopped = StudyProgress(
            clock.deadline, "solves", tests.n_solves, stopped_by=None if first is Satisfiability.YES else TIME
        )
        seconds = time.perf_counter() - began
        return ConflictResult(
            form, wide, problem.scenario, status, n_solves=tests.n_solves, seconds=seconds, course=stopped
        )
    # the cheapest in euros may touch more entries: more are priced than are shown
    search = ConflictSearch(
        tests,
        max(max_sets, MOST_SETS) if repairs else max_sets,
        max(max_repairs, MOST_REPAIRS) if repairs else 0,
    )
    course, fixes, sets = StudyProgress(clock.deadline, "solves"), list[RuleRepair | None](), list[Clash]()
    priced: list[RuleRepair] = []
    explained: list[frozenset[str]] = []
    with course.catch_limits():
        search.run()
        until = clock.deadline.take_share(PRICING_SHARE)
        for k, fix in enumerate(search.fixes):
            if until.expired:
                break
            if progress is not None:
                progress("repairs", k / len(search.fixes))
            clock.deadline.check()
            repair = minimise_repair_cost(form, fix, clock)
            fixes.append(None if repair is None else _solve_as_written(form, repair, clock))
        if repairs and all(fix is None or fix.cents for fix in fixes) and not until.expired:
            fixes += _find_cheaper(form, [fix for fix in fixes if fix is not None], clock)
        priced = sort_repairs([fix for fix in fixes if fix is not None])[: max_repairs if repairs else 0]
        priced = [prove_least(form, fix, clock) for fix in priced]
        explained = search.conflicts[: max_sets if explains else 0]
        tests.set_bound_test_limits(first_seconds)
        for keys in explained:
            clock.deadline.check()
            sets.append(_build_clash(tests, wide, lawless, keys, clock))
    if not priced:  # the time was up, or Ctrl-C, before they were sorted
        priced = sort_repairs([fix for fix in fixes if fix is not None])[: max_repairs if repairs else 0]
    if not search.complete and clock.deadline.expired and course.stopped_by is None:
        course.stopped_by = TIME
    course.n_done = tests.n_solves
    explained = search.conflicts[: max_sets if explains else 0]
    sets += [_build_unproven_clash(form, keys) for keys in explained[len(sets) :]]
    return ConflictResult(
        form,
        wide,
        problem.scenario,
        Status.INFEASIBLE,
        tuple(sorted(sets, key=lambda clash: (len(clash.lines), clash.lines))),
        tuple(priced),
        search.complete
        and None not in fixes
        and len(priced) == len(fixes)
        and len(search.conflicts) <= max_sets
        and course.stopped_by is None,
        tests.n_solves,
        time.perf_counter() - began,
        n_conflicts=len(search.conflicts),
        course=course,
    )


def _find_cheaper(form: ElasticProblem, known: Sequence[RuleRepair], clock: Clock) -> list[RuleRepair]:
    """Find the repair that moves the least money, where the known ones move more."""
    cheapest = find_cheapest_entries(form, clock)
    repair = minimise_repair_cost(form, cheapest, clock) if cheapest else None
    if repair is None or any(one.cents <= repair.cents for one in known):
        return []
    return [_solve_as_written(form, repair, clock)]


def _solve_as_written(form: ElasticProblem, repair: RuleRepair, clock: Clock) -> RuleRepair:
    """Solve a repair as it is written: envelopes above, a rounded share and other groups may allow more."""
    written, scenario = write_repair(form, repair), form.problem.scenario
    if written.set_texts is None or scenario.raw is None or scenario.spec.steps:
        return written
    changed = compile_problem(replace(with_sets(scenario, written.set_texts), portfolio=scenario.portfolio))
    return replace(written, best=optimise_repaired(changed, clock))


def _build_unproven_clash(form: ElasticProblem, keys: frozenset[str]) -> Clash:
    """Return a conflict that was not shrunk to lines for lack of time: some of its lines may be superfluous."""
    lines = tuple(sorted(form.collect_bounds(keys)))
    return Clash(lines, None, False, dict.fromkeys(lines))


def without_refusals(problem: Problem, *, lifts_guard: bool = False) -> Problem | None:
    """Compile the problem without refusals by decision; None if there are none."""
    if not problem.offers.refused.any():
        return None
    scenario = problem.scenario.without_decisions("fund", "refuse")
    return compile_problem(scenario, keeps_clashes=True, lifts_guard=lifts_guard)


def _lift_guard(problem: Problem) -> ElasticProblem | None:
    """Return the elastic form in which public aid may exceed the cost; None where that limits no project."""
    if all(cap.id != GUARD for cap in problem.caps.caps):
        return None
    open_problem = compile_problem(
        problem.scenario, wants_notices=False, keeps_clashes=True, lifts_guard=True
    )
    free = without_refusals(problem, lifts_guard=True)
    return ElasticProblem.of(open_problem, free)


def _build_reporter(progress: Callable[[str, float], None]) -> Callable[[int], None]:
    return lambda n: progress("conflict", min(0.95, n / MOST_SOLVES))


def sort_repairs(repairs: Sequence[RuleRepair]) -> list[RuleRepair]:
    """Sort repairs by euros, entries touched, units and lifted lines, then names."""
    prices = [
        RepairPrice(
            repair.cents,
            repair.best.granted_cents if repair.best else None,
            len(repair.touched),
            (float(repair.units + len(repair.lifted)), *sorted(repair.fix)),
        )
        for repair in repairs
    ]
    return [repairs[k] for k in sort_by_price(prices)]


def _build_clash(
    tests: FeasibilityTests,
    wide: ElasticProblem,
    lawless: ElasticProblem | None,
    keys: frozenset[str],
    clock: Clock,
) -> Clash:
    lines = find_minimal_bounds(tests, keys)
    form, held = _with_commitments(tests, wide, lines)
    all_items = lines | held
    without = {
        line: _find_witness(tests if line in lines else form, all_items - {line})
        for line in sorted(all_items)
    }
    asked = without_goal(form.form.restrict_to_bounds(all_items))
    certificate = prove_infeasible(asked, (), clock.deadline.tighten(PROOF_SECONDS))
    confirmed = certificate is not None or _is_confirmed(asked, clock)
    without_law = None
    if lawless is not None:
        unlimited = replace(tests, form=lawless, witnesses=[], clashes=[])
        without_law = _find_witness(unlimited, lines)
        tests.n_solves = unlimited.n_solves
    return Clash(tuple(sorted(all_items)), certificate, confirmed, without, without_law)


def _with_commitments(
    tests: FeasibilityTests, wide: ElasticProblem, lines: Lines
) -> tuple[FeasibilityTests, Lines]:
    """Find the commitments without which the lines would be feasible; none if not needed for the conflict."""
    if wide is tests.form:
        return tests, frozenset()
    more = replace(tests, form=wide, witnesses=[], clashes=[])
    needed: list[LiftableBound] = []
    if more.decide_satisfiability(lines) is not Satisfiability.NO:
        held = sorted(wide.collect_bounds([COMMITTED]))
        needed = shrink(
            held, lambda part: more.decide_satisfiability(lines | frozenset(part)) is Satisfiability.NO
        )
    tests.n_solves = more.n_solves
    return more, frozenset(needed)


def _find_witness(tests: FeasibilityTests, bounds: Lines) -> Allocation | None:
    """Return an allocation that satisfies these lines, checked in full."""
    if tests.decide_satisfiability(bounds) is not Satisfiability.YES:
        return None
    allocation = tests.find_witness(bounds)
    problem = without_goal(tests.form.restrict_to_bounds(bounds))
    if allocation is None or list_broken_rules(problem, allocation, read_allocation(problem, allocation)):
        return None
    return allocation


def _is_confirmed(problem: Problem, clock: Clock) -> bool:
    """Whether a second solver also finds no allocation."""
    until = clock.deadline.take_share(0.5).tighten(PROOF_SECONDS)
    try:
        answer = optimise(
            problem,
            OptimiseOptions(least_granted=False, canonical=False, prove=False, cross_check="auto"),
            clock=Clock.from_deadline(until),
        )
    except LimitReached:
        return False
    return answer.allocation is None and answer.proof is not None


def build_document(conflict_: ConflictResult, lang: Lang) -> ConflictDocument:
    """Build the document of a conflict."""
    form = conflict_.form
    whole = replace(form.problem, scenario=conflict_.scenario)  # the form may be that of a step
    return ConflictDocument(
        **build_question_head(whole, conflict_.course, conflict_.outcome, lang),
        step=conflict_.step or None,
        n_sets=len(conflict_.written_sets) + conflict_.n_conflicts or None,
        sets=[
            *conflict_.written_sets,
            *(_build_clash_entry(conflict_.wide, clash, lang) for clash in conflict_.sets),
        ],
        repairs=_rank_entries(
            [
                *conflict_.written_repairs,
                *(
                    _build_repair_entry(form, k, fix, lang)
                    for k, fix in enumerate(conflict_.repairs, start=1)
                ),
            ]
        ),
        complete=conflict_.complete,
        n_solves=conflict_.n_solves,
        seconds=round(conflict_.seconds, 3),
    )


def _rank_entries(repairs: Sequence[RepairEntry]) -> list[RepairEntry]:
    """Rank repairs by price; those of equal price keep their order."""
    prices = [RepairPrice(one.cents, one.granted_cents, one.n_rules) for one in repairs]
    changes = compute_changes(prices)
    return [
        replace(repairs[k], rank=rank, change_cents=changes[k])
        for rank, k in enumerate(sort_by_price(prices), start=1)
    ]


def _build_clash_entry(form: ElasticProblem, clash: Clash, lang: Lang) -> ClashEntry:
    members: list[MemberEntry | RatedMemberEntry] = []
    for path in clash.lines:
        allocation, entry = clash.without[path], build_bound_entry(form, path, lang)
        without = _build_witness(form, allocation)
        values = {key.name: getattr(entry, key.name) for key in fields(entry)}
        kind = RatedMemberEntry if isinstance(entry, RatedBoundEntry) else MemberEntry
        members.append(kind(**values, without=without))
        if _is_ineligible(form.problem, entry):
            named = MemberEntry(
                **build_head(form, path) | {"kind": "ineligible", "side": "", "file": None, "line": None},
                bound=None,
                bound_cents=None,
                without=without,
            )
            members.append(replace(named, words=describe_member(named, lang)))
    if clash.without_law is not None:
        limit = build_law_member(_build_witness(form, clash.without_law))
        members.append(replace(limit, words=describe_member(limit, lang)))
    whole = ClashEntry(members=members, proof=clash.proof, minimal=clash.minimal)
    return replace(whole, words=describe_conflict(whole, lang))


def _build_witness(form: ElasticProblem, allocation: Allocation | None) -> WitnessEntry | None:
    if allocation is None:
        return None
    return WitnessEntry(
        allocation_sha256=hash_allocation(form.problem, allocation),
        n_funded=int(allocation.funded.sum()),
        granted_cents=int(allocation.granted_cents.sum()),
    )


def _is_ineligible(problem: Problem, entry: BoundHead) -> bool:
    """Whether a decision funds a dossier that may not be funded: the decision alone clashes with that."""
    if entry.kind != "decide" or entry.side != "min":
        return False
    rows = np.flatnonzero((problem.case.table["dossier"] == entry.group).to_numpy())
    return not problem.offers.in_play[rows].any()


def _build_repair_entry(form: ElasticProblem, rank: int, fix: RuleRepair, lang: Lang) -> RepairEntry:
    best = fix.best
    entry = RepairEntry(
        rank=rank,
        n_rules=len(fix.touched),
        cents=fix.cents,
        added_cents=fix.added_cents,
        actions=repair_actions(form, fix, lang),
        least=fix.least,
        least_proven=fix.least_proven,
        objective=list_goal_values(form.problem, best.values if best else ()),
        best_found=best is not None and best.is_closed,
        n_funded=int(best.allocation.funded.sum()) if best and best.allocation else None,
        granted_cents=best.granted_cents if best else None,
        set=None if fix.set_texts is None else list(fix.set_texts),
    )
    return replace(entry, words=describe_repair(entry, lang))
