"""Why nothing fits: `conflict(scenario)` and what it gives."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from tnt_sim.clock import Clock
from tnt_sim.deadline import UNLIMITED
from tnt_sim.decision import decide
from tnt_sim.errors import Lang, LimitReached
from tnt_sim.joined import KEPT, granted_at
from tnt_sim.prove.stages import prove_empty
from tnt_sim.question import ask
from tnt_sim.rules.decide import DecideSpec
from tnt_sim.scenario.compile import Problem, compile_problem
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.scenario.steps import decision_steps
from tnt_sim.study.conflict.open_form import COMMITTED, Line, OpenForm
from tnt_sim.study.conflict.repair import Repair, repaired
from tnt_sim.study.conflict.search import Fits, Lines, Search, Trials, minimal_lines, shrink, without_goal
from tnt_sim.study.conflict.told import member_entry, repair_actions, set_lines
from tnt_sim.study.course import TIME, Course
from tnt_sim.study.pages import Pages
from tnt_sim.verify.figures import allocation_sha256, decimal_text, head
from tnt_sim.verify.reading import Allocation, broken_rules, read_allocation
from tnt_sim.view.conflict_page import conflict_html
from tnt_sim.view.conflict_words import repair_words, set_words
from tnt_sim.view.labels import is_synthetic

MOST_SETS, MOST_REPAIRS, MOST_SOLVES = 8, 8, 100
PROOF_SECONDS = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Clash:
    """A minimal set of lines that no allocation holds together.

    Attributes
    ----------
    lines : its members, in order
    certificate : the exact proof that they clash, None where none was found in time
    confirmed : proven, or a second solver agrees
    without : for each member an allocation that holds all others, read again; None where none was found
    """

    lines: tuple[Line, ...]
    certificate: Mapping[str, Any] | None
    confirmed: bool
    without: Mapping[Line, Allocation | None]

    @property
    def proof(self) -> str | None:
        """What supports that they clash."""
        if self.certificate is not None:
            return "PROVED"
        return "CROSS_CHECKED" if self.confirmed else None

    @property
    def minimal(self) -> bool:
        """Whether each member is shown to be needed, by an allocation that holds all the others."""
        return all(allocation is not None for allocation in self.without.values())


@dataclass(frozen=True, eq=False)
class Conflict(Pages):
    """Why a scenario has no allocation, and what repairs it.

    Attributes
    ----------
    form, wide : the problem in its open form, which names the lines; in `wide` what is committed has lines too
    status : `infeasible`; `feasible` when something fits after all; `stopped` when no test could say
    sets : minimal conflicts; of several that concern the same rules, one
    repairs : cheapest first: rules touched, then euros
    complete : no other set of rules clashes minimally, and no other minimal repair exists
    n_solves : how many times a solver was asked whether something fits
    """

    form: OpenForm
    wide: OpenForm
    status: str
    sets: tuple[Clash, ...] = ()
    repairs: tuple[Repair, ...] = ()
    complete: bool = True
    n_solves: int = 0
    seconds: float = 0.0
    step: str = ""
    course: Course = field(default_factory=lambda: Course(UNLIMITED, "solves"))
    document: Mapping[str, Any] = field(default_factory=dict)

    @property
    def lang(self) -> Lang:
        """The scenario's language."""
        return Lang(self.form.problem.scenario.spec.locale)

    def to_json(self) -> str:
        """The document of `conflict --json`, as text."""
        return json.dumps(self.document, ensure_ascii=False, indent=2)

    def to_dataframe(self, backend: str = "polars") -> Any:
        """One row for each member of each set: set, kind, id, group, side, bound, file, line, words."""
        rows = [
            {"set": k, **{key: member[key] for key in _COLUMNS}}
            for k, one in enumerate(self.document["sets"], start=1)
            for member in one["members"]
        ]
        table = pl.DataFrame(rows, schema={"set": pl.Int64, **_COLUMNS})
        return table if backend == "polars" else table.to_pandas()

    def _repr_html_(self) -> str:
        return conflict_html(self.document, self.lang)


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
    scenario: Scenario,
    *,
    time_limit: float | None = None,
    max_sets: int = MOST_SETS,
    max_repairs: int = MOST_REPAIRS,
    max_solves: int = MOST_SOLVES,
    repairs: bool = True,
    progress: Callable[[str, float], None] | None = None,
) -> Conflict:
    """Minimal sets of rules that clash, and the cheapest repairs.

    Parameters
    ----------
    scenario : what is asked; of a sequence, the first step that has no allocation is looked at
    time_limit : seconds for the whole; the scenario's own by default
    max_sets, max_repairs, max_solves : how many are sought, and asked; `complete` says whether these are all
    repairs : False for the first conflict alone

    Raises
    ------
    ScenarioError
        Contradictions that need no solver.
    """
    limit = scenario.spec.solver.time_limit if time_limit is None else time_limit
    clock = Clock(limit)
    step, problem = infeasible_step(scenario, clock)
    found = conflict_of(
        problem,
        clock,
        max_sets=max_sets,
        max_repairs=max_repairs,
        max_solves=max_solves,
        repairs=repairs,
        progress=progress,
    )
    return told(replace(found, step=step), scenario, Lang(scenario.spec.locale))


