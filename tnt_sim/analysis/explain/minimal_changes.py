"""Smallest change of one figure that would fund a refused application, confirmed by re-optimisation.

Each change is an entry of `explain.dossiers[].changes[]` with its `kind` (score, grant, envelope,
rule, requirement, decision), `of` (column, envelope or rule), `status` and figures in `unit`:

    exact        `to` funds the application; one unit less does not
    interval     the exact figure lies between two certified limits
    impossible   no such change funds it; `why` gives the reason
    undefined    the question has no exact answer here; `why` gives the reason

For a named application, each change is solved exactly and confirmed: the changed scenario must fund
it, the scenario one unit short must not.

For all applications at once, most scores and obstacles are settled without a solve: a certified
lower bound on the loss of forcing the application in meets an upper bound from an allocation
checked in integers (`refusal_bounds`), or a bound shows that it would still be refused without its
obstacle (`relaxed_conditions`). The others take one solve each as long as time allows; then an
interval is returned, or the advice to ask about that application alone.

Where the decision is not proven optimal, scores and envelopes are intervals: below the lower limit no optimum
funds the application, from the upper one on every optimum does. Increases without loss are those beside this list.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from itertools import chain

from tnt_sim.analysis.explain import required_changes
from tnt_sim.analysis.explain.document import (
    ChangeEntry,
    EnvelopeLimits,
    GrantChange,
    ImpossibleChange,
    OpenChange,
    RaisedEnvelope,
    RuleChange,
    ScoreChange,
    ScoreInterval,
    SettledCounts,
)
from tnt_sim.analysis.explain.path_answers import PathAnswers
from tnt_sim.analysis.explain.path_changes import build_envelope_entry, build_grant_entry, confirm_profit
from tnt_sim.analysis.explain.refusal_bounds import Bounds, LossInterval
from tnt_sim.analysis.explain.relaxed_conditions import (
    LiftedBounds,
    Obstacle,
    ObstacleEntry,
    lift_obstacles,
    list_obstacles,
    solve_without_obstacle,
)
from tnt_sim.analysis.explain.required_changes import (
    EnvelopeIncrease,
    Score,
    generate_envelope_limits,
    get_column_value,
    is_given,
    list_raised_paths,
    of_everyone,
    solve_envelope_change,
)
from tnt_sim.analysis.explain.rule_effects import minimise_violation
from tnt_sim.analysis.shared.decided_run import (
    DecidedRun,
    compare_tie_break,
    compute_gains,
    with_tolerance,
)
from tnt_sim.analysis.shared.progress import StudyProgress
from tnt_sim.analysis.shared.reference_solution import can_relax
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, WarmStart, optimise, with_fixed
from tnt_sim.engine.result import SolveOutcome, find_weakest_proof
from tnt_sim.errors import InputError
from tnt_sim.formulation.formulate import formulate
from tnt_sim.rules.protocols import CompiledRule, RuleReading
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.verify.run_document import format_fraction

MOST_RULES = 12
"""Most rules relaxed one by one for an application; the rule named in its reason goes first."""


@dataclass(frozen=True)
class Asking:
    """Data shared by the questions about all applications of one decision.

    Attributes
    ----------
    decided : the decision
    steps : smallest possible gain of each stage
    scores : each merit column of the objective with the effect of one step of it, by application
    and stage. The effect is None if the column counts elsewhere too, or if the objective is not a
    plain sum of it.
    paths : curves of the caps; None if other rules decide too
    bounds : bounds on the loss of forcing an application in
    warm : models and kernel results of earlier solves
    """

    decided: DecidedRun
    steps: tuple[Fraction, ...]
    scores: tuple[tuple[required_changes.Score, required_changes.Effects | None], ...]
    paths: PathAnswers | None
    bounds: Bounds
    warm: WarmStart = field(default_factory=WarmStart)

    def with_clock(self, clock: Clock) -> Asking:
        """Return the same data with another time that is left."""
        self.bounds.set_clock(clock)
        return replace(self, decided=replace(self.decided, clock=clock))


def prepare_question(decided: DecidedRun) -> Asking:
    """Read the smallest gains and the score columns of the objective once."""
    problem, deadline = decided.problem, decided.clock.deadline
    result = [
        (
            one,
            required_changes.compute_score_effects(problem, decided.scenario, one, deadline)
            if one.other is None
            else None,
        )
        for one in required_changes.list_scores(problem)
    ]
    paths = PathAnswers.of(problem, decided.allocation, deadline) if decided.best else None
    form = formulate(problem, deadline=deadline) if paths is None else paths.form
    units = tuple(stage.scale for stage in form.stages)
    return Asking(decided, units, tuple(result), paths, Bounds(decided, form))


def list_changes(question: Asking, row: int, *, confirm: bool = True) -> Sequence[ChangeEntry]:
    """List every change that could fund one refused application; an empty list for a funded one.

    Parameters
    ----------
    row : row of the application
    confirm : re-optimise, with proofs, the changed scenario and the one that is one unit short: the
    first must fund the application and the second must not
    """
    decided = question.decided
    if decided.allocation.funded[row]:
        return []
    if not decided.best:
        return [*_list_limits(question, row), OpenChange(kind="any", of="", why="not_proven")]
    if not decided.problem.offers.candidate[row]:
        return lift_obstacles(decided, row)

    @cache
    def solve_inside() -> SolveOutcome:
        return optimise(
            with_fixed(decided.problem, [row]),
            OptimiseOptions(prove=False),
            clock=decided.clock,
            warm=question.warm,
        )

    result: list[ChangeEntry] = []
    all_items = chain(
        _generate_score_changes(question, row, solve_inside, confirm=confirm),
        _generate_grant_changes(question, row, confirm=confirm),
        _generate_envelope_changes(question, row),
        _generate_rule_changes(decided, row, solve_inside),
    )
    with suppress(DeadlineExpired):
        for entry in all_items:
            result.append(entry)
            decided.clock.deadline.check()
    return result


def _list_limits(question: Asking, row: int) -> list[ChangeEntry]:
    """List limits of the score and of the envelopes that would fund an application, beside a list not proven."""
    decided = question.decided
    if not decided.problem.offers.candidate[row] or with_tolerance(decided.problem):
        return []
    result: list[ChangeEntry] = []
    with suppress(DeadlineExpired):
        for score, effect in question.scores:
            if effect is not None and is_given(decided.problem, row, score.column):
                interval = question.bounds.compute_interval(row)
                entry = _build_interval_entry(decided, row, score, effect[row], interval)
                if isinstance(entry, ScoreInterval) and (interval.low or interval.high is not None):
                    result.append(entry)
            decided.clock.deadline.check()
        result += generate_envelope_limits(decided, row, question.steps)
    return result


def _generate_score_changes(
    question: Asking, row: int, solve_inside: Callable[[], SolveOutcome], *, confirm: bool
) -> Iterator[ChangeEntry]:
    decided, paths = question.decided, question.paths
    interval = None
    if paths is not None and paths.has_curve(row):
        interval = paths.find_intervals([row], decided.clock.deadline).get(row)
    for score, effect in question.scores:
        if score.other is not None:
            yield OpenChange(kind="score", of=score.column, why="other_use", by=score.other)
        elif effect is None:
            yield OpenChange(kind="score", of=score.column, why="no_plain_sum")
        elif with_tolerance(decided.problem):
            yield OpenChange(kind="score", of=score.column, why="tolerance")
        elif not required_changes.is_given(decided.problem, row, score.column):
            yield OpenChange(kind="score", of=score.column, why="no_figure")
        else:
            yield (
                interval and _read_score_entry(question, row, score, effect[row], interval, confirm=confirm)
            ) or build_score_entry(question, row, score, effect[row], solve_inside(), confirm=confirm)


def _read_score_entry(
    question: Asking,
    row: int,
    score: required_changes.Score,
    effect: tuple[Fraction, ...],
    interval: LossInterval,
    *,
    confirm: bool,
) -> ScoreChange | ImpossibleChange | None:
    """Write the score that funds an application from its exact loss; None if that does not tell it."""
    decided, paths = question.decided, question.paths
    if interval.impossible:
        return ImpossibleChange(kind="score", of=score.column, why="no_allocation", proof=decided.proof)
    steps = _compute_exact_steps(question, effect, interval)
    if steps is None or paths is None:
        return None
    confirmed = None
    if confirm:
        step = int(abs(effect[0]) / paths.form.stages[0].scale)
        confirmed = confirm_profit(decided, paths, row, steps * step, step)
        if not confirmed:
            return None
    option = 1 if effect[0] > 0 else -1
    by, now = option * steps * score.step, get_column_value(decided.problem, row, score.column)
    return ScoreChange(
        of=score.column,
        from_=format_fraction(now),
        to=format_fraction(now + by),
        by=format_fraction(by),
        step=format_fraction(score.step),
        top=format_fraction(score.top),
        tie=(interval.low / abs(effect[0])).denominator == 1,
        proof=decided.proof if confirm else None,
        confirmed=confirmed,
    )


def build_score_entry(
    question: Asking,
    row: int,
    score: required_changes.Score,
    effect: tuple[Fraction, ...],
    inside: SolveOutcome,
    *,
    confirm: bool,
    settled_by: str | None = None,
) -> ScoreChange | ImpossibleChange | OpenChange:
    """Compute the score that funds an application, given the optimum `inside` with the application forced in."""
    decided = question.decided
    if inside.allocation is None:
        proof = _find_weakest_proof([inside])
        return ImpossibleChange(
            kind="score", of=score.column, why="no_allocation", proof=proof, settled_by=settled_by
        )
    if not (inside.is_closed and inside.canonical):
        return OpenChange(kind="score", of=score.column, why="stopped", settled_by=settled_by)
    gained = compute_gains(decided.problem.stages, inside.values, decided.reading.values)
    wins = compare_tie_break(inside.allocation, decided.allocation) > 0
    steps = required_changes.compute_needed_steps(gained, effect, wins)
    if steps is None:
        proof = _find_weakest_proof([inside])
        return ImpossibleChange(
            kind="score", of=score.column, why="earlier_goal", proof=proof, settled_by=settled_by
        )
    option = 1 if next(each for each in effect if each) > 0 else -1
    by, now = (
        option * steps * score.step,
        required_changes.get_column_value(decided.problem, row, score.column),
    )
    confirmed, proof = None, None
    if confirm:
        name = decided.numbers[row]
        enough = required_changes.with_score(decided.scenario, score.column, by, name)
        less = required_changes.with_score(decided.scenario, score.column, by - option * score.step, name)
        confirmed, proof = _confirm_change(decided, enough, less, row)
    return ScoreChange(
        of=score.column,
        from_=format_fraction(now),
        to=format_fraction(now + by),
        by=format_fraction(by),
        step=format_fraction(score.step),
        top=format_fraction(score.top),
        tie=required_changes.has_tie(gained, effect),
        proof=proof,
        confirmed=confirmed,
        settled_by=settled_by,
    )


def _generate_grant_changes(question: Asking, row: int, *, confirm: bool) -> Iterator[ChangeEntry]:
    decided, name = question.decided, question.decided.numbers[row]
    problem = decided.problem
    requested = int(problem.offers.most_cents[row])
    if not required_changes.can_be_cut(problem, row):
        yield OpenChange(kind="grant", of=name, why="not_one_amount")
        return
    if with_tolerance(problem):
        yield OpenChange(kind="grant", of=name, why="tolerance")
        return
    paths = question.paths
    if paths is not None and paths.has_curve(row):
        known = build_grant_entry(decided, paths, row, confirm=confirm)
        if known is not None:
            yield known
            return
    cut = required_changes.find_request_cut(decided, row, question.steps)
    if not all(answer.is_closed or answer.allocation is None for answer in cut.answers):
        yield OpenChange(kind="grant", of=name, why="stopped")
        return
    if cut.cents is None and required_changes.has_other_effects(decided, row):
        yield OpenChange(kind="grant", of=name, why="request_counts")
        return
    if cut.cents is None:
        yield ImpossibleChange(kind="grant", of=name, why="no_amount", proof=_find_weakest_proof(cut.answers))
        return
    step = int(problem.offers.unit_cents[row])
    confirmed, proof = None, None
    if confirm:
        enough = required_changes.with_request(decided.scenario, name, cut.cents)
        less = required_changes.with_request(decided.scenario, name, cut.cents + step)
        confirmed, proof = _confirm_change(decided, enough, less, row)
        if not confirmed:
            # The smaller request also moved a floor, or a figure that counts elsewhere.
            yield OpenChange(kind="grant", of=name, why="request_counts")
            return
    yield GrantChange(
        of=name,
        from_cents=requested,
        to_cents=cut.cents,
        by_cents=requested - cut.cents,
        step_cents=step,
        proof=proof,
        confirmed=confirmed,
    )


def _generate_envelope_changes(
    question: Asking, row: int
) -> Iterator[RaisedEnvelope | ImpossibleChange | OpenChange]:
    """Yield the needed increase of each envelope: from the curves of the caps, else solved for."""
    decided, paths = question.decided, question.paths
    for path in list_raised_paths(decided.problem, row):
        entry = None
        if paths is not None and paths.has_curve(row):
            entry = build_envelope_entry(decided, paths, path, row)
        yield entry or solve_envelope_change(EnvelopeIncrease(decided, path, row, question.steps))


def _confirm_change(
    decided: DecidedRun, enough: ScenarioData, less: ScenarioData, row: int
) -> tuple[bool, str | None]:
    """Re-optimise two scenarios: whether the first funds the application and the second does not; the proof."""
    first, second = (_optimise_scenario(decided, one) for one in (enough, less))
    if first is None or second is None:
        return False, None
    holds = [one.allocation is not None and bool(one.allocation.funded[row]) for one in (first, second)]
    settled = all(one.allocation is None or (one.is_closed and one.canonical) for one in (first, second))
    return settled and holds == [True, False], _find_weakest_proof([first, second])


def _optimise_scenario(decided: DecidedRun, scenario: ScenarioData) -> SolveOutcome | None:
    """Optimise a changed scenario; None if the change makes the input invalid."""
    try:
        return optimise(compile_problem(scenario, wants_notices=False), clock=decided.clock)
    except InputError:
        return None


def _generate_rule_changes(
    decided: DecidedRun, row: int, solve_inside: Callable[[], SolveOutcome]
) -> Iterator[RuleChange]:
    """Yield the rules whose relaxation alone funds the application."""
    if not any(can_relax(rule) for rule in decided.problem.rules):
        return
    for rule in _list_candidate_rules(decided, row, changes=solve_inside().allocation is None):
        decided.clock.deadline.check()
        relaxation = minimise_violation(decided, row, rule)
        if not relaxation.distance:
            continue  # relaxing it alone does not help, or it does not block
        yield RuleChange(
            of=rule.id,
            unit=relaxation.unit.value,
            by=format_fraction(relaxation.distance),
            proof=_find_weakest_proof([relaxation.answer]),
            confirmed=True,  # its allocation was checked with every other rule in force
        )


def _list_candidate_rules(decided: DecidedRun, row: int, *, changes: bool) -> Sequence[CompiledRule]:
    """List the hard rules that may block the application, the one named in its reason first.

    The others are tight rules whose figures change when it is funded; with `changes`, slack rules
    too.
    """
    named = str(decided.reasons.rule[row])
    read = {rule.id: rule for rule in decided.reading.rules}
    tight = [
        rule
        for rule in decided.problem.rules
        if can_relax(rule)
        and (
            rule.id == named
            or (_has_effect_on_rule(decided, row, rule) and (changes or _is_tight(read[rule.id])))
        )
    ]
    return sorted(tight, key=lambda rule: rule.id != named)[:MOST_RULES]


def _has_effect_on_rule(decided: DecidedRun, row: int, rule: CompiledRule) -> bool:
    """Whether funding the application beside today's list changes a figure of the rule."""
    funded, granted = decided.allocation.funded.copy(), decided.allocation.granted_cents.copy()
    before = rule.read(funded, granted)
    funded[row], granted[row] = True, decided.problem.offers.least_cents[row]
    return rule.read(funded, granted) != before


