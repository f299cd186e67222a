"""How much more money lets a refused dossier in: without loss, and where the best list first holds it.

    no_loss   the least amount at which an allocation with the dossier in is worth v₀: one solve, monotone
    first     the least amount at which the one answer holds it: from no_loss on, in turn the value z of the one
              answer at C and the least amount with the dossier in worth z, until the one answer holds it; where
              that amount is C itself, the rank is against it, and the next amount is the least worth more than z

The second is not monotone: the dossier may leave again further on. It is not given where the loop meets a tie
among several envelopes or goes on beyond a few amounts (`sweep --entries` looks at all of them), nor where a rule
is a share of the amount. Money of the envelopes above moves
with it, cent for cent.

The grant that a refused dossier would have to cut its request to: the largest that would still be funded.

The dossier's grant becomes an amount g left open below what it asks, and g is made as large as it can be

    a. with the first k−1 stages at least as good as in the decision and stage k better by its least step
    b. with every stage at least as good and less granted in all than in the decision
    c. with every stage as good and no more granted, where the rank then decides

The largest of these is exact whatever the rules: above it no allocation that holds the dossier is the answer.
Where a floor is lowered to what is asked, or a queue is settled by it, a smaller request moves the rule too: the
re-solves tell, and that no amount is enough is said only where the request counts nowhere else.

Where a scenario speaks of a column: a change of a cell may touch more than the goal.

The score that a refused dossier would need: one forced solve.

With v₀ the values of the decision and v₁ those of the best allocation that holds dossier i, a score raised by s
steps moves v₁ by s·e and v₀ not at all (i is not in it). So i is funded from the first s on at which v₁ + s·e
beats v₀: where the first stage that the score moves ties, later stages, then the money, then the rank decide.
One step less leaves v₀ ahead, and every allocation without i that beats v₁ + (s−1)·e is still there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import gcd
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.analysis.marginal.entry_thresholds import KERNEL, LIMITS, SOLVED, UNKNOWN, NoLoss, no_losses
from tnt_sim.analysis.marginal.minimum_envelope import Least, least_amount
from tnt_sim.analysis.shared.decided_run import Decided, goes_first, sign_of, with_tolerance
from tnt_sim.analysis.shared.envelope_path import Line, at_amount, line_of
from tnt_sim.analysis.shared.reference_solution import Base, Tell
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import ask, forced
from tnt_sim.engine.result import Answer, Proof, status_with
from tnt_sim.errors import InputError
from tnt_sim.formulation.formulate import formulate
from tnt_sim.rules.expressions.columns import MICRO, Kind, kind_of, numeric_column
from tnt_sim.rules.linear_terms import IntArray, Terms, Unit, common_scale
from tnt_sim.rules.protocols import Case, CompiledRule, Mode
from tnt_sim.scenario.objective import Sense, Stage
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.scenario.spec import ScenarioSpec
from tnt_sim.solve.backends.incremental_lp import difference

Entry = dict[str, Any]
MOST_TURNS = 6
"""Amounts that are looked at for `first`: most dossiers that are found so enter at the second."""


@dataclass(frozen=True, slots=True)
class Raised:
    """What one dossier asks of one envelope."""

    decided: Decided
    line: Line
    row: int
    steps: tuple[Fraction, ...]

    @property
    def problem(self) -> Problem:
        """The problem at the written amounts."""
        return self.decided.problem

    def least(self, kept: tuple[Fraction, ...], *, inside: bool, prove: bool = False) -> Least:
        """The least amount at which the first stages are worth `kept`, with the dossier in or whoever."""
        change = (lambda problem: forced(problem, [self.row])) if inside else (lambda problem: problem)
        clock = self.decided.clock
        return least_amount(self.problem, self.line, kept=kept, change=change, prove=prove, clock=clock)

    def first(self, cents: int) -> int | None:
        """The least amount, from one on, at which the one answer holds the dossier; None where it is not found."""
        for _ in range(MOST_TURNS):
            self.decided.clock.deadline.check()
            answer = ask(at_amount(self.problem, self.line, cents), prove=False, clock=self.decided.clock)
            if answer.allocation is None or not (answer.is_closed and answer.canonical):
                return None
            if answer.allocation.funded[self.row]:
                return cents
            wanted = self.least(answer.values, inside=True).amount_cents
            if wanted is not None and wanted <= cents:
                wanted = self._more_than(answer)
            if wanted is None or wanted <= cents:
                return None
            cents = wanted
        return None

    def _more_than(self, answer: Answer) -> int | None:
        """The least amount that is worth more than an answer; only where no other envelope can shift money."""
        if self.problem.case.tree.n_nodes > 1:
            return None
        found = []
        for k, stage in enumerate(self.problem.stages):
            step = self.steps[k] if stage.sense is Sense.MAXIMISE else -self.steps[k]
            least = self.least((*answer.values[:k], answer.values[k] + step), inside=False)
            if least.amount_cents is not None:
                found.append(least.amount_cents)
        return min(found, default=None)


def by_envelopes(decided: Decided, row: int, steps: tuple[Fraction, ...]) -> Iterator[Entry]:
    """The dossier's own envelope, and the programme where that is another."""
    tree = decided.problem.case.tree
    written = [
        node
        for node in tree.ancestors(int(decided.problem.case.node[row]))
        if tree.written_cents[node] is not None
    ]
    for node in dict.fromkeys([*written[:1], *written[-1:]]):
        if node not in tree.landing and "/" not in tree.ids[node]:
            yield _entry(Raised(decided, line_of(decided.problem, tree.ids[node]).upwards(), row, steps))


