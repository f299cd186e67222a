"""Between which extensions a dossier enters without loss, for all of them from one linear program.

lower   with prices y of « least amount, every goal at least as good », L(y) its exact bound and r its exact
        reduced costs: no amount below L + max(0, r_i) holds dossier i
upper   today's list with i on top, at the amount at which it fits, if it keeps every rule there

From which envelope on a dossier is funded: what it costs to take it in, and where the best list holds it.

    no_loss_i      = max(0, least { a : an allocation holds i, every goal at least as good as today } − a₀)
    first_i        = least a in the range at which the canonical best list holds i
    stable_from_i  = least a in the range from which on it never leaves
    flips_i        = how often it enters or leaves over the range

The first is the figure to read: it is monotone and asks one solve. The others belong to the free curve, where a
dossier may come and go hundreds of times; they are exact where every change of the list is known. Where the list
may change unseen between two known amounts (a gap), they are told as brackets: with g the last known amount
before the first gap and h the one after the last gap, b the last known amount without i,

    g < first_i ≤ the first known amount with i         b < stable_from_i ≤ h         flips_i ≥ those seen

and where more money cannot harm the one goal, a₀ + no_loss_i ≤ first_i as well,

since a best list at a that holds i is as good as today's; with a second goal it need not be, for more of the
first. On the nested curve a dossier enters once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.analysis.marginal.minimum_envelope import (
    Least,
    amount_stage,
    least_amount,
    least_of_parts,
    read_at,
    seen_as_parts,
)
from tnt_sim.analysis.shared.envelope_path import Line, at_amount, loosened, moving_rules
from tnt_sim.analysis.shared.reference_solution import Base, Tell, tell_of
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import forced
from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.formulation.linear_model import LinearModel, Sense
from tnt_sim.rules.envelopes.tree_reading import most_lowered
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods.lexicographic import with_kept_row
from tnt_sim.solve.reductions.fixing import exact_bound
from tnt_sim.solve.reductions.tighten import tighten
from tnt_sim.verify.allocation_reading import Allocation


def limits_by_prices(
    base: Base, line: Line, rows: Sequence[int], deadline: Deadline = UNLIMITED
) -> tuple[list[int], list[int]]:
    """A lower and an upper limit on the no-loss extension of each row, in cents; UNKNOWN for no upper one.

    A row that is reached after the deadline has no upper one.
    """
    moving = bool(moving_rules(base.problem, line.nodes))
    problem = loosened(base.problem, line.nodes, line.top_cents) if moving else base.problem
    opened, stage = amount_stage(problem, line, line.top_cents)
    asked = replace(opened, stages=(*opened.stages, stage))
    lower = _lower(base, line, asked, rows, deadline)
    if moving:
        return lower, [UNKNOWN] * len(rows)
    return lower, [UNKNOWN if deadline.expired else _upper(base, line, opened, row) for row in rows]


def _lower(base: Base, line: Line, asked: Problem, rows: Sequence[int], deadline: Deadline) -> list[int]:
    try:
        form = formulate(asked, deadline=deadline)
    except DeadlineExpired:
        return [0] * len(rows)
    amount = form.stages[-1]
    model = _keeping(base, form, tighten(form.model)).with_objective(amount.objective, Sense.MINIMISE)
    duals = get_backend("highs").solve(model, relax=True, limits=Clock.until(deadline).limits()).row_duals
    if duals is None:
        return [0] * len(rows)
    bound = exact_bound(model, duals)
    if bound.scaled is None:
        return [0] * len(rows)
    found = []
    for row in rows:
        place = int(np.searchsorted(form.recovery.candidate, row))
        scaled = bound.scaled + max(0, int(bound.reduced_costs[place]))
        units = -(-scaled >> bound.scale) + amount.constant
        cents = units * amount.scale * 100
        found.append(max(0, -(-cents.numerator // cents.denominator) - line.amount_cents))
    return found


def _keeping(base: Base, form: Formulation, model: LinearModel) -> LinearModel:
    """The rows « no goal worse than today »."""
    for stage, value in zip(form.stages, base.limits, strict=False):
        units = value / stage.scale - stage.constant
        up = stage.sense is Sense.MAXIMISE
        limit = -(-units.numerator // units.denominator) if up else units.numerator // units.denominator
        model = with_kept_row(model, stage.name, stage.objective, stage.sense, limit)
    return model


def _upper(base: Base, line: Line, opened: Problem, row: int) -> int:
    """Today's list and the dossier at its least."""
    funded, granted = base.allocation.funded.copy(), base.allocation.granted_cents.copy()
    funded[row] = True
    granted[row] = base.problem.offers.least_cents[row]
    case = opened.case
    cents = line.top_cents - most_lowered(case.tree, case.node, granted)
    reading = read_at(at_amount(base.problem, line, cents), Allocation(funded, granted), base.limits)
    return UNKNOWN if reading is None else max(0, cents - line.amount_cents)