def _is_tight(read: RuleReading) -> bool:
    return any(figure.slack is not None and figure.slack <= 0 for figure in read.readings)


def _find_weakest_proof(answers: Sequence[SolveOutcome]) -> str | None:
    proof = find_weakest_proof(answer.proof for answer in answers)
    return None if proof is None else proof.value


MOST_SOLVES = 120
SECONDS = 120.0
"""Limits for score questions that no exact kernel solves: at most `MOST_SOLVES` solves, within `SECONDS`."""
BOUND_SECONDS = 1.0
"""Seconds that the lower limits of all scores may take after their time, once the linear program is solved."""
SEARCH_SHARE = 0.8
"""Share of the remaining time for solves and for lists with each application; the rest have lower limits."""
KERNEL_SHARE = 0.25
"""Share of it after which a kernel is no longer expected to solve the decision."""
ENVELOPES_SHARE = 0.4
"""Share of the remaining time for the envelope increases of all applications, before their scores."""
UNPROVEN_ENVELOPES_SHARE = 0.8
"""The same beside a list not proven, whose scores have lower limits by then."""
ReportProgress = Callable[[str, float], None]


@dataclass(slots=True)
class ChangeTable:
    """Changes by row, and the number of scores and obstacles by how they were settled."""

    changes: dict[int, list[ChangeEntry]] = field(default_factory=dict)
    settled: Counter[str] = field(default_factory=Counter)

    def count_by_method(self) -> SettledCounts:
        """Return the number of applications or obstacles settled in each way."""
        return SettledCounts(**{name: self.settled[name] for name in SettledCounts.__slots__})


