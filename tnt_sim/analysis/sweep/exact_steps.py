"""Exact value function: every amount at which the optimum changes, from one dynamic programming pass.

If surrogate constraints (nonnegative sums of rows) settle the problem, each is one knapsack whose
capacity is a linear function of the amount. The Pareto frontier of (profit, least weight) of each
knapsack gives all steps and all lists at once (`kernel/profit_frontier`). Each list is then read
exactly against every rule at its own amount. Intervals whose list breaks a rule stay open and are
walked from above (`curve_intervals`)::

    solve at C; the list is feasible down to C″ = min { C : it satisfies every rule }
    solve at C″ − 1 cent, and so on

which takes one solve per step and is valid with any rules, provided that none tightens as the
amount grows.

The module also computes the figures of a list: applications, money, inhabitants and departments.

Source: G. L. Nemhauser and Z. Ullmann, "Discrete dynamic programming and capital allocation",
Management Science 15 (1969).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.analysis.shared.amount_variation import AmountVariation
from tnt_sim.analysis.sweep.document import SweepEnvelopeEntry
from tnt_sim.analysis.sweep.envelope_point import PRICES, Point, is_plain_sum
from tnt_sim.certify.claim_systems import Claims, RowSource, build_claims
from tnt_sim.certify.row_sum_bound import Group, KnapsackRelaxation, Pack, relax_to_knapsacks
from tnt_sim.certify.rule_rows import compare_readings
from tnt_sim.certify.system import MultiplierError
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.engine.result import Proof, Status
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.kernel.profit_frontier import Curve, build_curve
from tnt_sim.prove.proof_lp import build_row_groups
from tnt_sim.rules.envelopes.tree_reading import read_envelopes
from tnt_sim.rules.expressions.inhabitants import find_reached_communes
from tnt_sim.rules.expressions.measures import encode_keys
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Once
from tnt_sim.rules.protocols import Mode
from tnt_sim.rules.second_reading.rows import ChoiceColumns
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation, AllocationReading, read_allocation
from tnt_sim.verify.run_document import hash_allocation

ReportShare = Callable[[float], None]


@dataclass(frozen=True, slots=True, eq=False)
class SweepSteps:
    """Steps of the value function by increasing amount.

    Attributes
    ----------
    cents : int64 (n_steps,), amount from which each step applies
    units : int64 (n_steps,), its value is scale · units
    funded : bool (n_dossiers, n_steps), committed applications included
    open : intervals [from, until) that the pass leaves open
    """

    problem: Problem
    cents: IntArray
    units: IntArray
    scale: Fraction
    funded: BoolArray
    open: tuple[tuple[int, int], ...]

    def compute_value(self, k: int) -> Fraction:
        """Return the value of one step."""
        return self.scale * int(self.units[k])

    def build_allocation(self, k: int) -> Allocation:
        """Return the list of one step; each application has a single amount here."""
        offers, funded = self.problem.offers, self.funded[:, k]
        amount = np.where(offers.committed, offers.committed_cents, offers.most_cents)
        return Allocation(funded, np.where(funded, amount, 0))

    def build_point(self, k: int) -> Point:
        """Return one step as a point."""
        value = (self.compute_value(k),)
        cents = int(self.cents[k])
        return Point(
            cents, Status.OPTIMAL, Proof.PROVED, value, value, self.build_allocation(k), True, PRICES, 0.0
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Moving:
    """Knapsack over the range: its data at the lower end, the slope of its capacity, and its steps."""

    pack: Pack
    slope: int
    steps: Curve

    def list_step_amounts(self, low: int, high: int) -> tuple[IntArray, IntArray]:
        """Return the indices of the steps within [low, high], and the amount from which each applies."""
        if self.slope == 0:
            return np.array([self.steps.get_step(self.pack.room)]), np.array([low])
        first = self.steps.get_step(self.pack.room)
        last = self.steps.get_step(self.pack.room + self.slope * (high - low))
        places = np.arange(first, last + 1)
        missing = np.maximum(self.steps.weight[places] - self.pack.room, 0)
        return places, low + -(-missing // self.slope)


def compute_exact_steps(
    moved: AmountVariation,
    low: int,
    high: int,
    report_progress: ReportShare | None = None,
    deadline: Deadline = UNLIMITED,
) -> SweepSteps | None:
    """Compute all steps with one pass; None if surrogate constraints do not settle the problem in time.

    Steps that were not checked before the deadline are left open.

    Parameters
    ----------
    low, high : range of amounts in cents
    tell : called with the share done, in [0, 1]
    """
    if deadline.expired:
        return None
    base = moved.compile_problem_at(high, deadline)
    if not is_plain_sum(base) or any(rule.penalty is not None for rule in base.rules):
        return None
    if moved.update_problem_at(base, low) is None:
        return None
    try:
        claims = build_claims(base, deadline)
        groups = build_row_groups(claims.system, claims.goals[0].coefficient, deadline)
        if groups is None or not compare_readings(base, claims, deadline).holds:
            return None
        moving_knapsacks = _build_moving_knapsacks(moved, base, groups, low, high, deadline)
        return (
            None
            if moving_knapsacks is None
            else _Pass(moved, base, claims, low, high, *moving_knapsacks, deadline).compute_steps(
                report_progress
            )
        )
    except (MultiplierError, TooManyStates, DeadlineExpired):
        return None


def _build_moving_knapsacks(
    moved: AmountVariation, base: Problem, groups: Sequence[Group], low: int, high: int, deadline: Deadline
) -> tuple[KnapsackRelaxation, list[_Moving]] | None:
    """Return the knapsacks at the lower end with their slopes, in units of capacity per cent of the amount.

    None unless each capacity is a linear function of the amount with a whole slope ≥ 0.
    """
    middle = (low + high) // 2
    at = [_relax_at(moved, base, groups, cents, deadline) for cents in (low, middle, high)]
    first, second, last = at
    if first is None or second is None or last is None or not first.cheapest:
        return None
    result = []
    for entry, two, three in zip(first.packs, second.packs, last.packs, strict=True):
        if not (_is_same_pack(entry, two) and _is_same_pack(entry, three)):
            return None
        slope, rest = divmod(three.room - entry.room, max(1, high - low))
        if rest or slope < 0 or two.room != entry.room + slope * (middle - low):
            return None
        result.append(_Moving(entry, slope, build_curve(entry.gain, entry.weight, deadline)))
    return first, result


def _relax_at(
    moved: AmountVariation, base: Problem, groups: Sequence[Group], cents: int, deadline: Deadline
) -> KnapsackRelaxation | None:
    problem = moved.update_problem_at(base, cents)
    assert problem is not None
    claims = build_claims(problem, deadline)
    return relax_to_knapsacks(
        claims.system, claims.goals[0].coefficient, claims.goals[-1].coefficient, groups
    )


def _is_same_pack(left: Pack, other: Pack) -> bool:
    return (
        np.array_equal(left.choice, other.choice)
        and np.array_equal(left.gain, other.gain)
        and np.array_equal(left.weight, other.weight)
    )


@dataclass
class _Pass:
    """All steps of one range from its knapsacks."""

    moved: AmountVariation
    base: Problem
    claims: Claims
    low: int
    high: int
    first: KnapsackRelaxation
    packs: list[_Moving]
    deadline: Deadline = UNLIMITED

    def compute_steps(self, report_progress: ReportShare | None) -> SweepSteps:
        """Check each step exactly at its own amount; one that breaks a rule is left open until the next."""
        amounts, taken, gain = self._join_steps()
        goal = self.claims.goals[0]
        units = gain + self.first.value + self.first.rest + goal.constant
        funded = self._build_funded_mask(taken)
        steps = SweepSteps(self.base, amounts, units, goal.scale, funded, ())
        right = verify_steps(self.moved, self.claims, steps, taken, report_progress, self.deadline)
        ends = np.append(amounts[1:], self.high + 1)
        wrong = np.flatnonzero(~right)
        open_ = _merge_intervals(list(zip(amounts[wrong].tolist(), ends[wrong].tolist(), strict=True)))
        return SweepSteps(self.base, amounts[right], units[right], goal.scale, funded[:, right], tuple(open_))

    def _join_steps(self) -> tuple[IntArray, BoolArray, IntArray]:
        """Return the amounts of all steps, the choices, bool (n_choices, n_steps), and the total gains."""
        each = [pack.list_step_amounts(self.low, self.high) for pack in self.packs]
        amounts = np.unique(np.concatenate([np.array([self.low]), *(when for _, when in each)]))
        taken = np.repeat(self.first.outside[:, None], len(amounts), axis=1)
        gain = np.zeros(len(amounts), dtype=np.int64)
        for pack, (places, when) in zip(self.packs, each, strict=True):
            at = np.searchsorted(when, amounts, side="right") - 1
            taken[pack.pack.choice] |= pack.steps.recover_choices(places)[:, at]
            gain += pack.steps.profit[places[at]]
        return amounts, taken, gain

    def _build_funded_mask(self, taken: BoolArray) -> BoolArray:
        offers = self.base.offers
        funded = np.repeat(offers.committed[:, None], taken.shape[1], axis=1)
        funded[ChoiceColumns.of(offers).dossier] |= taken
        return funded


def _merge_intervals(intervals: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Merge adjacent intervals."""
    result: list[tuple[int, int]] = []
    for start, end in intervals:
        if result and result[-1][1] == start:
            result[-1] = (result[-1][0], end)
        else:
            result.append((start, end))
    return result