UNKNOWN = -1
KERNEL, SOLVED, LIMITS = "kernel", "solved", "limits"


@dataclass(frozen=True, slots=True, eq=False)
class NoLoss:
    """The extra cents at which each dossier can be funded without loss, int64 (n,).

    Attributes
    ----------
    lower : no smaller extension does; UNKNOWN for a dossier that no amount lets in, or that is no candidate
    upper : an extension that does, its allocation read again; UNKNOWN where none is known
    method : how each was found: kernel, solved, limits, "" for what is funded today or is no candidate
    never : bool (n,), candidates that no amount lets in without loss
    """

    lower: IntArray
    upper: IntArray
    method: list[str]
    never: BoolArray

    @classmethod
    def today(cls, base: Base) -> NoLoss:
        """Nothing known yet but what is funded today."""
        n, funded = base.problem.case.n, base.allocation.funded
        known = np.where(funded, 0, UNKNOWN).astype(np.int64)
        return cls(known, known.copy(), [""] * n, np.zeros(n, np.bool_))


def no_losses(
    base: Base,
    line: Line,
    *,
    named: Sequence[int] | None = None,
    clock: Clock | None = None,
    tell: Tell | None = None,
    into: NoLoss | None = None,
) -> NoLoss:
    """The no-loss entry of every candidate that is not funded today.

    One pass of exact kernels where envelopes alone decide; where another rule binds an interval, by exact prices
    below and by an allocation read again above; and one solve each for the rows in `named`. `into` is filled as
    they are found, for one whom Ctrl-C or the deadline may stop.

    Raises
    ------
    DeadlineExpired
        When the time is over before every one is looked at.
    """
    deadline = UNLIMITED if clock is None else clock.deadline
    found = NoLoss.today(base) if into is None else into
    waiting = np.flatnonzero(base.problem.offers.candidate & ~base.allocation.funded).tolist()
    rest = _by_kernel(base, line, waiting, found, tell, deadline)
    rest = _solved(base, line, [row for row in rest if row in set(named or ())], rest, found, clock, tell)
    deadline.check()
    if rest:
        lower, upper = limits_by_prices(base, line, rest, deadline)
        for row, low, high in zip(rest, lower, upper, strict=True):
            found.lower[row], found.upper[row], found.method[row] = low, high, LIMITS
    return found


def _by_kernel(
    base: Base, line: Line, waiting: list[int], found: NoLoss, tell: Tell | None, deadline: Deadline
) -> list[int]:
    """Settle what the kernels settle; gives the rows that are left."""
    problem = base.problem
    if len(problem.stages) != 1 or moving_rules(problem, line.nodes):
        return waiting
    seen = seen_as_parts(problem, line, deadline)
    if seen is None:
        return waiting
    place = {row: k for k, row in enumerate(seen.rows.tolist())}
    left = []
    for k, row in enumerate(waiting):
        deadline.check()
        tell_of(tell, KERNEL, k / len(waiting))
        least = least_of_parts(seen, line, base.limits[0], fund=place[row]) if row in place else None
        if least is None:
            left.append(row)
        else:
            _note(found, row, least, line, KERNEL)
    return left