def settle_all(
    decided: DecidedRun,
    rows: Sequence[int],
    report_progress: ReportProgress,
    course: StudyProgress,
    first_deadline: Deadline | None = None,
) -> ChangeTable:
    """Find the changes of every refused application among some rows, or those found before a limit.

    The deadline, or Ctrl-C, ends the search and keeps what was found.

    Parameters
    ----------
    first_deadline : for the limits of all scores, which come first; by default that of `course`
    """
    solution, wanted = ChangeTable(), set(rows)
    offers, funded = decided.problem.offers, decided.allocation.funded
    waiting = [row for row in rows if offers.candidate[row] and not funded[row]]
    outside = [row for row in rows if not (offers.candidate[row] or offers.committed[row] or funded[row])]
    if not decided.best:
        outside = []  # what lifting an obstacle changes is a question about the optimum
    course.n_asked += len(waiting) + len(outside)
    envelopes: dict[int, EnvelopeLimits | ImpossibleChange] = {}
    scores: dict[int, ChangeEntry] = {}
    first: dict[int, LossInterval] = {}
    with course.catch_limits():
        until = first_deadline or course.deadline
        question = prepare_question(replace(decided, clock=Clock.from_deadline(until)))
        with suppress(DeadlineExpired):  # limits that are written stay
            _limit_scores(question, waiting, scores, first, until)
        question = question.with_clock(decided.clock)
        share = ENVELOPES_SHARE if decided.best else UNPROVEN_ENVELOPES_SHARE
        quick = replace(decided, clock=Clock.from_deadline(course.deadline.take_share(share)))
        with suppress(DeadlineExpired):
            of_everyone(
                quick,
                question.steps,
                lambda name, share: report_progress("envelopes", 0.3 + 0.2 * share),
                envelopes,
                question.paths,
            )
        _compute_scores(question, waiting, solution, first, report_progress, course)
        _lift_obstacles(decided, outside, solution, report_progress, course)
    for row in scores.keys() - solution.changes.keys():  # it was not its turn
        solution.changes[row] = [scores[row]]
        if scores[row].status in ("exact", "impossible"):
            solution.settled["by_bounds"] += 1
        else:
            solution.settled["intervals"] += 1
        course.n_done += 1
    for row in wanted & envelopes.keys():
        solution.changes.setdefault(row, []).append(envelopes[row])
    return solution


