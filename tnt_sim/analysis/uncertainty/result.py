"""Summary of an ensemble of draws: frequencies, risk measures, robust lists, overprogramming, sensitivity.

For values v_1 … v_n, better when larger (or negated)::

    VaR_α    value that a share α of the draws falls short of or reaches
    CVaR_α   mean of the worst α·n draws, the last one counted in part

Source: R. T. Rockafellar and S. Uryasev, "Optimization of conditional value-at-risk", Journal of
Risk 2 (2000).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tnt_sim.analysis.shared.progress import ProgressEntry
from tnt_sim.analysis.shared.study_answer import StudyAnswer
from tnt_sim.analysis.uncertainty.document import (
    DrawnDossier,
    DrawnEnvelope,
    EnsembleDocument,
    ListOverDraws,
    PaymentEntry,
    Risk,
    RiskLimits,
    SensitivityEntry,
)
from tnt_sim.analysis.uncertainty.draw_task import Ground, Sample
from tnt_sim.analysis.uncertainty.runner import Draws
from tnt_sim.documents import TableRows
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.kinds.schedule.rule import ScheduleSpec
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.run_document import format_fraction

TAIL, TENTHS = Fraction(1, 10), 10
UNKNOWN = "unknown"
CORE, EXTERIOR = Fraction(95, 100), Fraction(5, 100)
"""Share of draws from which an application is core, and up to which it is exterior; between, borderline."""
RISK = Fraction(5, 100)
"""Accepted probability that payments exceed the money."""


def compute_risk(values: Sequence[Fraction], *, best_is_high: bool, tail: Fraction = TAIL) -> Risk:
    """Compute the risk measures of equally likely values.

    Parameters
    ----------
    best_is_high : whether larger values are better
    tail : share α of the worst draws for `var` and `cvar`

    >>> compute_risk([Fraction(v) for v in range(1, 21)], best_is_high=True).cvar
    Fraction(3, 2)
    """
    ordered = sorted(values, reverse=not best_is_high)
    n = len(ordered)
    weight = tail * n
    whole = math.floor(weight)
    total = sum(ordered[:whole], Fraction(0)) + (weight - whole) * ordered[min(whole, n - 1)]
    return Risk(
        mean=sum(ordered, Fraction(0)) / n,
        least=min(ordered),
        most=max(ordered),
        var=ordered[max(0, math.ceil(weight) - 1)],
        cvar=total / weight,
    )


@dataclass(frozen=True, slots=True)
class ValueRange:
    """Range of n values: least and greatest, and those with a tenth of the values beyond each, where n has tenths.

    Attributes
    ----------
    limits : least, low, high and most
    median : the middle value, or the mean of the two in the middle
    n_inside : values from low to high
    """

    limits: tuple[Fraction, Fraction, Fraction, Fraction]
    median: Fraction
    n_inside: int
    n: int


def compute_range(values: Sequence[Fraction]) -> ValueRange:
    """Compute the range of values; one of fewer than ten is whole.

    >>> compute_range([Fraction(v) for v in range(1, 13)]).n_inside
    10
    """
    ordered, n = sorted(values), len(values)
    beyond = n // TENTHS
    low, high = ordered[beyond], ordered[n - 1 - beyond]
    return ValueRange(
        (ordered[0], low, high, ordered[-1]),
        (ordered[(n - 1) // 2] + ordered[n // 2]) / 2,
        sum(low <= value <= high for value in ordered),
        n,
    )


def count_funded_draws(rows: Sequence[NDArray[np.int32]], n: int) -> IntArray:
    """Count the draws in which each of `n` applications is funded, int64 (n,)."""
    counted = np.zeros(n, dtype=np.int64)
    for part in rows:
        counted[part] += 1
    return counted


def classify_frequency(times: int, n_draws: int) -> str:
    """Classify an application by its share of draws: `core`, `borderline` or `exterior`."""
    share = Fraction(times, n_draws)
    return "core" if share >= CORE else "exterior" if share <= EXTERIOR else "borderline"


def compute_overprogramming(granted_cents: int, paid_cents: Sequence[int]) -> Fraction | None:
    """Compute the share s above the money M that may be promised with P(paid > M) ≤ `RISK`.

    If granting G pays p_1 … p_n, promising M·(1 + s) in the same proportions pays p_j·M·(1 + s)/G,
    which exceeds M when p_j·(1 + s) > G. With p* the greatest p_j that must not exceed it, s = G/p*
    − 1.

    Parameters
    ----------
    granted_cents : G
    paid_cents : p_j, one per draw
    """
    ordered = sorted(paid_cents, reverse=True)
    allowed = math.floor(RISK * len(ordered))
    critical = ordered[min(allowed, len(ordered) - 1)]
    return None if critical <= 0 else Fraction(granted_cents, critical) - 1


def evaluate_list(
    name: str,
    read: Sequence[tuple[Fraction, int, bool]],
    best: Sequence[tuple[Fraction, Fraction]],
    *,
    best_is_high: bool,
) -> ListOverDraws:
    """Evaluate a list from its readings in each draw and the limits of the optimal value of each draw."""
    values = [value for value, _, _ in read]
    sign = 1 if best_is_high else -1
    regrets = [
        sorted((sign * (low - value), sign * (high - value)))
        for (low, high), value in zip(best, values, strict=True)
    ]
    return ListOverDraws(
        name=name,
        risk=compute_risk(values, best_is_high=best_is_high),
        worst_regret=max([Fraction(0), *(least for least, _ in regrets)]),
        worst_regret_upto=max([Fraction(0), *(most for _, most in regrets)]),
        holds=Fraction(sum(holds for _, _, holds in read), len(read)),
        ahead=any(holds and most < 0 for (_, most), (_, _, holds) in zip(regrets, read, strict=True)),
    )


def estimate_total_effect(base: Sequence[Fraction], mixed: Sequence[Fraction]) -> Fraction | None:
    """Estimate the total Sobol index of an input from draws in which only that input was resampled.

        S_T = Σ (f(A) − f(A with i from B))² / (2 n Var f)

    None without variance. Source: M. J. W. Jansen, "Analysis of variance designs for model output",
    Computer Physics Communications 117 (1999).
    """
    n = len(base)
    mean = sum(base, Fraction(0)) / n
    variance = sum(((value - mean) ** 2 for value in base), Fraction(0)) / n
    if not variance:
        return None
    moved = sum(((one - other) ** 2 for one, other in zip(base, mixed, strict=True)), Fraction(0))
    return moved / (2 * n * variance)


@dataclass(frozen=True, eq=False)
class EnsembleTables(StudyAnswer):
    """Ensemble of draws with its summary tables.

    Attributes
    ----------
    sample : identity of the draws
    ground : scenario and its uncertain inputs
    draws : result of each draw
    """

    sample: Sample
    ground: Ground
    draws: Draws

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.ground.scenario.id}: {self.sample.n_draws} draws>"

    @property
    def problem(self) -> Problem:
        """Return the problem without uncertainty."""
        return self.ground.problem

    @property
    def lang(self) -> Lang:
        """Return the language of the scenario."""
        return Lang(self.problem.scenario.spec.locale)

    @property
    def n_draws(self) -> int:
        """Return the number of draws with an optimum."""
        return len(self.draws.numbers)

    @property
    def n_bounded(self) -> int:
        """Return the number of draws whose optimum is known within limits only."""
        return len(self.draws.bounded)

    @property
    def n_failed(self) -> int:
        """Return the number of draws that were tried, and have neither an optimum nor limits of it."""
        return len(self.draws.solved.keys() - self.draws.intervals.keys())

    @property
    def best_is_high(self) -> bool:
        """Whether the first objective is maximised."""
        return self.problem.stages[0].sense is Sense.MAXIMISE

    @property
    def without_dossier(self) -> list[str]:
        """Return the inputs whose `where` matches no application."""
        return [one.spec.id for one in self.ground.inputs if not len(one.rows)]

    @cached_property
    def values(self) -> list[Fraction]:
        """Return the optimal value of each draw, decided with hindsight."""
        return [optimum.value for optimum in self.draws.optima.values()]

    @cached_property
    def risk(self) -> Risk | None:
        """Return the risk measures of these values; None without a draw."""
        return compute_risk(self.values, best_is_high=self.best_is_high) if self.values else None

    @cached_property
    def risk_limits(self) -> tuple[Risk, Risk] | None:
        """Return limits of the risk measures over the optimised and the bounded draws; None without a bounded one.

        Each measure grows with the value of any draw, so that the least values give its lower limit.
        """
        if not self.n_bounded:
            return None
        limits = self.draws.intervals.values()
        low, high = ([pair[end] for pair in limits] for end in (0, 1))
        up = self.best_is_high
        return compute_risk(low, best_is_high=up), compute_risk(high, best_is_high=up)

    @cached_property
    def dossiers(self) -> pl.DataFrame:
        """Return one row per application in play: `dossier`, `planned`, `times`, `share`, `classify_frequency`.

        Candidates, committed applications, and any other that some draw funds. `share` is of the optimised draws;
        `share_low` and `share_high` are its limits over these and the bounded ones. `standing` is `unknown` where
        the limits leave it open.
        """
        offers, case = self.problem.offers, self.problem.case
        rows = [optimum.rows for optimum in self.draws.optima.values()]
        times = count_funded_draws(rows, case.n)
        planned = np.zeros(case.n, dtype=np.bool_)
        if self.draws.plan.allocation is not None:
            planned = self.draws.plan.allocation.funded
        visited = offers.in_play | (times > 0)
        n = self.n_draws + self.n_bounded
        least, most = self._count_limits(times)
        named = np.array([classify_frequency(count, max(1, n)) for count in range(n + 1)])
        standing = np.where((named[least] == named[most]) & (n > 0), named[least], UNKNOWN)

        def divide(counted: IntArray, n_draws: int) -> pl.Series:
            return pl.Series(counted / n_draws if n_draws else [None] * case.n, dtype=pl.Float64)

        table = case.table.select(
            "dossier", "title", "envelope", "department", "applicant_type"
        ).with_columns(
            pl.Series("planned", planned),
            pl.Series("times", times),
            divide(times, self.n_draws).alias("share"),
            divide(least, n).alias("share_low"),
            divide(most, n).alias("share_high"),
            pl.Series("standing", standing),
        )
        return table.filter(pl.Series(visited)).sort("times", "dossier", descending=[True, False])

    def build_draw_table(self) -> pl.DataFrame:
        """Return one row per optimised draw: its number, the exact value, who is funded and what is left."""
        optima = self.draws.optima
        return pl.DataFrame(
            {
                "draw": list(optima),
                "value": [format_fraction(one.value) for one in optima.values()],
                "n_funded": [len(one.rows) for one in optima.values()],
                "unspent_cents": [int(one.unspent_cents[0]) for one in optima.values()],
            },
            schema={"draw": pl.Int64, "value": pl.String, "n_funded": pl.Int64, "unspent_cents": pl.Int64},
        )

    def _count_limits(self, times: IntArray) -> tuple[IntArray, IntArray]:
        """Return in how many optimised or bounded draws each application is funded, at least and at most."""
        n = self.problem.case.n
        least, most = times.copy(), times + self.n_bounded
        for one in self.draws.bounded.values():
            least += np.unpackbits(one.sure, count=n)
            most -= np.unpackbits(one.excluded, count=n)
        return least, most

    @cached_property
    def fixed_lists(self) -> tuple[ListOverDraws, ...]:
        """Return the evaluations of the lists decided beforehand, `plan` first."""
        intervals = self.draws.intervals
        numbers = [number for number in intervals if number in self.draws.read]
        if not numbers:
            return ()
        best = [intervals[number] for number in numbers]
        return tuple(
            evaluate_list(
                name, [self.draws.read[n][k] for n in numbers], best, best_is_high=self.best_is_high
            )
            for k, name in enumerate(self.draws.lists)
        )

    @cached_property
    def robust(self) -> dict[str, str]:
        """Name the `steady` lists with the best mean, best CVaR and least worst regret; ties to the first.

        A list that breaks a rule in some draw may gain value from that, and is excluded. The least regret is named
        only where all regrets are exact.
        """
        lists = self.steady
        if not lists:
            return {}
        sign = 1 if self.best_is_high else -1
        named = {
            "average": max(lists, key=lambda one: sign * one.risk.mean).name,
            "cvar": max(lists, key=lambda one: sign * one.risk.cvar).name,
        }
        if all(one.worst_regret == one.worst_regret_upto for one in lists):
            named["regret"] = min(lists, key=lambda one: one.worst_regret).name
        return named

    @property
    def is_read_in_bounded(self) -> bool:
        """Whether lists were read in a draw whose optimum is known within limits only."""
        return not self.draws.bounded.keys().isdisjoint(self.draws.read)

    @property
    def steady(self) -> list[ListOverDraws]:
        """Return the lists that satisfy every hard rule in every draw."""
        return [one for one in self.fixed_lists if one.holds == 1]

    @cached_property
    def information(self) -> Fraction | None:
        """Compute the expected value of perfect information, against the best list on average.

        Only lists that satisfy every hard rule in every draw count, so that it is not negative.
        None if there is none, if a list is `ahead`: then the two sides are not bound by the same
        amounts; or if the optimum of a draw is known within limits only.
        """
        lists = self.steady
        if not lists or self.n_bounded or any(one.ahead for one in self.fixed_lists):
            return None
        sign = 1 if self.best_is_high else -1
        values = [one.value for number, one in self.draws.optima.items() if number in self.draws.read]
        known = sum(values, Fraction(0)) / len(values)
        return min(sign * (known - one.risk.mean) for one in lists)

    @cached_property
    def envelopes(self) -> pl.DataFrame:
        """Return one row per envelope with an amount: share of draws with money left, mean and largest left.

        `p_exceeded` is the share of draws in which the planned list, granted what it asks for
        there, exceeds the envelope; null without a plan.
        """
        tree = self.problem.case.tree
        left = [optimum.unspent_cents for optimum in self.draws.optima.values()]
        passed = list(self.draws.exceeded.values()) if "plan" in self.draws.lists else []
        rows = []
        for node, name in enumerate(tree.ids):
            if tree.amount_cents[node] is None or not left:
                continue
            cents = [one[node] for one in left]
            rows.append(
                (
                    name,
                    tree.amount_cents[node],
                    sum(c > 0 for c in cents) / len(cents),
                    sum(cents) // len(cents),
                    max(cents),
                    sum(one[node] for one in passed) / len(passed) if passed else None,
                )
            )
        schema = {
            "envelope": pl.String,
            "amount_cents": pl.Int64,
            "p_unspent": pl.Float64,
            "mean_unspent_cents": pl.Int64,
            "most_unspent_cents": pl.Int64,
            "p_exceeded": pl.Float64,
        }
        return pl.DataFrame(rows, schema=schema, orient="row")

    @cached_property
    def payments(self) -> pl.DataFrame:
        """Return by year what the plan grants, pays on average and at most, and may promise on top.

        `year` is null if the scenario has no schedule.
        """
        if self.draws.plan.allocation is None or not self.n_draws:
            return pl.DataFrame()
        granted = self.draws.plan.allocation.granted_cents
        by_year = [(year, np.where(mask, granted, 0)) for year, mask in self._group_by_year()]
        by_year = [(year, own) for year, own in by_year if own.any()]
        paid: list[list[int]] = [[] for __ in by_year]
        for number in self.draws.numbers:
            draw = self.ground.draw(number)
            for cents, (__, own) in zip(paid, by_year, strict=True):
                cents.append(int(draw.compute_paid_cents(own).sum()))
        rows = []
        for cents, (year, own) in zip(paid, by_year, strict=True):
            share = compute_overprogramming(int(own.sum()), cents)
            rows.append(
                (
                    year,
                    int(own.sum()),
                    sum(cents) // len(cents),
                    max(cents),
                    None if share is None else format_fraction(share),
                )
            )
        schema = {
            "year": pl.Int64,
            "granted_cents": pl.Int64,
            "mean_paid_cents": pl.Int64,
            "most_paid_cents": pl.Int64,
            "may_be_promised": pl.String,
        }
        return pl.DataFrame(rows, schema=schema, orient="row")

    def _group_by_year(self) -> list[tuple[int | None, BoolArray]]:
        """Return the applications of each year of the schedule; all of them without a schedule."""
        case = self.problem.case
        rule = next((r for r in list_rules_in_force(self.problem) if isinstance(r, ScheduleSpec)), None)
        column = getattr(getattr(rule, "year", None), "column", None)
        if column is None or column not in case.table.columns:
            return [(None, np.ones(case.n, dtype=np.bool_))]
        years = case.table[column].cast(pl.Int64, strict=False)
        return [
            (year, (years == year).fill_null(False).to_numpy())
            for year in sorted(years.drop_nulls().unique().to_list())
        ]

    @cached_property
    def sensitivity(self) -> pl.DataFrame:
        """Return one row per input: its total Sobol index, and the range of the value where it alone varies."""
        rows, optima = [], self.draws.optima
        for k, input_ in enumerate(self.ground.inputs[: len(self.draws.mixed)]):
            mixed = self.draws.mixed[k]
            numbers = [number for number in sorted(mixed) if number in optima]
            if not numbers:
                continue
            base = [optima[number].value for number in numbers]
            effect = estimate_total_effect(base, [mixed[number] for number in numbers])
            single = self.single_ranges[k] if k < len(self.single_ranges) else None
            limits = _NO_RANGE if single is None else [format_fraction(value) for value in single.limits]
            effect_share = None if effect is None else float(effect)
            rows.append(
                (input_.spec.id, effect_share, len(numbers), *limits, 0 if single is None else single.n)
            )
        schema = {
            "input": pl.String,
            "total_effect": pl.Float64,
            "n_draws": pl.Int64,
            "least": pl.String,
            "low": pl.String,
            "high": pl.String,
            "most": pl.String,
            "n_single": pl.Int64,
        }
        return pl.DataFrame(rows, schema=schema, orient="row")

    @cached_property
    def single_ranges(self) -> list[ValueRange | None]:
        """Return the range of the value where each input alone varies; None for one without a draw."""
        return [compute_range(list(values.values())) if values else None for values in self.draws.single]

    @property
    def data(self) -> EnsembleDocument:
        """Return the answer, whose JSON form is `summary()`."""
        return EnsembleDocument(
            scenario=self.problem.scenario.id,
            scenario_sha256=self.sample.scenario_sha256,
            status=_STATUS[self.draws.stopped_by],
            stopped_by=self.draws.stopped_by,
            progress=ProgressEntry(done=self.n_draws, of=self.sample.n_draws, unit="draws"),
            n_draws=self.n_draws,
            n_bounded=self.n_bounded,
            n_failed=self.n_failed,
            seed=self.sample.seed,
            sampling=self.sample.sampling,
            inputs=[one.spec.id for one in self.ground.inputs],
            without_dossier=self.without_dossier,
            value=self.risk,
            value_limits=self._build_value_limits(),
            plan_value=format_fraction(self.draws.plan.values[0]) if self.draws.plan.values else None,
            information=format_fraction(self.information),
            robust=self.robust,
            lists=self.fixed_lists,
            envelopes=[DrawnEnvelope(**row) for row in self.envelopes.iter_rows(named=True)],
            payments=[PaymentEntry(**row) for row in self.payments.iter_rows(named=True)],
            sensitivity=[SensitivityEntry(**row) for row in self.sensitivity.iter_rows(named=True)],
            dossiers=TableRows(self.dossiers.drop("title"), DrawnDossier),
        )

    def _build_value_limits(self) -> RiskLimits | None:
        if self.risk_limits is None:
            return None
        low, high = self.risk_limits
        return RiskLimits(n_draws=len(self.draws.intervals), low=low, high=high)

    def to_dataframe(self, backend: str = "polars") -> Any:
        """Return one row per application with its share of draws and its class."""
        return self.dossiers if backend == "polars" else self.dossiers.to_pandas()


_NO_RANGE = [None] * 4
_STATUS = {None: "done", "time": "stopped", "interrupt": "interrupted"}


def list_rules_in_force(problem: Problem) -> list[Any]:
    """Return the rules in force, as written."""
    spec = problem.scenario.spec
    return [rule for rule in spec.rules if rule.is_in_force(spec.date)]
