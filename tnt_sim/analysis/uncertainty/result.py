"""What draws say together: frequencies, risks, lists that hold up, how much more than the money may be promised.

With v_1 … v_n the values of n draws, the greater the better (or negated):

    VaR_α   the value that a share α of the draws falls short of or reaches
    CVaR_α  the mean of the worst α·n draws, the last one counted in part     (Rockafellar and Uryasev, 2000)

An ensemble: what the draws of a scenario came to, as tables.
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

from tnt_sim.analysis.uncertainty.runner import Draws, Ground, Sample
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.kinds.schedule.rule import ScheduleSpec
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.scenario.objective import Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.run_document import decimal_text

TAIL = Fraction(1, 10)
CORE, EXTERIOR = Fraction(95, 100), Fraction(5, 100)
"""A dossier is core when it is funded in so many draws, exterior when in no more than so many, else borderline."""
RISK = Fraction(5, 100)
"""The chance that what is paid may exceed the money."""


@dataclass(frozen=True, slots=True)
class Risk:
    """A distribution in five exact figures."""

    mean: Fraction
    least: Fraction
    most: Fraction
    var: Fraction
    cvar: Fraction


def risk_of(values: Sequence[Fraction], *, best_is_high: bool, tail: Fraction = TAIL) -> Risk:
    """The figures of some values, each draw as likely as any other; `var` and `cvar` are of the bad tail."""
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


def frequencies(rows: Sequence[IntArray], n: int) -> IntArray:
    """In how many draws each of `n` dossiers is funded, int64 (n,)."""
    counted = np.zeros(n, dtype=np.int64)
    for part in rows:
        counted[part] += 1
    return counted


def standing(times: int, n_draws: int) -> str:
    """`core`, `borderline` or `exterior`."""
    share = Fraction(times, n_draws)
    return "core" if share >= CORE else "exterior" if share <= EXTERIOR else "borderline"


def overprogramming(granted_cents: int, paid_cents: Sequence[int], risk: Fraction = RISK) -> Fraction | None:
    """The share above the money that may be promised with P(paid > money) ≤ risk, the list growing in proportion.

    If granting G pays p_1 … p_n, promising M·(1 + s) pays p_j·M·(1 + s)/G, which exceeds M when p_j·(1 + s) > G.
    With p* the greatest p_j that may not exceed it, s = G/p* − 1. None where nothing is paid.
    """
    ordered = sorted(paid_cents, reverse=True)
    allowed = math.floor(risk * len(ordered))
    critical = ordered[min(allowed, len(ordered) - 1)]
    return None if critical <= 0 else Fraction(granted_cents, critical) - 1


@dataclass(frozen=True, slots=True)
class Kept:
    """A list decided before the draws: what it is worth over them.

    Attributes
    ----------
    name : `plan` for the list without uncertainty, `draw N` for the best list of a draw
    risk : of its values
    worst_regret : the most that it loses against the best list of a draw; 0 where it loses nowhere
    ahead : it is worth more than the best list of a draw in which it holds: it keeps promised amounts where
        dossiers ask for more, and so is no list of that draw
    holds : the share of draws in which it keeps every hard rule
    paid_cents : what it pays, draw by draw
    """

    name: str
    risk: Risk
    worst_regret: Fraction
    holds: Fraction
    paid_cents: tuple[int, ...]
    ahead: bool


def kept_list(
    name: str,
    read: Sequence[tuple[Fraction, int, bool]],
    best: Sequence[Fraction | None],
    *,
    best_is_high: bool,
) -> Kept:
    """The figures of a list from its readings in each draw, and the best value of each draw."""
    values = [value for value, _, _ in read]
    sign = 1 if best_is_high else -1
    regrets = [sign * (top - value) for top, value in zip(best, values, strict=True) if top is not None]
    return Kept(
        name=name,
        risk=risk_of(values, best_is_high=best_is_high),
        worst_regret=max([Fraction(0), *regrets]),
        holds=Fraction(sum(holds for _, _, holds in read), len(read)),
        paid_cents=tuple(paid for _, paid, _ in read),
        ahead=any(
            holds and top is not None and sign * (value - top) > 0
            for top, (value, _, holds) in zip(best, read, strict=True)
        ),
    )


def total_effect(base: Sequence[Fraction], mixed: Sequence[Fraction]) -> Fraction | None:
    """The total Sobol index of an input, from draws in which only its part was drawn anew; None without variance.

    S_T = Σ (f(A) − f(A with i from B))² / (2 n Var f)          (Jansen, Comput. Phys. Commun. 117 (1999))
    """
    n = len(base)
    mean = sum(base, Fraction(0)) / n
    variance = sum(((value - mean) ** 2 for value in base), Fraction(0)) / n
    if not variance:
        return None
    moved = sum(((one - other) ** 2 for one, other in zip(base, mixed, strict=True)), Fraction(0))
    return moved / (2 * n * variance)


@dataclass(frozen=True, eq=False)
class EnsembleTables:
    """The draws of a scenario and what they say together.

    Attributes
    ----------
    sample : which draws
    ground : the scenario and its uncertain inputs
    draws : what each draw came to
    """

    sample: Sample
    ground: Ground
    draws: Draws

    @property
    def problem(self) -> Problem:
        """What is asked without uncertainty."""
        return self.ground.problem

    @property
    def lang(self) -> Lang:
        """The language of the scenario."""
        return Lang(self.problem.scenario.spec.locale)

    @property
    def n_draws(self) -> int:
        """The draws whose best list was found."""
        return len(self.draws.numbers)

    @property
    def best_is_high(self) -> bool:
        """Whether the first goal is maximised."""
        return self.problem.stages[0].sense is Sense.MAXIMISE

    @property
    def without_dossier(self) -> list[str]:
        """The inputs whose `where` no dossier answers."""
        return [one.spec.id for one in self.ground.inputs if not len(one.rows)]

    @cached_property
    def values(self) -> list[Fraction]:
        """The best value of each draw, decided after it is known."""
        return [self.draws.solved[number]["value"] for number in self.draws.numbers]

    @cached_property
    def risk(self) -> Risk | None:
        """The distribution of these values; None without a draw."""
        return risk_of(self.values, best_is_high=self.best_is_high) if self.values else None

    @cached_property
    def dossiers(self) -> pl.DataFrame:
        """A row a dossier: `dossier`, `planned`, `times`, `share`, `standing`; candidates and committed ones."""
        offers, case = self.problem.offers, self.problem.case
        rows = [self.draws.solved[number]["rows"] for number in self.draws.numbers]
        times = frequencies(rows, case.n)
        planned = np.zeros(case.n, dtype=np.bool_)
        if self.draws.plan.allocation is not None:
            planned = self.draws.plan.allocation.funded
        seen = offers.in_play | (times > 0)
        n = max(1, self.n_draws)
        table = case.table.select(
            "dossier", "title", "envelope", "department", "applicant_type"
        ).with_columns(
            pl.Series("planned", planned),
            pl.Series("times", times),
            pl.Series("share", times / n),
            pl.Series("standing", [standing(int(t), n) for t in times.tolist()]),
        )
        return table.filter(pl.Series(seen)).sort("times", "dossier", descending=[True, False])

    @cached_property
    def kept(self) -> tuple[Kept, ...]:
        """The lists decided beforehand, `plan` first."""
        numbers = [number for number in self.draws.numbers if number in self.draws.read]
        if not numbers:
            return ()
        best = [self.draws.solved[number]["value"] for number in numbers]
        return tuple(
            kept_list(name, [self.draws.read[n][k] for n in numbers], best, best_is_high=self.best_is_high)
            for k, name in enumerate(self.draws.lists)
        )

    @cached_property
    def robust(self) -> dict[str, str]:
        """The `steady` lists best on average, best in the bad tail, and least regretted; ties to the first.

        A list that breaks a rule in some draw may be worth more there for that, and is none of them.
        """
        lists = self.steady
        if not lists:
            return {}
        sign = 1 if self.best_is_high else -1
        return {
            "average": max(lists, key=lambda one: sign * one.risk.mean).name,
            "cvar": max(lists, key=lambda one: sign * one.risk.cvar).name,
            "regret": min(lists, key=lambda one: one.worst_regret).name,
        }

    @property
    def steady(self) -> list[Kept]:
        """The lists that keep every hard rule in every draw."""
        return [one for one in self.kept if one.holds == 1]

    @cached_property
    def information(self) -> Fraction | None:
        """What it is worth, on average, to know the draw before deciding, against the best list on average.

        Only lists that keep every hard rule in every draw count, so that it is never negative; None where there is
        none, or where a list is `ahead`: then both sides are not bound by the same amounts.
        """
        lists = self.steady
        if not lists or any(one.ahead for one in self.kept):
            return None
        sign = 1 if self.best_is_high else -1
        numbers = [number for number in self.draws.numbers if number in self.draws.read]
        known = sum((self.draws.solved[n]["value"] for n in numbers), Fraction(0)) / len(numbers)
        return min(sign * (known - one.risk.mean) for one in lists)

    @cached_property
    def envelopes(self) -> pl.DataFrame:
        """A row an envelope with an amount: the share of draws in which money is left, and how much on average.

        `p_exceeded` is the share of draws in which the planned list, granted what it asks for then, exceeds it;
        null without such a list.
        """
        tree = self.problem.case.tree
        left = [self.draws.solved[number]["unspent_cents"] for number in self.draws.numbers]
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
        """What the plan pays, by year: granted, paid on average and at most, what more may be promised.

        `year` is null where the scenario has no schedule.
        """
        if self.draws.plan.allocation is None or not self.n_draws:
            return pl.DataFrame()
        granted = self.draws.plan.allocation.granted_cents
        rows = []
        for year, mask in self._years():
            mine = np.where(mask, granted, 0)
            total = int(mine.sum())
            if total == 0:
                continue
            paid = [int(self.ground.draw(number).paid_cents(mine).sum()) for number in self.draws.numbers]
            share = overprogramming(total, paid)
            rows.append(
                (
                    year,
                    total,
                    sum(paid) // len(paid),
                    max(paid),
                    None if share is None else decimal_text(share),
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

    def _years(self) -> list[tuple[int | None, BoolArray]]:
        """The dossiers of each year of the scenario's schedule; all of them without one."""
        case = self.problem.case
        rule = next((r for r in case_rules(self.problem) if isinstance(r, ScheduleSpec)), None)
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
        """A row an input: its total Sobol index on the best value, and over how many draws."""
        rows = []
        for one, mixed in zip(self.ground.inputs, self.draws.mixed, strict=False):
            numbers = [number for number in sorted(mixed) if number in set(self.draws.numbers)]
            if not numbers:
                continue
            base = [self.draws.solved[number]["value"] for number in numbers]
            effect = total_effect(base, [mixed[number] for number in numbers])
            rows.append((one.spec.id, None if effect is None else float(effect), len(numbers)))
        schema = {"input": pl.String, "total_effect": pl.Float64, "n_draws": pl.Int64}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def summary(self) -> dict[str, Any]:
        """The document of `ensemble --json`."""
        text = decimal_text
        return {
            "schema_version": 1,
            "command": "ensemble",
            "scenario": self.problem.scenario.id,
            "scenario_sha256": self.sample.scenario_sha256,
            "status": _STATUS[self.draws.stopped_by],
            "stopped_by": self.draws.stopped_by,
            "progress": {"done": self.n_draws, "of": self.sample.n_draws, "unit": "draws"},
            "n_draws": self.n_draws,
            "n_failed": len(self.draws.solved) - self.n_draws,
            "seed": self.sample.seed,
            "sampling": self.sample.sampling,
            "inputs": [one.spec.id for one in self.ground.inputs],
            "without_dossier": self.without_dossier,
            "value": None if self.risk is None else _risk(self.risk),
            "plan_value": text(self.draws.plan.values[0]) if self.draws.plan.values else None,
            "information": text(self.information),
            "robust": self.robust,
            "lists": [
                {
                    "name": one.name,
                    **_risk(one.risk),
                    "worst_regret": text(one.worst_regret),
                    "holds": text(one.holds),
                }
                for one in self.kept
            ],
            "envelopes": self.envelopes.to_dicts(),
            "payments": self.payments.to_dicts(),
            "sensitivity": self.sensitivity.to_dicts(),
            "dossiers": self.dossiers.drop("title").to_dicts(),
        }

    def to_dataframe(self, backend: str = "polars") -> Any:
        """A row a dossier, with its share of draws and its standing."""
        return self.dossiers if backend == "polars" else self.dossiers.to_pandas()


_STATUS = {None: "done", "time": "stopped", "interrupt": "interrupted"}


def case_rules(problem: Problem) -> list[Any]:
    """The rules in force, as written."""
    spec = problem.scenario.spec
    return [rule for rule in spec.rules if rule.in_force(spec.date)]


def _risk(risk: Risk) -> dict[str, str | None]:
    return {key: decimal_text(getattr(risk, key)) for key in ("mean", "least", "most", "var", "cvar")}