def _limit_scores(
    question: Asking,
    waiting: Sequence[int],
    into: dict[int, ChangeEntry],
    intervals: dict[int, LossInterval],
    deadline: Deadline,
) -> None:
    """Bound the score that each refused candidate would need, in one pass for all.

    Lists with each candidate come from exchanges; lower limits from prices of caps, or beside a list not proven
    from one linear program. Nothing is written where nothing is known.

    Parameters
    ----------
    into : receives the entries by row
    intervals : receives the loss of the first objective, by row
    """
    decided, paths = question.decided, question.paths
    usable = [(one, effect) for one, effect in question.scores if effect is not None]
    if not waiting or not usable or with_tolerance(decided.problem):
        return
    deadline.check()
    score, effect = usable[0]
    rows = required_changes.list_given(decided.problem, waiting, score.column)
    bounds = question.bounds
    for row in bounds.find_impossible(rows):
        intervals[row] = LossInterval(Fraction(0), None, impossible=True)
        into[row] = _build_impossible_score(decided, score)
    rows = [row for row in rows if row not in into]
    covered = [] if paths is None else [row for row in rows if paths.has_curve(row)]
    least = {} if paths is None else paths.compute_least_losses(covered, deadline)
    gap = bounds.gap  # before the exchanges, whose lists tell no upper limit without it
    losses = bounds.find_exchanges(rows, deadline)
    grace = Deadline(deadline.seconds_left + BOUND_SECONDS)
    for row in rows:
        grace.check()
        low = least.get(row, Fraction(0)) if decided.best else bounds.compute_least_loss(row).low
        high = None if gap is None or row not in losses else max(low, losses[row] + gap)
        interval = intervals[row] = LossInterval(low, high)
        steps = _compute_exact_steps(question, effect[row], interval)
        if steps is not None:
            into[row] = _build_exact_entry(decided, row, score, effect[row], interval, steps)
        elif low or high is not None:
            entry = _build_interval_entry(decided, row, score, effect[row], interval)
            if entry.status != "undefined":
                into[row] = entry