def _solved(
    base: Base,
    line: Line,
    named: list[int],
    rest: list[int],
    found: NoLoss,
    clock: Clock | None,
    tell: Tell | None,
) -> list[int]:
    """One solve for each named row; gives the rows that are left."""
    done = set()
    for k, row in enumerate(named):
        if clock is not None:
            clock.deadline.check()
        tell_of(tell, SOLVED, k / len(named))

        def let_in(problem: Problem, row: int = row) -> Problem:
            return forced(problem, fund=[row])

        least = least_amount(
            base.problem, line.upwards(), kept=base.limits, change=let_in, clock=clock, prove=False
        )
        if least.lower_cents is not None or least.unreachable:
            _note(found, row, least, line, SOLVED)
            done.add(row)
    return [row for row in rest if row not in done]


def _note(found: NoLoss, row: int, least: Least, line: Line, method: str) -> None:
    found.method[row] = method
    if least.lower_cents is None:
        found.never[row] = True
        return
    found.lower[row] = max(0, least.lower_cents - line.amount_cents)
    if least.amount_cents is not None:
        found.upper[row] = max(0, least.amount_cents - line.amount_cents)


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """The best list at rising amounts.

    Attributes
    ----------
    cents : int64 (n_amounts,), the amounts of which the list is known, rising
    funded : bool (n_dossiers, n_amounts)
    gaps : bool (n_amounts − 1,), between which neighbours the list may change unseen; elsewhere each is in force
        until the next
    nested : the lists keep the promises of those before
    rising : at each amount of the range every goal of the best list is at least as good as today's
    from_cents, to_cents : the ends of the range
    unseen_cents : the least amount of the range whose list is not known, where it lies before the first known one
    """

    cents: IntArray
    funded: BoolArray
    gaps: BoolArray
    nested: bool = False
    rising: bool = False
    from_cents: int = 0
    to_cents: int = 0
    unseen_cents: int | None = None

    @property
    def exact(self) -> bool:
        """Whether every change of the list over the range is known."""
        return self.unseen_cents is None and not self.gaps.any()


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """The entry figures of every dossier; see the module.

    Attributes
    ----------
    table : one row per dossier, in cents; nulls where a figure does not exist
    exact : whether first, stable_from and flips are known to the cent
    """

    base: Base
    line: Line
    lists: Lists
    no_loss: NoLoss
    table: pl.DataFrame

    @property
    def exact(self) -> bool:
        """Whether every step of the range is known."""
        return self.lists.exact

    @property
    def nested(self) -> bool:
        """Whether the lists keep the promises of those before."""
        return self.lists.nested

    @property
    def to_cents(self) -> int:
        """The end of the range."""
        return max(self.lists.to_cents, int(self.lists.cents[-1]))

    def to_dataframe(self, backend: str = "polars") -> Any:
        """The table, as polars or pandas; amounts in integer cents."""
        if backend not in ("polars", "pandas"):
            raise ValueError(f"backend must be 'polars' or 'pandas', not {backend!r}")
        return self.table if backend == "polars" else self.table.to_pandas()


def entries_of(base: Base, line: Line, lists: Lists, no_loss: NoLoss) -> Entries:
    """Set the figures side by side."""
    funded = lists.funded
    now = base.allocation.funded
    first, stable = first_brackets(line, lists, no_loss), stable_brackets(lists)
    flips = (funded[:, 1:] != funded[:, :-1]).sum(axis=1).astype(np.int64)
    ever, always = funded.any(axis=1), funded.all(axis=1)
    flag = np.where(
        always,
        "always",
        np.where(
            ~ever, "never", np.where(flips > 1, "in_and_out", np.where(funded[:, -1], "enters", "leaves"))
        ),
    )
    candidate = base.problem.offers.candidate | base.problem.offers.committed
    table = pl.DataFrame(
        {
            "dossier": base.problem.case.table["dossier"],
            "eligible": candidate,
            "funded": now,
            "flag": pl.Series(np.where(candidate, flag, "not_eligible")),
            "no_loss_cents": _nulls(no_loss.lower, no_loss.lower != UNKNOWN),
            "no_loss_upto_cents": _nulls(no_loss.upper, no_loss.upper != UNKNOWN),
            "no_loss_never": no_loss.never,
            "method": pl.Series(no_loss.method, dtype=pl.String),
            "first_cents": first.exact(),
            "first_from_cents": first.lowest(),
            "first_upto_cents": first.highest(),
            "stable_from_cents": stable.exact(),
            "stable_low_cents": stable.lowest(),
            "stable_upto_cents": stable.highest(),
            "out_until_cents": _nulls(lists.cents[_last_out(funded)], ~always),
            "flips": flips,
            "exact": np.full(len(now), lists.exact),
        }
    )
    return Entries(base, line, lists, no_loss, table)


