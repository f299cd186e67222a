"""Interfaces of a rule: the data it reads, the rows it writes, the figures it reports.

A rule knows no matrix and no solver. It writes linear rows through a `RowBuilder`, which the formulation
implements, and it evaluates an allocation in exact integers. Both use the same `Terms` (`linear_terms.py`,
whose names are re-exported here), so that the model and the exact check cannot differ in what they count.

An `OpenQuestion` is a choice that the data leave open and that a planner must make before a list is signed.
It never changes an allocation and never stops a run. An entry of `accept` in the scenario settles it, by its
id and the number of dossiers concerned; if that number changes, the question is open again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from itertools import repeat
from typing import Protocol, Self, overload

import numpy as np
import polars as pl

from tnt_sim.domain.budget_tree import Tree
from tnt_sim.domain.portfolio import Portfolio
from tnt_sim.domain.territory import Territory, load_territory
from tnt_sim.errors import Defects, Place
from tnt_sim.i18n.message import Text, _
from tnt_sim.rules.linear_terms import (
    SAFE_SUM,
    BoolArray,
    Groups,
    IntArray,
    Once,
    Terms,
    Unit,
    combine,
    find_common_scale,
    multiply_checked,
    round_to_steps,
    sum_by_group,
    sum_exactly,
)

__all__ = [
    "SAFE_SUM",
    "BoolArray",
    "Case",
    "CompiledRule",
    "GroupReadings",
    "IntArray",
    "Locate",
    "Mode",
    "Numeric",
    "Once",
    "Path",
    "Penalty",
    "Reading",
    "RowBuilder",
    "RowKind",
    "RowLabel",
    "RuleReading",
    "Sense",
    "Soft",
    "Terms",
    "Unit",
    "combine",
    "find_common_scale",
    "multiply_checked",
    "round_to_steps",
    "sum_by_group",
    "sum_exactly",
]


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """One choice that the data leave to the planner.

    Attributes
    ----------
    id : kind of question and the rule or column concerned: `not_given/avis`
    text : what is open, and which answer the run assumes for now
    remedy : what settles it in the data or in the scenario
    dossiers : numbers of the dossiers concerned; empty when the question is about a condition
    """

    id: str
    text: Text
    remedy: Text
    dossiers: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Number of dossiers concerned."""
        return len(self.dossiers)


Path = tuple[str | int, ...]
"""Keys and list positions that lead to a value of the scenario: `("rules", "quart", "min")`."""
Locate = Callable[[Path], Place]
"""Gives the file, line and key of a scenario value."""


class Sense(StrEnum):
    """The direction of an objective, of a model or of one stage."""

    MAXIMISE = "maximise"
    MINIMISE = "minimise"


class Mode(StrEnum):
    """How binding a rule is: a hard constraint, a priced violation, or a figure that is only reported."""

    HARD = "hard"
    PENALTY = "penalty"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Numeric:
    """An exact numeric column: value = scale · values, both int64 (n,) and exact, where `missing` is False."""

    values: IntArray
    missing: BoolArray
    scale: Fraction
    unit: Unit