def _compute_scores(
    question: Asking,
    waiting: Sequence[int],
    table: ChangeTable,
    first: Mapping[int, LossInterval],
    report_progress: ReportProgress,
    course: StudyProgress,
) -> None:
    """Compute the score that each refused candidate would need and insert it before its other changes."""
    decided = question.decided
    usable = [(one, effect) for one, effect in question.scores if effect is not None]
    if not waiting or not usable or with_tolerance(decided.problem):
        course.n_done += len(waiting)
        return
    course.deadline.check()
    share = course.deadline.take_share(SEARCH_SHARE)
    until = share.tighten(SECONDS)
    score, effect = usable[0]
    paths = question.paths
    scored_rows = required_changes.list_given(decided.problem, waiting, score.column)
    known = (
        {}
        if paths is None
        else paths.find_intervals([row for row in scored_rows if paths.has_curve(row)], course.deadline)
    )
    by_kernel: bool | None = None
    for number, row in enumerate(sorted(waiting, key=lambda row: row not in known)):
        if row not in known:
            course.deadline.check()
        report_progress("dossiers", 0.5 + 0.3 * number / len(waiting))
        if not is_given(decided.problem, row, score.column):
            missing = OpenChange(kind="score", of=score.column, why="no_figure")
            table.changes.setdefault(row, []).append(missing)
            course.n_done += 1
            continue
        if by_kernel is None and row not in known:
            by_kernel = decided.best and _can_use_kernel(decided, share)
        if row in known:
            interval = known[row]
        elif share.expired:
            interval = question.bounds.compute_least_loss(row)
        else:
            interval = question.bounds.compute_interval(row)
        interval = interval.intersect(first.get(row))
        course.n_done += 1
        may_solve = _can_solve_more(decided, table, share if by_kernel else until, by_kernel=bool(by_kernel))
        settled = _settle_score(question, row, score, effect[row], interval, may_solve=may_solve)
        if settled is not None:
            table.settled[settled[0]] += 1
            table.changes.setdefault(row, []).append(settled[1])