def _entry(raised: Raised) -> Entry:
    tree, line = raised.problem.case.tree, raised.line
    least = raised.least(raised.decided.reading.values, inside=True, prove=True)
    head: Entry = {"kind": "envelope", "of": line.id, "title": tree.titles[line.node]}
    proof = None if least.proof is None else least.proof.value
    if least.unreachable:
        return head | {"status": "impossible", "why": "envelope_never", "proof": proof}
    if least.lower_cents is None or least.amount_cents is None:
        return head | {"status": "undefined", "why": "stopped"}
    figures = {
        "unit": "money",
        "from_cents": line.amount_cents,
        "to_cents": max(line.amount_cents, least.amount_cents),
        "by_cents": max(0, least.amount_cents - line.amount_cents),
        "proof": proof,
        "confirmed": True,  # the allocation was read again at that amount
    }
    if not least.exact:
        low = max(0, least.lower_cents - line.amount_cents)
        return head | figures | {"status": "interval", "low_cents": low}
    tie = least.amount_cents <= line.amount_cents
    loose = with_tolerance(raised.problem)
    first = None if loose or least.moving else raised.first(max(line.amount_cents, least.amount_cents))
    return head | figures | {"status": "exact", "tie": tie, "first_cents": first}


def of_everyone(decided: Decided, steps: tuple[Fraction, ...], tell: Tell, into: dict[int, Entry]) -> None:
    """For every refused candidate the least extension of the programme without loss, exact or between two limits.

    Exact for all in one pass where kernels settle it; else by the exact prices of one linear program from below,
    and the decision with the dossier on top, read again, from above. `into` holds what is found, by row, also when
    the deadline or Ctrl-C comes first.
    """
    problem = decided.problem
    if with_tolerance(problem) or problem.case.tree.written_cents[0] is None:
        return
    line = line_of(problem, problem.case.tree.ids[0])
    reading = decided.reading
    proof = Proof(decided.proof or Proof.FEASIBLE_GAP)
    answer = Answer(
        status=status_with(proof),
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
    base = Base(decided.asked, problem, answer, steps, reading.values)
    found = NoLoss.today(base)
    try:
        no_losses(base, line, clock=decided.clock, tell=tell, into=found)
    finally:
        rows = np.flatnonzero(problem.offers.candidate & ~decided.allocation.funded)
        known = [row for row in rows.tolist() if found.method[row]]
        into |= {row: _limits(decided, line, found, row) for row in known}


def _limits(decided: Decided, line: Line, found: NoLoss, row: int) -> Entry:
    head: Entry = {"kind": "envelope", "of": line.id, "title": decided.problem.case.tree.titles[line.node]}
    if found.never[row]:
        return head | {"status": "impossible", "why": "envelope_never", "proof": None}
    low, high = int(found.lower[row]), int(found.upper[row])
    known = high != UNKNOWN
    return head | {
        "status": "exact" if low == high else "interval",
        "unit": "money",
        "from_cents": line.amount_cents,
        "to_cents": line.amount_cents + high if known else None,
        "by_cents": high if known else None,
        "low_cents": low,
        "tie": high == 0,
        "first_cents": None,
        "settled_by": {KERNEL: "kernel", SOLVED: "solve", LIMITS: "bounds"}[found.method[row]],
        "proof": None,
        "confirmed": None,
    }


GRANTED, OPEN = "granted", "open_grant"
CENT = Fraction(1, 100)


@dataclass(frozen=True, slots=True)
class Cut:
    """The largest grant that would be funded, in cents; None where there is none, and the answers behind it."""

    cents: int | None
    answers: tuple[Answer, ...]


def can_be_cut(problem: Problem, row: int) -> bool:
    """Whether the dossier gets one whole amount or nothing, and a smaller one is thinkable."""
    offers = problem.offers
    levelled = bool(offers.levels.mask(problem.case.n)[row])
    return not offers.ranged[row] and not levelled and lowest(problem, row) < int(offers.most_cents[row])


def lowest(problem: Problem, row: int) -> int:
    """The smallest grant that still makes the project happen, at least one unit."""
    unit = int(problem.offers.unit_cents[row])
    stated = problem.case.table["min_grant_cents"][row] or 0
    return max(unit, -(-stated // unit) * unit)


def cut_to(decided: Decided, row: int, steps: Sequence[Fraction]) -> Cut:
    """The largest grant at which the dossier is in the one answer; `steps` are the least gains of the stages."""
    unit = int(decided.problem.offers.unit_cents[row])
    problem = _opened(decided.problem, row, int(decided.problem.offers.most_cents[row]) - unit)
    values, granted = decided.reading.values, decided.reading.granted_cents
    found: list[Answer] = []
    best = 0
    for question, kept in _strict(problem, row, values, granted, steps):
        decided.clock.deadline.check()
        found.append(_largest(question, kept, decided.clock))
        best = max(best, _cents(found[-1], row))
    tied = _largest(*_within(problem, row, values, granted), decided.clock)
    found.append(tied)
    cents = _cents(tied, row)
    while cents > best:
        decided.clock.deadline.check()
        alone = ask(forced(decided.problem, [row], amounts={row: cents}), prove=False, clock=decided.clock)
        found.append(alone)
        if alone.allocation is not None and goes_first(alone.allocation, decided.allocation) > 0:
            best = cents
            break
        # the rank is against it: the next amount below
        if cents - unit <= max(best, lowest(problem, row) - 1):
            break
        lower = _opened(decided.problem, row, cents - unit)
        found.append(_largest(*_within(lower, row, values, granted), decided.clock))
        cents = _cents(found[-1], row)
    return Cut(best or None, tuple(found))


def counts_elsewhere(decided: Decided, row: int) -> bool:
    """Whether the rules or goals of the least request, the dossier's own amount apart, are others than today's."""
    problem, deadline = decided.problem, decided.clock.deadline
    least, most = lowest(problem, row), int(problem.offers.most_cents[row])
    try:
        other = compile_problem(with_request(decided.asked, decided.numbers[row], least), deadline)
    except InputError:
        return True
    now, then = (formulate(_opened(one, row, most), deadline=deadline) for one in (problem, other))
    if not difference(now.model, then.model).is_empty:
        return True
    return any(
        (one.scale, one.constant) != (two.scale, two.constant) or (one.objective != two.objective).any()
        for one, two in zip(now.stages, then.stages, strict=True)
    )


def _cents(answer: Answer, row: int) -> int:
    return 0 if answer.allocation is None else int(answer.allocation.granted_cents[row])


def _opened(problem: Problem, row: int, most_cents: int) -> Problem:
    """The problem in which the dossier is in, for any amount up to `most_cents`."""
    inside = forced(problem, [row])
    offers = inside.offers
    least, most, ranged = offers.least_cents.copy(), offers.most_cents.copy(), offers.ranged.copy()
    least[row], most[row] = lowest(problem, row), most_cents
    ranged[row] = most_cents > least[row]
    return replace(inside, offers=replace(offers, least_cents=least, most_cents=most, ranged=ranged))


Asked = tuple[Problem, tuple[Fraction, ...]]


def _strict(
    problem: Problem, row: int, values: Sequence[Fraction], granted: int, steps: Sequence[Fraction]
) -> Iterator[Asked]:
    """The questions of which every point beats the decision before the rank is asked."""
    for k, stage in enumerate(problem.stages):
        better = values[k] + steps[k] if stage.sense is Sense.MAXIMISE else values[k] - steps[k]
        stages = (*problem.stages[: k + 1], _grant_of(problem, row))
        yield _with_stages(problem, stages), (*values[:k], better)
    yield _within(problem, row, values, granted - 1)


def _within(problem: Problem, row: int, values: Sequence[Fraction], granted: int) -> Asked:
    """Every stage as good as in the decision, and so much granted at most."""
    money = Stage(GRANTED, Sense.MINIMISE, problem.granted)
    stages = (*problem.stages, money, _grant_of(problem, row))
    return _with_stages(problem, stages), (*values, granted * CENT)


def _grant_of(problem: Problem, row: int) -> Stage:
    zeros = np.zeros(problem.case.n, dtype=np.int64)
    mine = zeros.copy()
    mine[row] = 1
    return Stage(OPEN, Sense.MAXIMISE, Terms(CENT, Unit.MONEY, zeros, mine))


def _with_stages(problem: Problem, stages: tuple[Stage, ...]) -> Problem:
    """The problem with other stages; what priced rules take from a stage that is gone is not counted."""
    kept = len(stages) - 1
    rules = tuple(_unpriced(rule, min(kept, len(problem.stages))) for rule in problem.rules)
    return replace(problem, stages=stages, rules=rules)


def _unpriced(rule: CompiledRule, kept: int) -> CompiledRule:
    if rule.mode is not Mode.PENALTY or rule.penalty is None or rule.penalty.stage < kept:
        return rule
    reported: CompiledRule = replace(rule, mode=Mode.REPORT)  # type: ignore[type-var]
    return reported


def _largest(question: Problem, kept: tuple[Fraction, ...], clock: Clock) -> Answer:
    return ask(
        question, kept=kept, goals=1, least=False, canonical=False, prove=False, blocks=False, clock=clock
    )


def with_request(asked: Scenario, dossier: str, cents: int) -> Scenario:
    """The scenario in which one dossier asks for another amount."""
    mine = pl.col("dossier") == dossier
    table = asked.portfolio.table.with_columns(
        pl.when(mine)
        .then(pl.lit(cents))
        .otherwise(pl.col("requested_cents"))
        .cast(pl.Int64)
        .alias("requested_cents")
    )
    return replace(asked, portfolio=asked.portfolio.with_table(table))


_GOALS = ("objective", "measures")
_SPEAKS = ("eligibility", "grants", "caps", "waivers", "rules", "programme", "dossiers", "steps")


def mentioned_in(spec: ScenarioSpec, column: str, *, beside: tuple[str, ...] = _GOALS) -> str | None:
    """The first entry, other than goals and measures, that speaks of a column or of a measure made of it."""
    names = {column, *(name for name, entry in spec.measures.items() if column in _words(entry.model_dump()))}
    whole = spec.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    for key in _SPEAKS:
        if key in beside or key not in whole:
            continue
        entries = whole[key] if isinstance(whole[key], list) else [whole[key]]
        for number, entry in enumerate(entries):
            said = {"columns"} & set(entry) if isinstance(entry, dict) else set()
            plain = {k: v for k, v in entry.items() if k not in ("title", "note", "source", *said)}
            if names & set(_words(plain)):
                return str(entry.get("id") or entry.get("of") or f"{key}.{number}")
    return None


def _words(value: Any) -> Iterator[str]:
    """Every key and every text of a plain tree."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield str(key)
            yield from _words(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _words(part)
    elif isinstance(value, str):
        yield value


_EXACT = pl.Decimal(38, 6)


@dataclass(frozen=True, slots=True)
class Score:
    """A column that counts in the goal.

    Attributes
    ----------
    column : its name
    step : the coarsest step that holds every figure of the column
    top : the highest figure in the table
    other : an entry that the column counts in beside the goal, None where there is none
    """

    column: str
    step: Fraction
    top: Fraction
    other: str | None


def scores(problem: Problem) -> list[Score]:
    """The plain columns that the objective counts, in its order: those whose figure is the dossier's own merit."""
    spec, case = problem.scenario.spec, problem.case
    found: list[Score] = []
    for stage in spec.objective:
        for name in stage.maximise or stage.minimise or {}:
            for column in _columns(spec.measures.get(name), name):
                if column not in {one.column for one in found} and _is_score(case, column):
                    found.append(_score(problem, column))
    return found


def _columns(measure: Any, name: str) -> list[str]:
    if measure is None:
        return [name]
    if measure.mean is not None:
        return list(measure.mean)
    parts = [measure, *(measure.sum or ())]
    return [part.column for part in parts if part.column is not None]


FIGURES_OF_THE_REQUEST = frozenset(
    {"population", "requested", "cost", "base", "min_grant", "committed", "other_state", "other_public"}
)
"""Numeric columns that say what a dossier is, not how good it is: nobody raises them to be funded."""


def _is_score(case: Case, column: str) -> bool:
    # a further column of a table is text until it is counted, as the goal does
    return column not in FIGURES_OF_THE_REQUEST and kind_of(case, column) in (Kind.NUMBER, Kind.TEXT)


def _score(problem: Problem, column: str) -> Score:
    figures = numeric_column(problem.case, column, ())
    assert figures is not None
    held = figures.values[~figures.missing & problem.offers.in_play]
    step = gcd(*(abs(int(value)) for value in np.unique(held).tolist())) or 1
    top = int(held.max(initial=0))
    other = mentioned_in(problem.scenario.spec, column)
    return Score(column, figures.scale * step, figures.scale * top, other)


def with_score(asked: Scenario, column: str, by: Fraction, dossier: str | None = None) -> Scenario:
    """The scenario with one dossier's figure raised (every dossier's without a name), in exact numbers."""
    numbers, _ = asked.portfolio.numeric(column)
    mine = pl.lit(True) if dossier is None else pl.col("dossier") == dossier
    add = pl.lit(Decimal(int(by / MICRO)).scaleb(-6), dtype=_EXACT)
    table = asked.portfolio.table.with_columns(numbers.alias(column)).with_columns(
        pl.when(mine).then((pl.col(column) + add).cast(_EXACT)).otherwise(pl.col(column)).alias(column)
    )
    return replace(asked, portfolio=asked.portfolio.with_table(table))


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """What one step of a score adds to each stage, by the row of the dossier, better counted up."""

    units: tuple[Fraction, ...]
    counts: tuple[IntArray, ...]

    def __getitem__(self, row: int) -> tuple[Fraction, ...]:
        """One step of the dossier of this row."""
        pairs = zip(self.units, self.counts, strict=True)
        return tuple(unit * int(count[row]) for unit, count in pairs)


def effects(
    problem: Problem, asked: Scenario, score: Score, deadline: Deadline = UNLIMITED
) -> Effects | None:
    """For each dossier, what one step of its score adds to each stage once it is funded, better counted up.

    None where the figure is no plain sum: counted once per key, or the smallest of groups.
    """
    raised = compile_problem(with_score(asked, score.column, score.step), deadline)
    units, counts = [], []
    for before, after in zip(problem.stages, raised.stages, strict=True):
        if before.parts or not _same_once(before.terms, after.terms):
            return None
        scale = common_scale([before.terms.scale, after.terms.scale])
        counts.append(after.terms.rescaled(scale).per_funded - before.terms.rescaled(scale).per_funded)
        units.append(scale if before.sense is Sense.MAXIMISE else -scale)
    return Effects(tuple(units), tuple(counts))


def _same_once(before: Terms, after: Terms) -> bool:
    """Whether what is counted once per key is the same in both."""
    scale = common_scale([before.scale, after.scale])
    pairs = zip(before.rescaled(scale).once, after.rescaled(scale).once, strict=False)
    same = all(np.array_equal(one.worth, other.worth) for one, other in pairs)
    return same and len(before.once) == len(after.once)


def steps_needed(gained: tuple[Fraction, ...], effect: tuple[Fraction, ...], wins_ties: bool) -> int | None:
    """How many steps it takes; None when no score does. `gained` is v₁ − v₀, better counted up (so ≤ 0 first)."""
    at = next((k for k, each in enumerate(effect) if each), None)
    if at is None or any(gained[:at]):
        return None
    # a score that counts against the dossier is lowered: the same steps the other way
    toward = effect if effect[at] > 0 else tuple(-each for each in effect)
    whole = -gained[at] / toward[at]
    steps = -(-whole.numerator // whole.denominator)
    sign = sign_of([gain + steps * each for gain, each in zip(gained, toward, strict=True)])
    return steps if sign > 0 or (sign == 0 and wins_ties) else steps + 1


def tie_at(gained: tuple[Fraction, ...], effect: tuple[Fraction, ...]) -> bool:
    """Whether some whole number of steps makes every stage equal: then money and rank decide."""
    steps = steps_needed(gained, effect, wins_ties=True)
    if steps is None:
        return False
    toward = effect if next(each for each in effect if each) > 0 else tuple(-each for each in effect)
    return sign_of([gain + steps * each for gain, each in zip(gained, toward, strict=True)]) == 0


def is_given(problem: Problem, row: int, column: str) -> bool:
    """Whether the column holds a figure for one dossier; what is empty cannot be raised."""
    figures = numeric_column(problem.case, column, ())
    return figures is not None and not figures.missing[row]


def figure_of(problem: Problem, row: int, column: str) -> Fraction:
    """What the column holds for one dossier; 0 where it is empty."""
    figures = numeric_column(problem.case, column, ())
    assert figures is not None
    return Fraction(0) if figures.missing[row] else figures.scale * int(figures.values[row])
