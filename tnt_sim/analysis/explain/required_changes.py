"""Smallest score, grant cut or envelope increase that would fund a refused application.

Notation: v₀ the stage values of the decision, v₁ those of the optimum with application i forced in.

Score. Raising the score of i by s steps adds s·e to v₁ and nothing to v₀, because i is not in it.
So i is funded from the smallest s at which v₁ + s·e is lexicographically better than v₀; on a tie,
later stages, then the money granted, then the rank decide. With s − 1 steps the decision still
wins, since allocations without i do not change. One solve with i forced in.

Grant. The amount g of i becomes a variable below its request, and g is maximised in turn with::

    a. stages 1..k−1 at least as good as in the decision and stage k better by its smallest step
    b. every stage at least as good, and less money granted in all
    c. every stage at least as good, and no more money granted; the rank then decides

The largest g found is exact: above it no allocation with i is the optimum. Where a minimum depends
on the request, or a queue does, a smaller request also moves that rule; then the re-optimisation
decides, and `impossible` is returned only if the request counts nowhere else.

Envelope. Two thresholds of the amount C of the application's envelope (envelopes above it grow by
the same cents)::

    no_loss   least C at which an allocation with i is worth v₀: one solve; monotone in C
    first     least C found at which the canonical optimum funds i

`first` iterates from no_loss: z the optimum at C, then the least amount at which an allocation with
i is worth z. If that is C itself, only the rank is against i, and the next amount tried is the
least one worth more than z. Funding is not monotone in C: i may leave again further on. `first` is
not given if the iteration meets a tie among several envelopes, exceeds `MOST_TURNS` amounts, or if
a rule is a share of the amount; `entry-thresholds` examines all amounts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import gcd
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.analysis.explain.document import (
    EnvelopeChange,
    EnvelopeInterval,
    EnvelopeLimits,
    ImpossibleChange,
    OpenChange,
    RaisedEnvelope,
)
from tnt_sim.analysis.explain.path_answers import PathAnswers
from tnt_sim.analysis.marginal.entry_thresholds import (
    KERNEL,
    LIMITS,
    SOLVED,
    UNKNOWN,
    NoLoss,
    compute_extension_bounds,
    find_no_loss_extensions,
    record_added,
)
from tnt_sim.analysis.marginal.minimum_envelope import MinimumEnvelope, find_least_amount
from tnt_sim.analysis.shared.decided_run import DecidedRun, compare_tie_break, sign_of, with_tolerance
from tnt_sim.analysis.shared.envelope_path import (
    EnvelopePath,
    build_envelope_path,
    set_amount,
)
from tnt_sim.analysis.shared.reference_solution import ReferenceSolution, ReportProgress
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.documents import iterate_texts
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise, with_fixed
from tnt_sim.engine.result import Proof, SolveOutcome, derive_status
from tnt_sim.errors import InputError
from tnt_sim.formulation.formulate import formulate
from tnt_sim.rules.expressions.columns import MICRO, ValueKind, get_column_kind, read_numeric_column
from tnt_sim.rules.linear_terms import IntArray, Terms, Unit, find_common_scale
from tnt_sim.rules.protocols import Case, CompiledRule, Mode, Sense
from tnt_sim.scenario.objective import ObjectiveStage
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.scenario.spec import ScenarioSpec, select_in_force
from tnt_sim.solve.backends.incremental_lp import compare_models

MOST_TURNS = 6
"""Most amounts tried for `first`; most applications that enter do so at the second amount."""


@dataclass(frozen=True, slots=True)
class EnvelopeIncrease:
    """Question of the least amount of one envelope that funds one application."""

    decided: DecidedRun
    path: EnvelopePath
    row: int
    steps: tuple[Fraction, ...]

    @property
    def problem(self) -> Problem:
        """The problem at the amounts written in the scenario."""
        return self.decided.problem

    def find_least_amount(
        self, limits: tuple[Fraction, ...], *, inside: bool, prove: bool = False
    ) -> MinimumEnvelope:
        """Find the least amount at which the first stages reach `limits`.

        Parameters
        ----------
        kept : value that each of the first stages must reach
        inside : whether the application must be funded
        prove : whether to prove the result
        """
        change = (lambda problem: with_fixed(problem, [self.row])) if inside else (lambda problem: problem)
        clock = self.decided.clock
        return find_least_amount(
            self.problem, self.path, limits=limits, change=change, prove=prove, clock=clock
        )

    def find_first_amount(self, cents: int) -> int | None:
        """Find the least amount from `cents` on whose optimum funds the application; None if not found."""
        for _ in range(MOST_TURNS):
            self.decided.clock.deadline.check()
            answer = optimise(
                set_amount(self.problem, self.path, cents),
                OptimiseOptions(prove=False),
                clock=self.decided.clock,
            )
            if answer.allocation is None or not (answer.is_closed and answer.canonical):
                return None
            if answer.allocation.funded[self.row]:
                return cents
            wanted = self.find_least_amount(answer.values, inside=True).amount_cents
            if wanted is not None and wanted <= cents:
                wanted = self._find_better_amount(answer)
            if wanted is None or wanted <= cents:
                return None
            cents = wanted
        return None

    def _find_better_amount(self, answer: SolveOutcome) -> int | None:
        """Find the least amount whose optimum beats a solution; only if no other envelope can shift money."""
        if self.problem.case.tree.n_nodes > 1:
            return None
        result = []
        for k, stage in enumerate(self.problem.stages):
            step = self.steps[k] if stage.sense is Sense.MAXIMISE else -self.steps[k]
            least = self.find_least_amount((*answer.values[:k], answer.values[k] + step), inside=False)
            if least.amount_cents is not None:
                result.append(least.amount_cents)
        return min(result, default=None)


def list_raised_paths(problem: Problem, row: int) -> list[EnvelopePath]:
    """List the application's envelope, then the programme if that is another one, each with what rises with it."""
    tree = problem.case.tree
    ancestors = tree.list_ancestors(int(problem.case.node[row]))
    written = [node for node in ancestors if tree.written_cents[node] is not None]
    return [
        build_envelope_path(problem, tree.ids[node]).restrict_upwards()
        for node in dict.fromkeys([*written[:1], *written[-1:]])
        if node not in tree.landing and "/" not in tree.ids[node]
    ]