def _settle_score(
    question: Asking,
    row: int,
    score: Score,
    effect: tuple[Fraction, ...],
    interval: LossInterval,
    *,
    may_solve: bool,
) -> tuple[str, ChangeEntry] | None:
    """Return how the needed score is settled, and its entry; None where nothing is known."""
    decided = question.decided
    if interval.impossible:
        return "by_bounds", _build_impossible_score(decided, score)
    steps = _compute_exact_steps(question, effect, interval)
    if steps is not None:
        return "by_bounds", _build_exact_entry(decided, row, score, effect, interval, steps)
    if may_solve:
        inside = optimise(
            with_fixed(decided.problem, [row]),
            OptimiseOptions(prove=False),
            clock=decided.clock,
            warm=question.warm,
        )
        return "by_solve", build_score_entry(
            question, row, score, effect, inside, confirm=False, settled_by="solve"
        )
    if decided.best or interval.low or interval.high is not None:
        return "intervals", _build_interval_entry(decided, row, score, effect, interval)
    return None


def _can_solve_more(decided: DecidedRun, table: ChangeTable, until: Deadline, *, by_kernel: bool) -> bool:
    """Whether one more solve for the score of an application is worth its time."""
    return decided.best and not until.expired and (by_kernel or table.settled["by_solve"] < MOST_SOLVES)


def _lift_obstacles(
    decided: DecidedRun,
    outside: Sequence[int],
    table: ChangeTable,
    report_progress: ReportProgress,
    course: StudyProgress,
) -> None:
    """Compute, for each application outside the competition, the effect of lifting its obstacle."""
    if not outside:
        return
    course.deadline.check()
    bounds, until = LiftedBounds.of(decided), course.deadline.tighten(SECONDS)
    for number, row in enumerate(outside):
        course.deadline.check()
        report_progress("lifted", 0.8 + 0.2 * number / len(outside))
        for obstacle in list_obstacles(decided, row):
            entry = (
                _lift_obstacle(obstacle, row, bounds, table, until)
                if obstacle.problem is not None
                else obstacle.change
            )
            table.changes.setdefault(row, []).append(entry)
        course.n_done += 1