def verify_steps(
    moved: AmountVariation,
    claims: Claims,
    steps: SweepSteps,
    taken: BoolArray,
    report_progress: ReportShare | None = None,
    deadline: Deadline = UNLIMITED,
) -> BoolArray:
    """Check which steps satisfy every rule at their own amount and have the claimed value, bool (n_steps,).

    The tree and the value are read for each step. A rule is read once per distinct pattern of the
    choices in its rows, since it depends on these only. A step that was not read before the
    deadline counts as failed.
    """
    problem = steps.problem
    right = np.ones(len(steps.cents), dtype=np.bool_)
    rules = {id(rule): rule for rule in (*problem.rules, *problem.table_rules) if rule.mode is Mode.HARD}
    for piece in claims.written:
        if id(piece.of) in rules or piece.of is problem.caps:
            columns = _find_columns(claims, piece)
            right &= _verify_by_pattern(problem, piece.of, steps, taken[columns], deadline)
    stage = problem.stages[0]
    for k, cents in enumerate(steps.cents.tolist()):
        if deadline.expired:
            right[k:] = False
            return right
        lean = moved.update_problem_at(problem, cents)
        assert lean is not None
        allocation = steps.build_allocation(k)
        tree = read_envelopes(lean.case.tree, lean.case.node, allocation.granted_cents)
        value = stage.terms.evaluate(allocation.funded, allocation.granted_cents) * stage.terms.scale
        right[k] &= tree.holds and value == steps.compute_value(k)
        if report_progress is not None and k % 64 == 0:
            report_progress(k / len(right))
    return right