def solve_envelope_change(raised: EnvelopeIncrease) -> RaisedEnvelope | ImpossibleChange | OpenChange:
    """Solve for the least increase of one envelope."""
    tree, path = raised.problem.case.tree, raised.path
    least = raised.find_least_amount(raised.decided.reading.values, inside=True, prove=True)
    title = tree.titles[path.node]
    proof = None if least.proof is None else least.proof.value
    if least.unreachable:
        return ImpossibleChange(kind="envelope", of=path.id, title=title, why="envelope_never", proof=proof)
    if least.lower_cents is None or least.amount_cents is None:
        return OpenChange(kind="envelope", of=path.id, title=title, why="stopped")
    to_cents = max(path.amount_cents, least.amount_cents)
    if not least.exact:
        return EnvelopeInterval(
            of=path.id,
            title=title,
            from_cents=path.amount_cents,
            to_cents=to_cents,
            by_cents=to_cents - path.amount_cents,
            proof=proof,
            confirmed=True,  # its allocation was checked at that amount
            low_cents=max(0, least.lower_cents - path.amount_cents),
        )
    loose = with_tolerance(raised.problem)
    return EnvelopeChange(
        of=path.id,
        title=title,
        from_cents=path.amount_cents,
        to_cents=to_cents,
        by_cents=to_cents - path.amount_cents,
        proof=proof,
        confirmed=True,
        tie=least.amount_cents <= path.amount_cents,
        first_cents=None if loose or least.moving else raised.find_first_amount(to_cents),
    )