def _lift_obstacle(
    obstacle: Obstacle, row: int, bounds: LiftedBounds, table: ChangeTable, until: Deadline
) -> ObstacleEntry:
    assert obstacle.problem is not None
    offers, proof = obstacle.problem.offers, bounds.decided.proof
    funds = bounds.is_funded(obstacle.problem, row)
    if funds is False:
        table.settled["lifted_by_bounds"] += 1
        return obstacle.build_refused_entry(proof, "bounds")
    if funds and offers.least_cents[row] == offers.most_cents[row]:
        table.settled["lifted_by_bounds"] += 1
        return obstacle.build_funded_entry(int(offers.most_cents[row]), proof, "bounds")
    if not until.expired:
        table.settled["lifted_by_solve"] += 1
        return solve_without_obstacle(
            obstacle, obstacle.problem, row, bounds.decided, prove=False, settled_by="solve"
        )
    table.settled["lifted_open"] += 1
    return obstacle.change


def _can_use_kernel(decided: DecidedRun, deadline: Deadline) -> bool:
    """Whether the exact cap-tree kernel solves this decision: then one more solve per application is cheap."""
    clock = Clock.from_deadline(deadline.take_share(KERNEL_SHARE))
    return (
        optimise(decided.problem, OptimiseOptions(prove=False, canonical=False), clock=clock).method == "tree"
    )


def _compute_exact_steps(
    question: Asking, effect: tuple[Fraction, ...], interval: LossInterval
) -> int | None:
    """Return the exact number of score steps; None unless the loss is exact and ties are decided."""
    decided = question.decided
    if not interval.point or len(decided.problem.stages) > 1 or not effect[0]:
        return None
    whole = interval.low / abs(effect[0])
    if whole.denominator != 1:
        return math.ceil(whole)
    # After this many steps the values tie; the money granted decides, then the rank.
    return None if interval.wins is None else int(whole) + (not interval.wins)


def _build_impossible_score(decided: DecidedRun, score: Score) -> ImpossibleChange:
    return ImpossibleChange(
        kind="score",
        of=score.column,
        why="no_allocation",
        settled_by="bounds",
        proof=decided.proof if decided.best else None,
    )


def _build_exact_entry(
    decided: DecidedRun,
    row: int,
    score: Score,
    effect: tuple[Fraction, ...],
    interval: LossInterval,
    steps: int,
) -> ScoreChange:
    way = 1 if effect[0] > 0 else -1
    now, by = get_column_value(decided.problem, row, score.column), way * steps * score.step
    return ScoreChange(
        of=score.column,
        step=format_fraction(score.step),
        top=format_fraction(score.top),
        from_=format_fraction(now),
        to=format_fraction(now + by),
        by=format_fraction(by),
        tie=(interval.low / abs(effect[0])).denominator == 1,
        settled_by="bounds",
        proof=decided.proof,
        confirmed=None,
    )


def _build_interval_entry(
    decided: DecidedRun, row: int, score: Score, effect: tuple[Fraction, ...], interval: LossInterval
) -> ScoreInterval | OpenChange:
    """Write the interval of the needed score; `high` is None if no allocation with the application was found."""
    now = get_column_value(decided.problem, row, score.column)
    if not effect[0]:
        if interval.low:
            return OpenChange(kind="score", of=score.column, status="impossible", why="earlier_goal")
        return OpenChange(kind="score", of=score.column, why="ask_alone")
    option = 1 if effect[0] > 0 else -1
    least = interval.low / abs(effect[0])
    low = math.ceil(least)
    high = None
    if interval.high is not None:
        most = interval.high / abs(effect[0])
        high = math.floor(most) + 1
    return ScoreInterval(
        of=score.column,
        step=format_fraction(score.step),
        top=format_fraction(score.top),
        from_=format_fraction(now),
        low=format_fraction(now + option * max(0, low) * score.step),
        high=None if high is None else format_fraction(now + option * high * score.step),
        settled_by="bounds",
        proof=decided.proof if decided.best else None,
        confirmed=None,
    )