@dataclass(frozen=True)
class Case:
    """The data that rules are compiled against: the dossiers, the envelope tree and the day of the decision.

    Attributes
    ----------
    portfolio : the dossiers in canonical order; n of them
    tree : the envelopes
    node : int64 (n,), node of the envelope that each dossier asks from, -1 if none
    day : day of the decision, or None when the scenario gives none
    timezone : name of the time zone in which instants become days
    locate : gives the place in the files of a scenario value, by its path
    defects, warnings : collectors, filled while rules are compiled
    side : side tables that the scenario names, by the path of the value that names them
    map_year : year of the scenario's map of France, or None when it has none
    waived : bool (n,) by id of an entry, the dossiers that a waiver exempts from it
    exact_columns : columns whose spellings are never merged
    absent_allowed : columns for which a condition may name values that no dossier has
    questions : open questions, filled while rules are compiled
    columns_read : columns whose values were compared as texts, filled while rules are compiled
    wants_notices : False if nobody reads warnings and open questions, which then may be left out
    keeps_clashes : whether a rule that nothing can satisfy is compiled all the same, its defect recorded
    """

    portfolio: Portfolio
    tree: Tree
    node: IntArray
    day: date | None
    timezone: str
    locate: Locate
    defects: Defects = field(default_factory=Defects)
    warnings: Defects = field(default_factory=Defects)
    side: Mapping[Path, pl.DataFrame] = field(default_factory=dict)
    map_year: int | None = None
    waived: Mapping[str, BoolArray] = field(default_factory=dict)
    exact_columns: frozenset[str] = frozenset()
    absent_allowed: frozenset[str] = frozenset()
    questions: list[OpenQuestion] = field(default_factory=list)
    columns_read: set[str] = field(default_factory=set)
    wants_notices: bool = True
    keeps_clashes: bool = False

    def is_exact(self, column: str) -> bool:
        """Return whether the values of a column are compared exactly as written."""
        return column in self.exact_columns

    def leave_open(self, question_id: str, text: Text, remedy: Text, rows: IntArray | None = None) -> None:
        """Record an open question, at most once per id.

        `rows` are the dossiers concerned; with an empty array the question does not arise and nothing is
        recorded.
        """
        if rows is not None and not len(rows):
            return
        names = () if rows is None else tuple(self.table["dossier"].gather(rows).to_list())
        if all(known.id != question_id for known in self.questions):
            self.questions.append(OpenQuestion(question_id, text, remedy, names))

    def select_applicable(self, entry: str) -> BoolArray:
        """Return the dossiers to which an entry applies, bool (n,): all except the waived ones."""
        return ~self.waived[entry] if entry in self.waived else np.ones(self.n, dtype=np.bool_)

    @property
    def map(self) -> Territory | None:
        """The scenario's map of France, or None when it has none."""
        return None if self.map_year is None else load_territory(self.map_year)

    @property
    def table(self) -> pl.DataFrame:
        """The table of dossiers, one row each."""
        return self.portfolio.table

    @property
    def n(self) -> int:
        """Number of dossiers."""
        return self.portfolio.table.height

    def memoise[T](self, name: tuple[object, ...], read: Callable[[Case], T], columns: Collection[str]) -> T:
        """Return `read(case)`, computed once by the portfolio, and note the columns that it compared as texts.

        A later version of the scenario, which finds the value kept, so warns of the same merged spellings.
        """

        def read_noting() -> tuple[T, frozenset[str]]:
            case = replace(self, columns_read=set())
            value = read(case)
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
            return value, frozenset(case.columns_read)

        value, compared = self.portfolio.memoise(name, read_noting, columns)
        self.columns_read.update(compared)
        return value

    def record_defect(
        self, code: str, text: Text, path: Path, hint: Text | None = None, subject: tuple[str, ...] = ()
    ) -> None:
        """Record a defect of the scenario at one of its values."""
        self.defects.add(code, text, self.locate(path), hint=hint, subject=subject)

    @contextmanager
    def guard_overflow(self, path: Path) -> Iterator[None]:
        """Record a defect at `path` when integers in the `with` block overflow 64 bits."""
        try:
            yield
        except OverflowError:
            self.record_defect(
                "too-large",
                _("these numbers, multiplied, leave what is computed exactly (64 bits)."),
                path,
                _("Take smaller weights, prices or units, or ones with fewer decimals."),
            )


class RowKind(StrEnum):
    """Origin of a row of the model: an envelope, a rule, or an auxiliary link between columns."""

    ENVELOPE = "envelope"
    RULE = "rule"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class RowLabel:
    """Name of a row in the planner's terms, written `kind:id:group:side`."""

    kind: RowKind
    id: str
    group: str | None = None
    side: str = ""

    def __str__(self) -> str:
        parts = [self.kind, self.id, *([self.group] if self.group else [])]
        return ":".join(parts) + (f":{self.side}" if self.side else "")


@dataclass(frozen=True, slots=True)
class Soft:
    """Price of violating a row, in the value of one stage per unit of the row's measure.

    `stage` counts from 0. The price always worsens the stage, whether it is maximised or minimised.
    """

    stage: int
    price: Fraction