def infeasible_step(scenario: Scenario, clock: Clock) -> tuple[str, Problem]:
    """The id and the problem of the first step without an allocation; the last step's where all have one."""
    kept = pl.DataFrame(schema=KEPT)
    steps = decision_steps(scenario)
    for step in steps[:-1]:
        asked = step.scenario.with_kept(kept)
        result = decide(asked, backend="highs", cross_check="never", clock=clock)
        if result.allocation is None:
            return step.id, result.problem
        kept = pl.concat([kept, granted_at(step, result)])
    return steps[-1].id, compile_problem(steps[-1].scenario.with_kept(kept))


def conflict_of(
    problem: Problem,
    clock: Clock,
    *,
    max_sets: int = MOST_SETS,
    max_repairs: int = MOST_REPAIRS,
    max_solves: int = MOST_SOLVES,
    repairs: bool = True,
    progress: Callable[[str, float], None] | None = None,
) -> Conflict:
    """The same for a problem, without its document."""
    began = time.perf_counter()
    free = without_refusals(problem)
    form = OpenForm.of(problem, free)
    wide = OpenForm.of(problem, free, commitments=True) if problem.offers.committed.any() else form
    tell = None if progress is None else _teller(progress)
    tests = Trials(form, clock, budget=max_solves, tell=tell)
    first = tests.fits(form.lines)
    first_seconds = time.perf_counter() - began
    if first is not Fits.NO:
        status = "feasible" if first is Fits.YES else "stopped"
        stopped = Course(
            clock.deadline, "solves", tests.n_solves, stopped_by=None if first is Fits.YES else TIME
        )
        seconds = time.perf_counter() - began
        return Conflict(form, wide, status, n_solves=tests.n_solves, seconds=seconds, course=stopped)
    search = Search(tests, max_sets, max_repairs if repairs else 0)
    course, fixes, sets = Course(clock.deadline, "solves"), list[Repair | None](), list[Clash]()
    with course.held():
        search.run()
        for fix in search.fixes:
            clock.deadline.check()
            fixes.append(repaired(form, fix, clock))
        tests.for_lines(first_seconds)
        for keys in search.conflicts[:max_sets]:
            clock.deadline.check()
            sets.append(_clash(tests, wide, keys, clock))
    if not search.complete and clock.deadline.expired and course.stopped_by is None:
        course.stopped_by = TIME
    course.n_done = tests.n_solves
    sets += [_unproven(form, keys) for keys in search.conflicts[len(sets) : max_sets]]
    return Conflict(
        form,
        wide,
        "infeasible",
        tuple(sorted(sets, key=lambda clash: (len(clash.lines), clash.lines))),
        tuple(sorted((fix for fix in fixes if fix is not None), key=_rank)),
        search.complete and None not in fixes and course.stopped_by is None,
        tests.n_solves,
        time.perf_counter() - began,
        course=course,
    )


def _unproven(form: OpenForm, keys: frozenset[str]) -> Clash:
    """A conflict for which no time was left: all lines of its entries, of which some may not be needed."""
    lines = tuple(sorted(form.lines_of(keys)))
    return Clash(lines, None, False, dict.fromkeys(lines))


def without_refusals(problem: Problem) -> Problem | None:
    """The problem as it would be offered without refusals by decision; None where there are none."""
    if not problem.offers.refused.any():
        return None
    scenario = problem.scenario
    rules = tuple(
        rule.model_copy(update={"fund": (), "refuse": ()}) if isinstance(rule, DecideSpec) else rule
        for rule in scenario.spec.rules
    )
    return compile_problem(replace(scenario, spec=scenario.spec.model_copy(update={"rules": rules})))


def _teller(progress: Callable[[str, float], None]) -> Callable[[int], None]:
    return lambda n: progress("conflict", min(0.95, n / MOST_SOLVES))


