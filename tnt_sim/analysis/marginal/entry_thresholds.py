"""Entry thresholds: the envelope amounts at which each application becomes fundable, enters, and stays.

For application i, with a₀ the written amount and a range of amounts a::

    no_loss_i      = max(0, min { a : an allocation with i has every stage as good as today } − a₀)
    first_i        = min { a in the range : the canonical optimum at a funds i }
    stable_from_i  = min { a in the range : the optimum funds i at a and at every larger amount }
    flips_i        = number of times i enters or leaves over the range

`no_loss` is the figure to read: it is monotone and needs one solve. The others describe the free
curve, on which an application may come and go many times. They are exact if every change of the
list is known. Otherwise the list may change between two known amounts (a gap), and brackets are
given: with g the last known amount before the first gap, h the one after the last gap and b the
last known amount without i::

    g < first_i ≤ first known amount with i
    b < stable_from_i ≤ h
    flips_i ≥ number of changes observed

With one objective that more money cannot worsen, a₀ + no_loss_i ≤ first_i as well, because an
optimum at a that funds i is as good as today's. With a second objective it need not be. On the
nested curve an application enters once.

Where nested caps alone bind, bounds come from their prices and from exchanges on today's list (`cap_limits`), and
curves narrow them. Otherwise bounds for all applications come from one linear program. Lower: with dual
prices y of "minimise the amount, every stage as good as today", L(y) the exact Lagrangian bound and r the
exact reduced costs, no amount below L(y) + max(0, r_i) funds i. Upper: today's list plus i, at the amount
where it fits, if every rule is satisfied there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.analysis.marginal.cap_limits import compute_extension_limits
from tnt_sim.analysis.marginal.list_addition import (
    ListAddition,
    build_blocking_rule_finder,
    select_without_loss,
)
from tnt_sim.analysis.marginal.minimum_envelope import (
    MinimumEnvelope,
    build_amount_stage,
    build_kernel_view,
    find_least_amount,
    find_least_by_kernel,
)
from tnt_sim.analysis.shared.cap_curves import UNKNOWN as UNBOUNDED
from tnt_sim.analysis.shared.cap_curves import CapCurves, narrow_bounds
from tnt_sim.analysis.shared.envelope_path import (
    EnvelopePath,
    list_amount_dependent_rules,
    relax_amounts,
    set_amount,
)
from tnt_sim.analysis.shared.reference_solution import ReferenceSolution, ReportProgress, notify_progress
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import with_fixed
from tnt_sim.formulation.formulate import formulate, with_kept_values
from tnt_sim.kernel.cap_tree.path_room import FAR, IntegerBounds
from tnt_sim.rules.envelopes.tree_reading import find_largest_reduction
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.backends.backend import Limits
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.reductions.coefficient_tightening import CoefficientTightening
from tnt_sim.solve.reductions.fixing import compute_exact_bound
from tnt_sim.verify.allocation_reading import read_allocation, read_within_limits


def compute_extension_bounds(
    base: ReferenceSolution, path: EnvelopePath, rows: Sequence[int], deadline: Deadline = UNLIMITED
) -> tuple[list[int], list[int]]:
    """Bound the no-loss extension of each row from both sides with one linear program."""
    moving = bool(list_amount_dependent_rules(base.problem, path.nodes))
    problem = relax_amounts(base.problem, path.nodes, path.top_cents) if moving else base.problem
    opened, stage = build_amount_stage(problem, path, path.top_cents)
    minimal = replace(opened, stages=(*opened.stages, stage))
    if moving:
        upper = [UNKNOWN] * len(rows)
    else:
        upper = _compute_upper_bounds(base, path, opened, rows, deadline.take_share(UPPER_SHARE))
    return _compute_lower_bounds(base, path, minimal, rows, deadline), upper


def _compute_upper_bounds(
    base: ReferenceSolution, path: EnvelopePath, opened: Problem, rows: Sequence[int], deadline: Deadline
) -> list[int]:
    """Find the extension that pays for today's list with each application on top; UNKNOWN if rules forbid it."""
    problem, today = base.problem, base.allocation
    values = read_allocation(problem, today).values
    no_worse = select_without_loss(problem, today, values, base.limits)
    addition = None if no_worse is None else ListAddition.of(problem, path, today)
    if no_worse is None or addition is None:
        return [
            UNKNOWN if deadline.expired else _compute_upper_bound(base, path, opened, row) for row in rows
        ]
    find_blocking_rule = build_blocking_rule_finder(problem, today)
    result = [UNKNOWN] * len(rows)
    for k, row in enumerate(rows):
        if deadline.expired:
            break
        if not no_worse[row] or find_blocking_rule(row) is not None:
            continue
        more = addition.find_extension(row)
        result[k] = _compute_upper_bound(base, path, opened, row) if more is None else more
    return result