def of_everyone(
    decided: DecidedRun,
    steps: tuple[Fraction, ...],
    report_progress: ReportProgress,
    into: dict[int, EnvelopeLimits | ImpossibleChange],
    paths: PathAnswers | None = None,
) -> None:
    """Find, for every refused candidate, the least increase of the programme that funds it without loss.

    Exact for all in one pass if an exact kernel solves the decision, or if caps alone bind. Otherwise
    an interval: from below by exact prices of one linear program, from above by today's list plus the
    application, checked in integers.

    Parameters
    ----------
    into : receives the entries by row, including those found before the deadline or Ctrl-C
    paths : curves of the caps, where caps alone bind
    """
    problem = decided.problem
    if with_tolerance(problem) or problem.case.tree.written_cents[0] is None:
        return
    path = build_envelope_path(problem, problem.case.tree.ids[0])
    base = _build_reference(decided, steps)
    no_loss = NoLoss.from_reference(base)
    try:
        if paths is not None:
            waiting = np.flatnonzero(problem.offers.candidate & ~decided.allocation.funded).tolist()
            _read_extensions(
                paths, [row for row in waiting if paths.has_curve(row)], path, no_loss, decided.clock.deadline
            )
        find_no_loss_extensions(
            base, path, named=(), clock=decided.clock, report_progress=report_progress, into=no_loss
        )
    finally:
        rows = np.flatnonzero(problem.offers.candidate & ~decided.allocation.funded)
        known = [row for row in rows.tolist() if no_loss.method[row]]
        if not decided.best:  # a list that would take it as it is may be better than this one, and is no tie
            known = [row for row in known if no_loss.upper[row]]
        into |= {row: _build_interval_entry(decided, path, no_loss, row) for row in known}


def _build_reference(decided: DecidedRun, steps: tuple[Fraction, ...]) -> ReferenceSolution:
    """Return the decision as the list that an application may come in beside."""
    reading = decided.reading
    proof = Proof(decided.proof or Proof.FEASIBLE_GAP)
    answer = SolveOutcome(
        status=derive_status(proof),
        values=reading.values,
        bests=reading.values,
        granted_cents=reading.granted_cents,
        allocation=decided.allocation,
        reading=reading,
        proof=proof,
        canonical=True,
        method="stored",
        seconds=0.0,
    )
    return ReferenceSolution(decided.scenario, decided.problem, answer, steps, reading.values)


def generate_envelope_limits(
    decided: DecidedRun, row: int, steps: tuple[Fraction, ...]
) -> Iterator[EnvelopeLimits]:
    """Yield limits of the increase of each envelope of `list_raised_paths` at which the list loses nothing."""
    base = _build_reference(decided, steps)
    for path in list_raised_paths(decided.problem, row):
        no_loss = NoLoss.from_reference(base)
        low, high = compute_extension_bounds(base, path, [row], decided.clock.deadline)
        no_loss.lower[row], no_loss.upper[row], no_loss.method[row] = low[0], high[0], LIMITS
        entry = _build_interval_entry(decided, path, no_loss, row)
        if isinstance(entry, EnvelopeLimits) and high[0] and (low[0] or high[0] != UNKNOWN):
            yield entry


def _read_extensions(
    paths: PathAnswers, rows: Sequence[int], path: EnvelopePath, no_loss: NoLoss, deadline: Deadline
) -> None:
    """Record what the curves of the caps tell of the least increase of the programme."""
    for row, added in paths.find_extensions(rows, path, deadline).items():
        record_added(no_loss, row, added)