def _find_columns(claims: Claims, source: RowSource) -> IntArray:
    rows = claims.system.rows
    inside = (rows.row >= source.first) & (rows.row < source.last) & (rows.col < claims.system.n_choices)
    return np.unique(rows.col[inside])


def _verify_by_pattern(
    problem: Problem, of: Any, steps: SweepSteps, taken: BoolArray, deadline: Deadline
) -> BoolArray:
    """Whether a rule, or the caps, hold at each step; `taken` is bool (n_columns, n_steps)."""
    packed = np.packbits(taken, axis=0)
    _, first, place = np.unique(packed, axis=1, return_index=True, return_inverse=True)
    holds = np.zeros(len(first), dtype=np.bool_)
    for k, step in enumerate(first.tolist()):
        if deadline.expired:
            break
        allocation = steps.build_allocation(step)
        if of is problem.caps:
            holds[k] = not problem.caps.list_excesses(allocation.funded, allocation.granted_cents)
        else:
            holds[k] = of.read(allocation.funded, allocation.granted_cents).holds
    return holds[place.ravel()]


CHUNK = 256
"""Steps counted together, to limit memory."""


@dataclass(frozen=True, slots=True, eq=False)
class CodeGroups:
    """Rows grouped by code, so that each list is counted without sorting them again.

    Attributes
    ----------
    rows : int64, rows with a code, by code
    starts, codes : int64 (n_groups,), first place in `rows` and code of each group
    """

    rows: IntArray
    starts: IntArray
    codes: IntArray
    n_codes: int

    @classmethod
    def of(cls, code: IntArray, n_codes: int) -> CodeGroups:
        """Group the rows of codes from 0, int64 (n,); −1 for none."""
        rows = np.argsort(code, kind="stable")
        rows = rows[code[rows] >= 0]
        starts = np.flatnonzero(np.diff(code[rows], prepend=-1))
        return cls(rows, starts, code[rows[starts]], n_codes)

    def find_funded_codes(self, funded: BoolArray) -> IntArray:
        """Return whether each list funds some row of each code, int64 (n_codes, k); funded : bool (n, k)."""
        reached = np.zeros((self.n_codes, funded.shape[1]), dtype=np.int64)
        if len(self.rows):
            reached[self.codes] = np.logical_or.reduceat(funded[self.rows], self.starts, axis=0)
        return reached