class RowBuilder(Protocol):
    """Receiver of the columns and rows that rules write; the formulation implements it.

    The 0-1 column x_i says whether dossier i is funded. A column is referred to by an integer handle.
    """

    def add_column(self, name: str, lower: int, upper: int, unit: Fraction = Fraction(1)) -> int:
        """Add an integer column with lower ≤ column ≤ upper and return its handle; 1 of it is worth `unit`."""

    def add_shared_column(self, name: str, lower: int, upper: int, unit: Fraction = Fraction(1)) -> int:
        """Return the column of that name; add it on the first call."""

    def add_rows(
        self,
        labels: Sequence[RowLabel],
        terms: Terms,
        codes: IntArray | None,
        lower: Sequence[int | None],
        upper: Sequence[int | None],
        extra: Sequence[tuple[int, int, int]] = (),
        soft: Soft | None = None,
        wide: bool = False,
    ) -> None:
        """Add one row per group: lower ≤ Σ integer terms + Σ coefficient · column ≤ upper.

        Parameters
        ----------
        labels : one per group
        terms : the sum over dossiers, in steps of `terms.scale`
        codes : int64 (n,), group of each dossier, -1 in none; None puts every dossier in group 0
        lower, upper : one per group, in steps of `terms.scale`; None means no bound
        extra : entries (group, column, coefficient) on further columns
        soft : price per unit of `terms.scale` by which a row is violated; None makes the rows hard
        wide : allow one one-sided row whose integers are too long for the solver to be rounded outwards,
            which relaxes it. The rule must then cut off the points that its exact reading refuses.
        """

    def add_link(
        self,
        name: str,
        entries: Sequence[tuple[int, int]],
        upper: int,
        lower: int | None = None,
        *,
        is_money: bool = False,
    ) -> None:
        """Add a row over columns only: lower ≤ Σ coefficient · column ≤ upper.

        `entries` are (column, coefficient), in cents where the row `is_money`.
        """

    def add_links(
        self,
        name: str,
        row: IntArray,
        column: IntArray,
        value: IntArray,
        lower: int | None,
        upper: int | None,
    ) -> None:
        """Add many rows over columns only, with the same bounds.

        The entries are (row from 0, column, coefficient).
        """

    def get_funded_column(self, dossier: int) -> int | None:
        """Return the handle of x_i; None when the dossier is settled (committed, or not a candidate)."""

    def get_funded_columns(self) -> IntArray:
        """Return the handles of all x_i, int64 (n,), -1 where the dossier is settled."""

    def list_option_columns(self, dossier: int) -> list[tuple[int, int]]:
        """Return (column, amount in cents) of each level of a dossier, amounts ascending."""

    def add_price(self, column: int, stage: int, price: Fraction) -> None:
        """Charge `add_price` of the value of a stage (counted from 0) per unit of a column."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure of a rule on an allocation, exact: value = num / den, with its bounds.

    `lowered` says that the minimum was reduced to what the group's eligible dossiers can reach.
    """

    group: str | None
    num: int
    den: int
    minimum: Fraction | None
    maximum: Fraction | None
    lowered: bool = False

    @property
    def value(self) -> Fraction | None:
        """num / den, or None when the denominator is 0."""
        return None if self.den == 0 else Fraction(self.num, self.den)

    @property
    def slack(self) -> Fraction | None:
        """Distance to the nearest bound: negative when it is violated, None without a bound or a value."""
        value = self.value
        if value is None:
            return None
        gaps = []
        if self.minimum is not None:
            gaps.append(value - self.minimum)
        if self.maximum is not None:
            gaps.append(self.maximum - value)
        return min(gaps) if gaps else None

    @property
    def holds(self) -> bool:
        """Whether minimum ≤ num / den ≤ maximum, decided in integers.

        A figure with denominator 0 satisfies both.
        """
        num, den = (self.num, self.den) if self.den > 0 else (-self.num, -self.den)
        low, high = self.minimum, self.maximum
        return den == 0 or not (
            (low is not None and num * low.denominator < low.numerator * den)
            or (high is not None and num * high.denominator > high.numerator * den)
        )