def _rank(repair: Repair) -> tuple[int, int, Any, list[str]]:
    """Rules touched, then euros, then units and things lifted, then names."""
    return len(repair.fix), repair.cents, repair.units + len(repair.lifted), sorted(repair.fix)


def _clash(tests: Trials, wide: OpenForm, keys: frozenset[str], clock: Clock) -> Clash:
    lines = minimal_lines(tests, keys)
    form, held = _with_commitments(tests, wide, lines)
    every = lines | held
    without = {line: _witness(tests if line in lines else form, every - {line}) for line in sorted(every)}
    asked = without_goal(form.form.keeping(every))
    certificate = prove_empty(asked, clock.deadline.within(PROOF_SECONDS))
    confirmed = certificate is not None or _confirmed(asked, clock)
    return Clash(tuple(sorted(every)), certificate, confirmed, without)


def _with_commitments(tests: Trials, wide: OpenForm, lines: Lines) -> tuple[Trials, Lines]:
    """The commitments without which the lines would fit together; none where they clash by themselves."""
    if wide is tests.form:
        return tests, frozenset()
    more = replace(tests, form=wide, found=[], clashes=[])
    needed: list[Line] = []
    if more.fits(lines) is not Fits.NO:
        held = sorted(wide.lines_of([COMMITTED]))
        needed = shrink(held, lambda part: more.fits(lines | frozenset(part)) is Fits.NO)
    tests.n_solves = more.n_solves
    return more, frozenset(needed)


def _witness(tests: Trials, kept: Lines) -> Allocation | None:
    """An allocation that holds these lines, read again in full."""
    if tests.fits(kept) is not Fits.YES:
        return None
    allocation = tests.witness(kept)
    problem = without_goal(tests.form.keeping(kept))
    if allocation is None or broken_rules(problem, allocation, read_allocation(problem, allocation)):
        return None
    return allocation


def _confirmed(problem: Problem, clock: Clock) -> bool:
    """Whether a second solver finds nothing either."""
    until = clock.deadline.share(0.5).within(PROOF_SECONDS)
    try:
        answer = ask(
            problem, least=False, canonical=False, prove=False, cross_check="auto", clock=Clock.until(until)
        )
    except LimitReached:
        return False
    return answer.allocation is None and answer.proof is not None


def told(found: Conflict, scenario: Scenario, lang: Lang) -> Conflict:
    """The conflict with its document."""
    form = found.form
    document = {
        **{key: value for key, value in head(form.problem).items() if key != "run_dir"},
        "command": "conflict",
        "scenario": scenario.id,
        "scenario_sha256": scenario.sha256,
        "title": scenario.title,
        "synthetic": is_synthetic(scenario),
        "status": found.status,
        **found.course.told(),
        "step": found.step or None,
        "sets": [_set_entry(found.wide, clash, lang) for clash in found.sets],
        "repairs": [_repair_entry(form, k, fix, lang) for k, fix in enumerate(found.repairs, start=1)],
        "complete": found.complete,
        "n_solves": found.n_solves,
        "seconds": round(found.seconds, 3),
    }
    return replace(found, document=document)


def _set_entry(form: OpenForm, clash: Clash, lang: Lang) -> dict[str, Any]:
    members = []
    for line in clash.lines:
        allocation = clash.without[line]
        shown = None
        if allocation is not None:
            shown = {
                "allocation_sha256": allocation_sha256(form.problem, allocation),
                "n_funded": int(allocation.funded.sum()),
                "granted_cents": int(allocation.granted_cents.sum()),
            }
        members.append({**member_entry(form, line, lang), "without": shown})
    entry = {"members": members, "proof": clash.proof, "minimal": clash.minimal}
    return {**entry, "words": set_words(entry, lang)}


def _repair_entry(form: OpenForm, rank: int, fix: Repair, lang: Lang) -> dict[str, Any]:
    actions = repair_actions(form, fix, lang)
    best = fix.best
    stages = form.problem.stages
    entry = {
        "rank": rank,
        "n_rules": len(fix.fix),
        "cents": fix.cents,
        "actions": actions,
        "verified": True,
        "least": fix.least,
        "least_proven": fix.least_proven,
        "objective": [
            {"goal": stage.goal, "sense": stage.sense.value, "value": decimal_text(value)}
            for stage, value in zip(stages, best.values if best else (), strict=False)
        ],
        "best_found": best is not None and best.is_closed,
        "n_funded": int(best.allocation.funded.sum()) if best and best.allocation else None,
        "granted_cents": best.granted_cents if best else None,
        "set": set_lines(form, fix),
    }
    return {**entry, "words": repair_words(entry, lang)}