def _compute_lower_bounds(
    base: ReferenceSolution, path: EnvelopePath, problem: Problem, rows: Sequence[int], deadline: Deadline
) -> list[int]:
    nothing = [0] * len(rows)
    try:
        form = formulate(problem, deadline=deadline)
        amount = form.stages[-1]
        model = with_kept_values(CoefficientTightening().apply(form.model)[0], form.stages, base.limits)
        model = model.with_objective(amount.objective, Sense.MINIMISE)
        duals = get_backend("highs").solve(model, relax=True, limits=Limits(deadline)).row_duals
        bound = None if duals is None else compute_exact_bound(model, duals, deadline)
    except DeadlineExpired:
        return nothing
    if bound is None or bound.scaled is None:
        return nothing
    result = []
    for row in rows:
        place = int(np.searchsorted(form.recovery.candidate, row))
        scaled = bound.scaled + max(0, int(bound.reduced_costs[place]))
        units = -(-scaled >> bound.scale) + amount.constant
        cents = units * amount.scale * 100
        result.append(max(0, math.ceil(cents) - path.amount_cents))
    return result


def _compute_upper_bound(base: ReferenceSolution, path: EnvelopePath, opened: Problem, row: int) -> int:
    """Try today's list with the application at its least amount; return the extension needed."""
    allocation = base.allocation.exchange([], [row], base.problem.offers.least_cents)
    case = opened.case
    cents = path.top_cents - find_largest_reduction(case.tree, case.node, allocation.granted_cents)
    reading = read_within_limits(set_amount(base.problem, path, cents), allocation, base.limits)
    return UNKNOWN if reading is None else max(0, cents - path.amount_cents)


UNKNOWN = -1
UPPER_SHARE = 0.6
"""Share of the time for upper bounds, which need no linear program; then the lower ones are computed."""
FIRST_SHARE = 0.5
"""Share of the time in which curves look at applications without an upper limit, before all others."""
KERNEL, SOLVED, LIMITS = "kernel", "solved", "limits"
KERNEL_SHARE = 0.5
"""Share of the time for exact kernels, one application at a time; the rest have limits."""
MOST_REFUSED = 20
"""Answers of the kernel in succession that other rules refuse before the rest have limits."""
MOST_UNNAMED, UNNAMED_SHARE = 50, 0.5
"""Most applications that are solved without being named, and the share of the time that this may take."""
MOST_SOLVED = 5_000
"""Most applications with which what the curves of caps leave open is looked for otherwise."""


@dataclass(frozen=True, slots=True, eq=False)
class NoLoss:
    """Extra cents with which each application can be funded without loss, int64 (n,).

    Attributes
    ----------
    lower : no smaller extension is enough; UNKNOWN if no amount is, or if it is not a candidate
    upper : an extension that is enough, its allocation checked; UNKNOWN if none is known
    method : kernel, solved or limits; "" for applications funded today and for non-candidates
    never : bool (n,), candidates that no amount funds without loss
    """

    lower: IntArray
    upper: IntArray
    method: list[str]
    never: BoolArray

    @classmethod
    def from_reference(cls, base: ReferenceSolution) -> NoLoss:
        """Initialise with what is known without a solve: applications funded today need nothing."""
        n, funded = base.problem.case.n, base.allocation.funded
        known = np.where(funded, 0, UNKNOWN).astype(np.int64)
        return cls(known, known.copy(), [""] * n, np.zeros(n, np.bool_))