class GroupReadings(Sequence[Reading]):
    """The figures of one rule's groups as columns; indexing makes a `Reading`.

    A rule by applicant has thousands of groups, and a study reads thousands of allocations.

    >>> figures = GroupReadings(["a", "b"], [3, 5], 2, [None, None], [Fraction(2), Fraction(2)], [False, False])
    >>> figures[1].slack, figures.is_within_bounds()
    (Fraction(-1, 2), False)
    """

    __slots__ = ("_den", "_groups", "_lowered", "_maximum", "_minimum", "_nums")

    def __init__(
        self,
        groups: Sequence[str | None],
        nums: Sequence[int],
        den: int,
        minimum: Sequence[Fraction | None],
        maximum: Sequence[Fraction | None],
        lowered: Sequence[bool],
    ) -> None:
        """Keep one sum for each group, in steps of 1 / den, where den > 0."""
        self._groups, self._nums, self._den = groups, nums, den
        self._minimum, self._maximum, self._lowered = minimum, maximum, lowered

    def __len__(self) -> int:
        return len(self._nums)

    @overload
    def __getitem__(self, place: int) -> Reading: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Reading, ...]: ...
    def __getitem__(self, place: int | slice) -> Reading | tuple[Reading, ...]:
        if isinstance(place, slice):
            return tuple(self)[place]
        bounds = self._minimum[place], self._maximum[place]
        return Reading(self._groups[place], self._nums[place], self._den, *bounds, self._lowered[place])

    def __iter__(self) -> Iterator[Reading]:
        bounds = self._minimum, self._maximum
        return map(Reading, self._groups, self._nums, repeat(self._den), *bounds, self._lowered)

    def __eq__(self, other: object) -> bool:
        return tuple(self) == (tuple(other) if isinstance(other, GroupReadings) else other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def is_within_bounds(self) -> bool:
        """Return whether minimum ≤ num / den ≤ maximum in every group, decided in integers."""
        nums, den = self._nums, self._den
        return _hold(nums, den, self._minimum, 1) and _hold(nums, den, self._maximum, -1)


def _hold(nums: Sequence[int], den: int, bounds: Sequence[Fraction | None], sign: int) -> bool:
    """Return whether sign · num / den ≥ sign · bound in every group; a group without a bound holds."""
    first = bounds[0] if bounds else None
    if all(bound is first for bound in bounds):  # one bound for all: the nearest sum decides
        nearest = min(nums, default=0) if sign > 0 else max(nums, default=0)
        nums, bounds = [nearest], [first]
    return all(
        bound is None or sign * num * bound.denominator >= sign * bound.numerator * den
        for num, bound in zip(nums, bounds, strict=True)
    )


@dataclass(frozen=True, slots=True)
class RuleReading:
    """All figures of one rule on one allocation.

    `broken` is the distance where it is not the sum of the violated slacks; see `distance`.
    """

    id: str
    kind: str
    mode: Mode
    readings: Sequence[Reading]
    grouped: bool
    broken: Fraction | None = None

    @property
    def distance(self) -> Fraction:
        """Total violation in the unit that the rule's penalty prices: 0 when the rule is satisfied."""
        if self.broken is not None:
            return self.broken
        return sum((-r.slack for r in self.readings if r.slack is not None and r.slack < 0), Fraction(0))

    @property
    def holds(self) -> bool:
        """Whether every figure lies within its bounds."""
        if isinstance(self.readings, GroupReadings):
            return self.readings.is_within_bounds()
        return all(reading.holds for reading in self.readings)

    def find_tightest(self) -> int:
        """Return the place of the figure with the least slack, which represents the rule in reports."""
        slacks = {place: reading.slack for place, reading in enumerate(self.readings)}
        known = {place: slack for place, slack in slacks.items() if slack is not None}
        return min(known, key=known.__getitem__, default=0)


@dataclass(frozen=True, slots=True)
class Penalty:
    """Price of violating a rule: `price` of the value of stage `stage` (from 0) per unit of distance."""

    stage: int
    price: Fraction

    @property
    def soft(self) -> Soft:
        """The same price in the form that `RowBuilder.rows` takes."""
        return Soft(self.stage, self.price)


class CompiledRule(Protocol):
    """A rule resolved on the dossiers of a scenario.

    A hard rule writes `build_rows`. A rule with a penalty, or whose shortfall is an objective, writes
    `build_soft_rows`. A rule that is only reported writes nothing. All of them are evaluated by `read`.
    """

    @property
    def id(self) -> str:
        """Id of the rule in the scenario."""

    @property
    def kind(self) -> str:
        """Kind of the rule, such as `limit`."""

    @property
    def mode(self) -> Mode:
        """How binding the rule is."""

    @property
    def penalty(self) -> Penalty | None:
        """Price of violating the rule, or None."""

    def build_rows(self, builder: RowBuilder) -> None:
        """Write the hard rows of the rule."""

    def build_soft_rows(self, builder: RowBuilder, soft: Soft) -> None:
        """Write rows that may be violated, at a price per unit of `RuleReading.distance`."""

    def read(self, funded: BoolArray, granted_cents: IntArray) -> RuleReading:
        """Evaluate the rule on an allocation, in exact integers.

        Parameters
        ----------
        funded : bool (n,), the funded dossiers
        granted_cents : int64 (n,), the grants, 0 where a dossier is not funded
        """

    @property
    def is_between(self) -> bool:
        """Whether the rule relates dossiers to each other, so that one may exclude another."""

    @property
    def has_distance(self) -> bool:
        """Whether the violation of the rule can be measured and made smaller."""

    def record_no_distance(self, case: Case, name: str, path: Path) -> None:
        """Record, where the rule has no distance, that the goal `name` cannot make it smaller."""

    @property
    def distance_unit(self) -> Unit:
        """Unit of `RuleReading.distance`."""

    @property
    def queue_names(self) -> tuple[str, ...]:
        """Ids of the envelopes whose written amount decides which dossiers the rule lets in."""

    def find_blocking_dossiers(self, funded: BoolArray, granted_cents: IntArray) -> IntArray:
        """Return for each unfunded dossier one that keeps it out by this rule, -1 for none: int64 (n,)."""

    def build_cuts(
        self, funded: BoolArray, granted_cents: IntArray
    ) -> Sequence[tuple[BoolArray, BoolArray]] | None:
        """Return cuts that exclude an allocation which the rule's rows allow and its reading refuses.

        Each cut is a pair of masks, bool (n,): some dossier of the first must enter, or some of the second
        must leave. None where the choice of dossiers does not decide.
        """

    def list_group_sums(self) -> tuple[IntArray, tuple[Terms, ...]] | None:
        """Return the group of each dossier and the sums whose figures are the rule's reading.

        One sum is the figure itself; two in one scale are its numerator and denominator. None where adding
        a dossier changes the figure in another way.
        """

    def list_limits(self) -> tuple[LimitedSum, ...]:
        """Return the rule as limits of linear sums, () where it binds as a whole."""

    def widen(self, wider: CompiledRule) -> CompiledRule:
        """Return the rule with the sums of `wider`, the same rule on more dossiers, and its own bounds."""

    def get_rate_bound(self, side: str) -> Fraction | None:
        """Return the share that the rule demands on a side, `min` or `max`; None where it is no share."""


class LimitedSum(CompiledRule, Protocol):
    """A rule that bounds a linear sum by group: a `limit`, or a part of another rule written as one."""

    @property
    def terms(self) -> Terms:
        """The sum."""

    @property
    def groups(self) -> Groups:
        """The group of each dossier."""

    @property
    def minimum(self) -> tuple[Fraction | None, ...]:
        """The minimum of each group, in the sum's unit."""

    @property
    def maximum(self) -> tuple[Fraction | None, ...]:
        """The maximum of each group, in the sum's unit."""


class RuleDefaults:
    """A compiled rule's answers where its kind says nothing else; every kind inherits them.

    By default a rule relates no dossiers, has a distance without a unit, reads no amount of an envelope and
    binds as a whole.
    """

    __slots__ = ()

    @property
    def is_between(self) -> bool:
        """False."""
        return False

    @property
    def has_distance(self) -> bool:
        """True."""
        return True

    def record_no_distance(self, case: Case, name: str, path: Path) -> None:
        """Record it in general words."""
        text = _('"{name}": this rule has no distance to make smaller.', name=name)
        case.record_defect("shortfall", text, path)

    @property
    def distance_unit(self) -> Unit:
        """A plain number."""
        return Unit.NUMBER

    @property
    def queue_names(self) -> tuple[str, ...]:
        """The empty tuple."""
        return ()

    def find_blocking_dossiers(self, funded: BoolArray, granted_cents: IntArray) -> IntArray:
        """Return -1 for every dossier."""
        return np.full(len(funded), -1, dtype=np.int64)

    def build_cuts(
        self, funded: BoolArray, granted_cents: IntArray
    ) -> Sequence[tuple[BoolArray, BoolArray]] | None:
        """Return no cut."""
        return ()

    def list_group_sums(self) -> tuple[IntArray, tuple[Terms, ...]] | None:
        """Return None."""
        return None

    def list_limits(self) -> tuple[LimitedSum, ...]:
        """Return no limit."""
        return ()

    def widen(self, wider: CompiledRule) -> Self:
        """Return the rule itself."""
        return self

    def get_rate_bound(self, side: str) -> Fraction | None:
        """Return None."""
        return None