def _build_interval_entry(
    decided: DecidedRun, path: EnvelopePath, no_loss: NoLoss, row: int
) -> EnvelopeLimits | ImpossibleChange:
    title = decided.problem.case.tree.titles[path.node]
    if no_loss.never[row]:
        return ImpossibleChange(kind="envelope", of=path.id, title=title, why="envelope_never", proof=None)
    low, high = int(no_loss.lower[row]), int(no_loss.upper[row])
    known = high != UNKNOWN
    return EnvelopeLimits(
        of=path.id,
        title=title,
        status="exact" if low == high else "interval",
        from_cents=path.amount_cents,
        to_cents=path.amount_cents + high if known else None,
        by_cents=high if known else None,
        low_cents=low,
        tie=high == 0,
        first_cents=None,
        settled_by={KERNEL: "kernel", SOLVED: "solve", LIMITS: "bounds"}[no_loss.method[row]],
        proof=None,
        confirmed=None,
    )


GRANTED, OPEN = "granted", "open_grant"
CENT = Fraction(1, 100)


@dataclass(frozen=True, slots=True)
class RequestCut:
    """Largest grant with which the application would be funded, in cents, and the solves behind it.

    `cents` is None if there is no such amount.
    """

    cents: int | None
    answers: tuple[SolveOutcome, ...]


def can_be_cut(problem: Problem, row: int) -> bool:
    """Whether the application gets one fixed amount or nothing, and a smaller positive amount is possible."""
    offers = problem.offers
    levelled = bool(offers.levels.select_dossiers(problem.case.n)[row])
    return (
        not offers.ranged[row]
        and not levelled
        and compute_least_grant_cents(problem, row) < int(offers.most_cents[row])
    )