def find_no_loss_extensions(
    base: ReferenceSolution,
    path: EnvelopePath,
    *,
    named: Sequence[int] | None = None,
    clock: Clock | None = None,
    report_progress: ReportProgress | None = None,
    into: NoLoss | None = None,
) -> NoLoss:
    """Find the no-loss extension of every candidate that is not funded today.

    Exact in one pass of kernels if envelopes alone decide; otherwise an interval from
    `compute_extension_bounds`, or one solve for each row in `named`.

    Parameters
    ----------
    named : rows to solve exactly, or None for all of a few in half of the time
    into : receives the results as they come, for Ctrl-C or the deadline; what it has already is not asked again
    """
    deadline = UNLIMITED if clock is None else clock.deadline
    no_loss = NoLoss.from_reference(base) if into is None else into
    rows = np.flatnonzero(base.problem.offers.candidate & ~base.allocation.funded).tolist()
    waiting = [row for row in rows if not no_loss.method[row]]
    if not waiting:
        return no_loss
    rest = _read_curves(base, path, waiting, no_loss, deadline)
    rest = _solve_by_kernel(base, path, rest, no_loss, report_progress, deadline)
    few = named is None and len(rest) <= MOST_UNNAMED
    solved = rest if few else [row for row in rest if row in set(named or ())]
    limit = clock.take_share(UNNAMED_SHARE) if few and clock is not None else clock
    rest = _solve_named_rows(base, path, solved, rest, no_loss, limit, report_progress)
    deadline.check()
    if rest:
        lower, upper = compute_extension_bounds(base, path, rest, deadline)
        ended = deadline.expired
        for row, low, high in zip(rest, lower, upper, strict=True):
            if ended and not low and high == UNKNOWN:
                continue  # nothing is known
            no_loss.lower[row], no_loss.upper[row], no_loss.method[row] = low, high, LIMITS
    return no_loss


def _read_curves(
    base: ReferenceSolution, path: EnvelopePath, waiting: list[int], no_loss: NoLoss, deadline: Deadline
) -> list[int]:
    """Record what the curves of nested caps tell and return the remaining rows."""
    if not base.answer.is_closed:
        return waiting
    curves = CapCurves.of(base.problem, base.allocation, deadline)
    raised = None if curves is None else curves.find_raised_caps(path)
    if curves is None or raised is None:
        return waiting
    few = len(base.problem.offers.candidate) <= MOST_SOLVED
    limits = compute_extension_limits(curves, waiting, raised, deadline)
    unit = curves.trees[raised.tree].task.unit if raised.tree >= 0 else 1
    in_cents = {row: raised.to_cents(added, unit) for row, added in limits.items()}
    if not few:
        for row, limit in in_cents.items():
            record_added(no_loss, row, limit)
    unknown = [row for row, limit in limits.items() if limit.high == FAR > limit.low]
    extensions = curves.find_extensions(unknown, path, deadline.take_share(FIRST_SHARE), limits)
    rest = [row for row in waiting if row not in extensions or not extensions[row].exact]
    others = curves.find_extensions(rest, path, deadline, limits)
    left = []
    for row in waiting:
        added = reduce(
            narrow_bounds,
            [known[row] for known in (extensions, others, in_cents) if row in known],
            UNBOUNDED,
        )
        if added == UNBOUNDED or (few and not added.exact):
            left.append(row)
        else:
            record_added(no_loss, row, added)
    return left


def record_added(no_loss: NoLoss, row: int, added: IntegerBounds) -> None:
    """Record limits of the least increase with which an application comes in without loss."""
    no_loss.method[row] = KERNEL if added.exact else LIMITS
    no_loss.never[row] = added.low == FAR
    if added.low < FAR:
        no_loss.lower[row] = added.low
        no_loss.upper[row] = UNKNOWN if added.high == FAR else added.high


def _solve_by_kernel(
    base: ReferenceSolution,
    path: EnvelopePath,
    waiting: list[int],
    no_loss: NoLoss,
    report_progress: ReportProgress | None,
    deadline: Deadline,
) -> list[int]:
    """Solve the rows that the exact kernels can solve and return the remaining ones."""
    problem, until = base.problem, deadline.take_share(KERNEL_SHARE)
    if not base.answer.is_closed or len(problem.stages) != 1:
        return waiting
    if list_amount_dependent_rules(problem, path.nodes):
        return waiting
    n_refused = 0
    try:
        earlier = build_kernel_view(problem, path, until)
        if earlier is None:
            return waiting
        place = {row: k for k, row in enumerate(earlier.rows.tolist())}
        for k, row in enumerate(waiting):
            until.check()
            if n_refused == MOST_REFUSED:
                break
            notify_progress(report_progress, KERNEL, k / len(waiting))
            known = row in place
            least = find_least_by_kernel(earlier, path, base.limits[0], fund=place[row]) if known else None
            if least is None:
                n_refused += 1
            else:
                _record_extension(no_loss, row, least, path, KERNEL)
                n_refused = 0
    except DeadlineExpired:
        deadline.check()
    return [row for row in waiting if not no_loss.method[row]]