@dataclass(frozen=True, slots=True, eq=False)
class Brackets:
    """For each dossier the two ends between which an amount lies, int64 (n,); UNKNOWN where there is none."""

    low: IntArray
    high: IntArray

    def exact(self) -> pl.Series:
        """The amounts that are known to the cent; null elsewhere."""
        return _nulls(self.high, (self.low == self.high) & (self.high != UNKNOWN))

    def lowest(self) -> pl.Series:
        """No amount below it is the one."""
        return _nulls(self.low, self.low != UNKNOWN)

    def highest(self) -> pl.Series:
        """The one is at most this amount."""
        return _nulls(self.high, self.high != UNKNOWN)


def first_brackets(line: Line, lists: Lists, no_loss: NoLoss) -> Brackets:
    """Between which amounts each dossier is in the best list for the first time."""
    cents, ever = lists.cents, lists.funded.any(axis=1)
    place = np.argmax(lists.funded, axis=1)
    at = np.where(ever, cents[place], UNKNOWN)
    if lists.exact:
        return Brackets(at, at)
    gap = int(np.argmax(lists.gaps)) if lists.gaps.any() else len(lists.gaps)
    unseen = cents[gap] + 1 if lists.unseen_cents is None else lists.unseen_cents
    seen = ever & (place <= gap) & (lists.unseen_cents is None)
    low = np.where(seen, at, unseen)
    if lists.rising:
        known = ~seen & (no_loss.lower != UNKNOWN)
        low[known] = np.maximum(low[known], line.amount_cents + no_loss.lower[known])
        low[~ever & no_loss.never] = UNKNOWN
    return Brackets(np.where(ever, np.minimum(low, at), low), at)


def stable_brackets(lists: Lists) -> Brackets:
    """Between which amounts each dossier enters for good; none for one that the last list is without."""
    cents, funded = lists.cents, lists.funded
    inside, out = funded[:, -1], _last_out(funded)
    at = cents[np.minimum(out + 1, len(cents) - 1)]
    if not lists.gaps.any():
        low = at if lists.unseen_cents is None else np.where(out < 0, lists.unseen_cents, at)
        return Brackets(np.where(inside, low, UNKNOWN), np.where(inside, at, UNKNOWN))
    gap = len(lists.gaps) - 1 - int(np.argmax(lists.gaps[::-1]))
    unsure = gap >= out  # it may leave, or enter, unseen from there on
    entered_unseen = (out >= 0) & lists.gaps[np.clip(out, 0, len(lists.gaps) - 1)]
    low = np.where(unsure & entered_unseen, cents[np.maximum(out, 0)] + 1, at)
    if lists.unseen_cents is not None:
        low = np.where(out < 0, lists.unseen_cents, low)
    high = np.where(unsure, np.maximum(at, cents[gap + 1]), at)
    return Brackets(np.where(inside, low, UNKNOWN), np.where(inside, high, UNKNOWN))


def _last_out(funded: BoolArray) -> IntArray:
    """The place of the last list without each dossier, int64 (n,); −1 for one that is always in."""
    place = funded.shape[1] - 1 - np.argmax(~funded[:, ::-1], axis=1)
    return np.where(funded.all(axis=1), -1, place)


def _nulls(values: IntArray, there: BoolArray) -> pl.Series:
    return pl.Series(values).set(pl.Series(~there), None)