@dataclass(frozen=True, slots=True, eq=False)
class Counters:
    """Data to count lists of one table.

    Attributes
    ----------
    people : int64 (n_applicants,), inhabitants of the applicants; None if the table has none
    reached : communes that each application reaches, with their inhabitants; None without a map
    communes : rows of `reached` by commune; None without a map
    applicants, departments : rows by applicant and by department
    """

    people: IntArray | None
    reached: Once | None
    communes: CodeGroups | None
    applicants: CodeGroups
    departments: CodeGroups

    @classmethod
    def of(cls, problem: Problem) -> Counters:
        """Build the counters of a problem's applications."""
        case = problem.case
        applicant = encode_keys(case, "applicant_id", fallback=True)
        known = case.table["population"]
        people = None
        if known.null_count() < case.n:
            people = np.zeros(int(applicant.max(initial=-1)) + 1, dtype=np.int64)
            np.maximum.at(people, applicant, known.cast(pl.Int64).fill_null(0).to_numpy())
        department = case.portfolio.memoise(
            ("department codes",), lambda: _encode_names(case.table["department"]), ("department",)
        )
        reach = find_reached_communes(case)
        reached = None if reach is None else reach.build_once(np.ones(case.n, dtype=np.bool_))
        communes = None if reached is None else CodeGroups.of(reached.key, len(reached.worth))
        applicants = CodeGroups.of(applicant, int(applicant.max(initial=-1)) + 1)
        departments = CodeGroups.of(department, int(department.max(initial=-1)) + 1)
        return cls(people, reached, communes, applicants, departments)

    @property
    def n_departments(self) -> int:
        """Return the number of departments of the table."""
        return self.departments.n_codes

    def count_population(self, funded: BoolArray) -> IntArray | None:
        """Return the inhabitants of the applicants of each list, int64 (k,), each applicant once.

        `funded` is bool (n, k).
        """
        if self.people is None:
            return None
        return np.asarray(self.people @ self.applicants.find_funded_codes(funded))

    def count_inhabitants(self, funded: BoolArray) -> list[int | None]:
        """Return the inhabitants of the communes each list reaches, each commune once; funded : bool (n, k)."""
        if self.reached is None or self.communes is None:
            return [None] * funded.shape[1]
        held = self.communes.find_funded_codes(funded[self.reached.row])
        return list((self.reached.worth @ held).tolist())

    def count_departments(self, funded: BoolArray) -> IntArray:
        """Return the number of departments that each list reaches, int64 (k,)."""
        return self.departments.find_funded_codes(funded).sum(axis=0)


def _encode_names(names: pl.Series) -> IntArray:
    """Encode names from 0 by first appearance; −1 for an empty name."""
    known = names.set(names == "", None).alias("name")
    kinds = known.drop_nulls().unique(maintain_order=True)
    codes = pl.DataFrame({"name": kinds, "code": np.arange(len(kinds))})
    found = known.to_frame().join(codes, on="name", how="left", maintain_order="left")["code"]
    return found.fill_null(-1).to_numpy()


def list_figures(counters: Counters, problem: Problem, allocation: Allocation) -> dict[str, Any]:
    """Return the figures of one list, as keys of `FundedCurvePoint`; those of an envelope include all below it."""
    reading = read_allocation(problem, allocation)
    funded = allocation.funded[:, None]
    people = counters.count_population(funded)
    return {
        "granted_cents": reading.granted_cents,
        "n_funded": int(allocation.funded.sum()),
        "n_new": int((allocation.funded & ~problem.offers.committed).sum()),
        "population": None if people is None else int(people[0]),
        "inhabitants": counters.count_inhabitants(funded)[0],
        "n_departments": int(counters.count_departments(funded)[0]),
        "envelopes": _build_envelope_entries(problem, allocation, reading),
        "allocation_sha256": hash_allocation(problem, allocation),
    }


def _build_envelope_entries(
    problem: Problem, allocation: Allocation, reading: AllocationReading
) -> list[SweepEnvelopeEntry]:
    """Return one entry per written envelope; parts of a split are included in it."""
    tree, node = problem.case.tree, problem.case.node
    written = {spec.id for spec, _ in problem.scenario.spec.programme.walk()}
    held = allocation.funded & (node >= 0)
    counts = tree.sum_subtrees(np.bincount(node[held], minlength=tree.n_nodes).tolist())
    money = reading.envelopes
    return [
        SweepEnvelopeEntry(
            id=name,
            parent=tree.ids[int(tree.parent[k])] if k else None,
            title=tree.titles[k],
            amount_cents=tree.written_cents[k],
            effective_cents=money.effective_cents[k],
            granted_cents=money.granted_cents[k],
            n_funded=counts[k],
        )
        for k, name in enumerate(tree.ids)
        if name in written
    ]


def build_step_columns(counters: Counters, steps: SweepSteps) -> dict[str, list[Any]]:
    """Return the figures of every step, by column."""
    offers = steps.problem.offers
    amount = np.where(offers.committed, offers.committed_cents, offers.most_cents)
    document: dict[str, list[Any]] = {
        name: [] for name in ("n_funded", "granted_cents", "population", "inhabitants", "n_departments")
    }
    for start in range(0, len(steps.cents), CHUNK):
        funded = steps.funded[:, start : start + CHUNK]
        document["n_funded"] += funded.sum(axis=0).tolist()
        document["granted_cents"] += (amount @ funded).tolist()
        people = counters.count_population(funded)
        document["population"] += [None] * funded.shape[1] if people is None else people.tolist()
        document["inhabitants"] += counters.count_inhabitants(funded)
        document["n_departments"] += counters.count_departments(funded).tolist()
    return document