def _solve_named_rows(
    base: ReferenceSolution,
    path: EnvelopePath,
    named: list[int],
    rest: list[int],
    no_loss: NoLoss,
    clock: Clock | None,
    report_progress: ReportProgress | None,
) -> list[int]:
    """Solve each named row and return the remaining ones."""
    done = set()
    for k, row in enumerate(named):
        if clock is not None and clock.deadline.expired:
            break
        notify_progress(report_progress, SOLVED, k / len(named))

        def let_in(problem: Problem, row: int = row) -> Problem:
            return with_fixed(problem, fund=[row])

        least = find_least_amount(
            base.problem, path.restrict_upwards(), limits=base.limits, change=let_in, clock=clock, prove=False
        )
        if least.lower_cents is not None or least.unreachable:
            _record_extension(no_loss, row, least, path, SOLVED)
            done.add(row)
    return [row for row in rest if row not in done]


def _record_extension(
    no_loss: NoLoss, row: int, least: MinimumEnvelope, path: EnvelopePath, method: str
) -> None:
    no_loss.method[row] = method
    if least.lower_cents is None:
        no_loss.never[row] = True
        return
    no_loss.lower[row] = max(0, least.lower_cents - path.amount_cents)
    if least.amount_cents is not None:
        no_loss.upper[row] = max(0, least.amount_cents - path.amount_cents)


@dataclass(frozen=True, slots=True, eq=False)
class Lists:
    """Optimal lists at increasing amounts.

    Attributes
    ----------
    cents : int64 (n_amounts,), amounts whose list is known, increasing
    funded : bool (n_dossiers, n_amounts)
    gaps : bool (n_amounts − 1,), neighbours between which the list may change unobserved; elsewhere
    each list is optimal until the next amount
    nested : each list keeps the grants of the previous ones
    rising : at each amount of the range every stage of the optimum is at least as good as today
    from_cents, to_cents : ends of the range
    unseen_cents : least amount of the range with unknown list, if it lies before the first known
    one
    optimal : whether the lists are optimal (if not, the list is the best one found at the written amount)
    """

    cents: IntArray
    funded: BoolArray
    gaps: BoolArray
    nested: bool = False
    rising: bool = False
    from_cents: int = 0
    to_cents: int = 0
    unseen_cents: int | None = None
    optimal: bool = True

    @property
    def exact(self) -> bool:
        """Whether every change of the list over the range is known."""
        return self.optimal and self.unseen_cents is None and not self.gaps.any()


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """Entry thresholds of every application; the module docstring defines them.

    Attributes
    ----------
    table : one row per application, in cents; null where a figure does not exist
    exact : whether first, stable_from and flips are known to the cent
    """

    base: ReferenceSolution
    path: EnvelopePath
    lists: Lists
    no_loss: NoLoss
    table: pl.DataFrame

    @property
    def exact(self) -> bool:
        """Whether every change of the list over the range is known."""
        return self.lists.exact

    @property
    def nested(self) -> bool:
        """Whether each list keeps the grants of the previous ones."""
        return self.lists.nested

    @property
    def to_cents(self) -> int:
        """Return the end of the range."""
        return max(self.lists.to_cents, int(self.lists.cents[-1]))

    def to_dataframe(self, backend: str = "polars") -> Any:
        """Return the table, as polars or pandas; amounts in integer cents."""
        if backend not in ("polars", "pandas"):
            raise ValueError(f"backend must be 'polars' or 'pandas', not {backend!r}")
        return self.table if backend == "polars" else self.table.to_pandas()


def build_entries(base: ReferenceSolution, path: EnvelopePath, lists: Lists, no_loss: NoLoss) -> Entries:
    """Assemble the thresholds into one table."""
    funded, now = lists.funded, base.allocation.funded
    first, stable = bracket_first_amounts(path, lists, no_loss), bracket_stable_amounts(lists)
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
    if not lists.optimal:
        flag, always = np.full(len(now), "unknown"), np.ones_like(always)
    table = pl.DataFrame(
        {
            "dossier": base.problem.case.table["dossier"],
            "eligible": candidate,
            "funded": now,
            "flag": pl.Series(np.where(candidate, flag, "not_eligible")),
            "no_loss_cents": _insert_nulls(no_loss.lower, no_loss.lower != UNKNOWN),
            "no_loss_upto_cents": _insert_nulls(no_loss.upper, no_loss.upper != UNKNOWN),
            "no_loss_never": no_loss.never,
            "method": pl.Series(no_loss.method, dtype=pl.String),
            "first_cents": first.get_exact_cents(),
            "first_from_cents": first.get_lowest_cents(),
            "first_upto_cents": first.get_highest_cents(),
            "stable_from_cents": stable.get_exact_cents(),
            "stable_low_cents": stable.get_lowest_cents(),
            "stable_upto_cents": stable.get_highest_cents(),
            "out_until_cents": _insert_nulls(lists.cents[_find_last_absence(funded)], ~always),
            "flips": flips,
            "exact": np.full(len(now), lists.exact),
        }
    )
    return Entries(base, path, lists, no_loss, table)