def compute_least_grant_cents(problem: Problem, row: int) -> int:
    """Return the smallest grant with which the project goes ahead, at least one unit, in cents."""
    unit = int(problem.offers.unit_cents[row])
    stated = problem.case.table["min_grant_cents"][row] or 0
    return max(unit, -(-stated // unit) * unit)


def find_request_cut(decided: DecidedRun, row: int, steps: Sequence[Fraction]) -> RequestCut:
    """Find the largest grant below the request at which the canonical optimum funds the application.

    Parameters
    ----------
    steps : smallest possible gain of each stage
    """
    unit = int(decided.problem.offers.unit_cents[row])
    problem = _make_grant_variable(decided.problem, row, int(decided.problem.offers.most_cents[row]) - unit)
    values, granted = decided.reading.values, decided.reading.granted_cents
    result: list[SolveOutcome] = []
    best = 0
    for question, kept in _generate_better_problems(problem, row, values, granted, steps):
        decided.clock.deadline.check()
        result.append(_maximise_grant(question, kept, decided.clock))
        best = max(best, _get_granted_cents(result[-1], row))
    tied = _maximise_grant(*_build_largest_grant_problem(problem, row, values, granted), decided.clock)
    result.append(tied)
    cents = _get_granted_cents(tied, row)
    while cents > best:
        decided.clock.deadline.check()
        single_fix = optimise(
            with_fixed(decided.problem, [row], amounts={row: cents}),
            OptimiseOptions(prove=False),
            clock=decided.clock,
        )
        result.append(single_fix)
        if (
            single_fix.allocation is not None
            and compare_tie_break(single_fix.allocation, decided.allocation) > 0
        ):
            best = cents
            break
        # Only the rank is against the application: try the next lower amount.
        if cents - unit <= max(best, compute_least_grant_cents(problem, row) - 1):
            break
        lower = _make_grant_variable(decided.problem, row, cents - unit)
        result.append(
            _maximise_grant(*_build_largest_grant_problem(lower, row, values, granted), decided.clock)
        )
        cents = _get_granted_cents(result[-1], row)
    return RequestCut(best or None, tuple(result))


def has_other_effects(decided: DecidedRun, row: int) -> bool:
    """Whether a smaller request changes rules or objectives beyond the application's own amount.

    The formulations with the least request and with today's request are compared row by row.
    """
    problem, deadline = decided.problem, decided.clock.deadline
    least, most = compute_least_grant_cents(problem, row), int(problem.offers.most_cents[row])
    try:
        other = compile_problem(
            with_request(decided.scenario, decided.numbers[row], least), deadline, wants_notices=False
        )
    except InputError:
        return True
    now, then = (
        formulate(_make_grant_variable(one, row, most), deadline=deadline) for one in (problem, other)
    )
    if not compare_models(now.model, then.model).is_empty:
        return True
    return any(
        (one.scale, one.constant) != (two.scale, two.constant) or (one.objective != two.objective).any()
        for one, two in zip(now.stages, then.stages, strict=True)
    )


def _get_granted_cents(answer: SolveOutcome, row: int) -> int:
    return 0 if answer.allocation is None else int(answer.allocation.granted_cents[row])


def _make_grant_variable(problem: Problem, row: int, most_cents: int) -> Problem:
    """Force the application in, with a variable amount up to `most_cents`."""
    inside = with_fixed(problem, [row])
    offers = inside.offers
    least, most, ranged = offers.least_cents.copy(), offers.most_cents.copy(), offers.ranged.copy()
    least[row], most[row] = compute_least_grant_cents(problem, row), most_cents
    ranged[row] = most_cents > least[row]
    return replace(inside, offers=replace(offers, least_cents=least, most_cents=most, ranged=ranged))


BoundedProblem = tuple[Problem, tuple[Fraction, ...]]


def _generate_better_problems(
    problem: Problem, row: int, values: Sequence[Fraction], granted: int, steps: Sequence[Fraction]
) -> Iterator[BoundedProblem]:
    """Yield problems all of whose feasible points beat the decision before the rank is compared."""
    for k, stage in enumerate(problem.stages):
        better = values[k] + steps[k] if stage.sense is Sense.MAXIMISE else values[k] - steps[k]
        stages = (*problem.stages[: k + 1], _build_grant_stage(problem, row))
        yield _with_stages(problem, stages), (*values[:k], better)
    yield _build_largest_grant_problem(problem, row, values, granted - 1)


def _build_largest_grant_problem(
    problem: Problem, row: int, values: Sequence[Fraction], granted: int
) -> BoundedProblem:
    """Require every stage as good as in the decision, at most `granted` cents in all, and maximise the grant."""
    money = ObjectiveStage(GRANTED, Sense.MINIMISE, problem.granted)
    stages = (*problem.stages, money, _build_grant_stage(problem, row))
    return _with_stages(problem, stages), (*values, granted * CENT)


def _build_grant_stage(problem: Problem, row: int) -> ObjectiveStage:
    zeros = np.zeros(problem.case.n, dtype=np.int64)
    mine = zeros.copy()
    mine[row] = 1
    return ObjectiveStage(OPEN, Sense.MAXIMISE, Terms(CENT, Unit.MONEY, zeros, mine))


def _with_stages(problem: Problem, stages: tuple[ObjectiveStage, ...]) -> Problem:
    """Replace the stages; penalties that are charged to a removed stage become reports."""
    kept = len(stages) - 1
    rules = tuple(_drop_late_penalty(rule, min(kept, len(problem.stages))) for rule in problem.rules)
    return replace(problem, stages=stages, rules=rules)


def _drop_late_penalty(rule: CompiledRule, n_kept: int) -> CompiledRule:
    if rule.mode is not Mode.PENALTY or rule.penalty is None or rule.penalty.stage < n_kept:
        return rule
    reported: CompiledRule = replace(rule, mode=Mode.REPORT)  # type: ignore[type-var]
    return reported


def _maximise_grant(question: Problem, limits: tuple[Fraction, ...], clock: Clock) -> SolveOutcome:
    return optimise(
        question,
        OptimiseOptions(
            kept_values=tuple(limits),
            n_stages=1,
            least_granted=False,
            canonical=False,
            prove=False,
            blocks=False,
        ),
        clock=clock,
    )


def with_request(scenario: ScenarioData, dossier: str, cents: int) -> ScenarioData:
    """Return the scenario in which one application requests another amount."""
    mine = pl.col("dossier") == dossier
    table = scenario.portfolio.table.with_columns(
        pl.when(mine)
        .then(pl.lit(cents))
        .otherwise(pl.col("requested_cents"))
        .cast(pl.Int64)
        .alias("requested_cents")
    )
    return replace(scenario, portfolio=scenario.portfolio.with_table(table))


_GOALS = ("objective", "measures")
_SPEAKS = ("eligibility", "grants", "caps", "waivers", "rules", "programme", "dossiers", "steps")


def find_mention(spec: ScenarioSpec, column: str) -> str | None:
    """Return the first scenario entry that refers to a column or to a measure built on it.

    Entries of `_GOALS` are not searched.
    """
    names = {
        column,
        *(name for name, entry in spec.measures.items() if column in iterate_texts(entry.model_dump())),
    }
    whole = spec.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    for key in _SPEAKS:
        if key in _GOALS or key not in whole:
            continue
        entries = whole[key] if isinstance(whole[key], list) else [whole[key]]
        for number, entry in enumerate(entries):
            said = {"columns"} & set(entry) if isinstance(entry, dict) else set()
            plain = {k: v for k, v in entry.items() if k not in ("title", "note", "source", *said)}
            if names & set(iterate_texts(plain)):
                return str(entry.get("id") or entry.get("of") or f"{key}.{number}")
    return None


_EXACT = pl.Decimal(38, 6)


@dataclass(frozen=True, slots=True)
class Score:
    """Column that counts as merit in the objective.

    Attributes
    ----------
    column : its name
    step : largest step of which every figure of the column is a multiple
    top : highest figure in the table
    other : another scenario entry that uses the column; None if there is none
    """

    column: str
    step: Fraction
    top: Fraction
    other: str | None


def list_scores(problem: Problem) -> list[Score]:
    """List the merit columns of the objective, in its order."""
    spec, case = problem.scenario.spec, problem.case
    result: list[Score] = []
    for stage, __ in select_in_force(spec, "objective"):
        for name in stage.maximise or stage.minimise or {}:
            for column in _list_columns(spec.measures.get(name), name):
                if column not in {one.column for one in result} and _is_score(case, column):
                    result.append(_build_score(problem, column))
    return result


def _list_columns(measure: Any, name: str) -> list[str]:
    if measure is None:
        return [name]
    if measure.mean is not None:
        return list(measure.mean)
    parts = [measure, *(measure.sum or ())]
    return [part.column for part in parts if part.column is not None]


FIGURES_OF_THE_REQUEST = frozenset(
    {"population", "requested", "cost", "base", "min_grant", "committed", "other_state", "other_public"}
)
"""Numeric columns that describe an application rather than its merit: they are never proposed as a score."""


def _is_score(case: Case, column: str) -> bool:
    # Extra columns are read as text until the objective counts them.
    return column not in FIGURES_OF_THE_REQUEST and get_column_kind(case, column) in (
        ValueKind.NUMBER,
        ValueKind.TEXT,
    )


def _build_score(problem: Problem, column: str) -> Score:
    amounts = read_numeric_column(problem.case, column, ())
    assert amounts is not None
    held = amounts.values[~amounts.missing & problem.offers.in_play]
    step = gcd(*(abs(int(value)) for value in np.unique(held).tolist())) or 1
    top = int(held.max(initial=0))
    other = find_mention(problem.scenario.spec, column)
    return Score(column, amounts.scale * step, amounts.scale * top, other)


def with_score(scenario: ScenarioData, column: str, by: Fraction, dossier: str | None = None) -> ScenarioData:
    """Return the scenario with a figure raised by `by`, for one application or for all."""
    numbers, _ = scenario.portfolio.read_numbers(column)
    own = pl.lit(True) if dossier is None else pl.col("dossier") == dossier
    add = pl.lit(Decimal(int(by / MICRO)).scaleb(-6), dtype=_EXACT)
    table = scenario.portfolio.table.with_columns(numbers.alias(column)).with_columns(
        pl.when(own).then((pl.col(column) + add).cast(_EXACT)).otherwise(pl.col(column)).alias(column)
    )
    return replace(scenario, portfolio=scenario.portfolio.with_table(table))


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """Gain of each stage for one step of a score, by application; positive is better whatever the sense."""

    units: tuple[Fraction, ...]
    counts: tuple[IntArray, ...]

    def __getitem__(self, row: int) -> tuple[Fraction, ...]:
        """Return the gain of each stage for one step of the score of this row."""
        pairs = zip(self.units, self.counts, strict=True)
        return tuple(unit * int(count[row]) for unit, count in pairs)


def compute_score_effects(
    problem: Problem, scenario: ScenarioData, score: Score, deadline: Deadline = UNLIMITED
) -> Effects | None:
    """Compute what one step of a score adds to each stage, by application, once it is funded."""
    raised = compile_problem(with_score(scenario, score.column, score.step), deadline, wants_notices=False)
    units, counts = [], []
    for before, after in zip(problem.stages, raised.stages, strict=True):
        if before.goal_parts or not _has_same_once_values(before.terms, after.terms):
            return None
        scale = find_common_scale([before.terms.scale, after.terms.scale])
        counts.append(after.terms.rescale(scale).per_funded - before.terms.rescale(scale).per_funded)
        units.append(scale if before.sense is Sense.MAXIMISE else -scale)
    return Effects(tuple(units), tuple(counts))


def _has_same_once_values(before: Terms, after: Terms) -> bool:
    """Whether the values counted once per key are the same in both."""
    scale = find_common_scale([before.scale, after.scale])
    pairs = zip(before.rescale(scale).once, after.rescale(scale).once, strict=False)
    same = all(np.array_equal(one.worth, other.worth) for one, other in pairs)
    return same and len(before.once) == len(after.once)


def compute_needed_steps(
    gained: tuple[Fraction, ...], effect: tuple[Fraction, ...], wins_ties: bool
) -> int | None:
    """Return the number of score steps after which the application is funded; None if no score funds it.

    Parameters
    ----------
    gained : v₁ − v₀ by stage, positive is better; the first non-zero entry is ≤ 0
    effect : gain of each stage for one step
    wins_ties : whether the allocation with the application wins when all stages tie
    """
    at = next((k for k, each in enumerate(effect) if each), None)
    if at is None or any(gained[:at]):
        return None
    # A score that counts against the application is lowered by the same number of steps.
    toward = effect if effect[at] > 0 else tuple(-each for each in effect)
    whole = -gained[at] / toward[at]
    steps = math.ceil(whole)
    sign = sign_of([gain + steps * each for gain, each in zip(gained, toward, strict=True)])
    return steps if sign > 0 or (sign == 0 and wins_ties) else steps + 1


def has_tie(gained: tuple[Fraction, ...], effect: tuple[Fraction, ...]) -> bool:
    """Whether some whole number of steps makes every stage tie, so that money and rank decide."""
    steps = compute_needed_steps(gained, effect, wins_ties=True)
    if steps is None:
        return False
    toward = effect if next(each for each in effect if each) > 0 else tuple(-each for each in effect)
    return sign_of([gain + steps * each for gain, each in zip(gained, toward, strict=True)]) == 0


def is_given(problem: Problem, row: int, column: str) -> bool:
    """Whether the column has a figure for the application; an empty cell cannot be raised."""
    figures = read_numeric_column(problem.case, column, ())
    return figures is not None and not figures.missing[row]


def list_given(problem: Problem, rows: Sequence[int], column: str) -> list[int]:
    """List the rows for which the column has a figure, in their order."""
    figures = read_numeric_column(problem.case, column, ())
    return [] if figures is None else [row for row in rows if not figures.missing[row]]


def get_column_value(problem: Problem, row: int, column: str) -> Fraction:
    """Return the figure of the column for the application, 0 if the cell is empty."""
    figures = read_numeric_column(problem.case, column, ())
    assert figures is not None
    return Fraction(0) if figures.missing[row] else figures.scale * int(figures.values[row])
