"""An ensemble: what the draws of a scenario came to, as tables."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.errors import Lang
from tnt_sim.rules.base import BoolArray
from tnt_sim.rules.schedule import ScheduleSpec
from tnt_sim.scenario.compile import Problem
from tnt_sim.scenario.objective import Sense
from tnt_sim.study.ensemble.figures import (
    Kept,
    Risk,
    frequencies,
    kept_list,
    overprogramming,
    risk_of,
    standing,
    total_effect,
)
from tnt_sim.study.ensemble.one import Ground, Sample
from tnt_sim.study.ensemble.run import Draws
from tnt_sim.verify.figures import decimal_text


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