@dataclass(frozen=True, slots=True, eq=False)
class Brackets:
    """Interval of an amount for each application, int64 (n,); UNKNOWN where there is none."""

    low: IntArray
    high: IntArray

    def get_exact_cents(self) -> pl.Series:
        """Return the amounts known to the cent; null elsewhere."""
        return _insert_nulls(self.high, (self.low == self.high) & (self.high != UNKNOWN))

    def get_lowest_cents(self) -> pl.Series:
        """Return the lower ends."""
        return _insert_nulls(self.low, self.low != UNKNOWN)

    def get_highest_cents(self) -> pl.Series:
        """Return the upper ends."""
        return _insert_nulls(self.high, self.high != UNKNOWN)


def bracket_first_amounts(path: EnvelopePath, lists: Lists, no_loss: NoLoss) -> Brackets:
    """Bracket the first amount at which each application is in the optimal list."""
    cents, ever = lists.cents, lists.funded.any(axis=1)
    if not lists.optimal:  # an optimum that funds it is at least as good as this list, which stays feasible
        low = np.full(len(ever), lists.from_cents)
        if lists.rising:
            low += np.maximum(no_loss.lower, 0)
            low[no_loss.never] = UNKNOWN
        return Brackets(low, np.full(len(ever), UNKNOWN))
    place = np.argmax(lists.funded, axis=1)
    at = np.where(ever, cents[place], UNKNOWN)
    if lists.exact:
        return Brackets(at, at)
    gap = int(np.argmax(lists.gaps)) if lists.gaps.any() else len(lists.gaps)
    unseen = cents[gap] + 1 if lists.unseen_cents is None else lists.unseen_cents
    visited = ever & (place <= gap) & (lists.unseen_cents is None)
    low = np.where(visited, at, unseen)
    if lists.rising:
        known = ~visited & (no_loss.lower != UNKNOWN)
        low[known] = np.maximum(low[known], path.amount_cents + no_loss.lower[known])
        low[~ever & no_loss.never] = UNKNOWN
    return Brackets(np.where(ever, np.minimum(low, at), low), at)


def bracket_stable_amounts(lists: Lists) -> Brackets:
    """Bracket the amount from which each application stays; none for one outside the last list."""
    cents, funded = lists.cents, lists.funded
    if not lists.optimal:
        nothing = np.full(len(funded), UNKNOWN)
        return Brackets(nothing, nothing)
    inside, out = funded[:, -1], _find_last_absence(funded)
    at = cents[np.minimum(out + 1, len(cents) - 1)]
    if not lists.gaps.any():
        low = at if lists.unseen_cents is None else np.where(out < 0, lists.unseen_cents, at)
        return Brackets(np.where(inside, low, UNKNOWN), np.where(inside, at, UNKNOWN))
    gap = len(lists.gaps) - 1 - int(np.argmax(lists.gaps[::-1]))
    unsure = gap >= out  # it may leave or enter unobserved in that gap
    entered_unseen = (out >= 0) & lists.gaps[np.clip(out, 0, len(lists.gaps) - 1)]
    low = np.where(unsure & entered_unseen, cents[np.maximum(out, 0)] + 1, at)
    if lists.unseen_cents is not None:
        low = np.where(out < 0, lists.unseen_cents, low)
    high = np.where(unsure, np.maximum(at, cents[gap + 1]), at)
    return Brackets(np.where(inside, low, UNKNOWN), np.where(inside, high, UNKNOWN))


def _find_last_absence(funded: BoolArray) -> IntArray:
    """Return the index of the last list without each application, int64 (n,); −1 if it is in all lists."""
    place = funded.shape[1] - 1 - np.argmax(~funded[:, ::-1], axis=1)
    return np.where(funded.all(axis=1), -1, place)


def _insert_nulls(values: IntArray, there: BoolArray) -> pl.Series:
    return pl.Series(values).set(pl.Series(~there), None)
