"""Applications of a decision or of a list, as pictures and tables of an answer show them.

Each has its outcome, its amount, and the value by which the first objective orders: the column of a single score,
otherwise what it adds to the first objective.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tnt_sim.analysis.explain.document import NamedRule
from tnt_sim.analysis.explain.facts import build_rule_entry
from tnt_sim.analysis.explain.rank_inversions import find_single_score
from tnt_sim.analysis.explain.sentences import Naming
from tnt_sim.analysis.infeasibility.sentences import OPTIONS
from tnt_sim.analysis.shared.decided_run import DecidedRun
from tnt_sim.i18n.message import Bilingual, MessageParameter, Text
from tnt_sim.i18n.parameters import Items
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.text.vocabulary import KIND
from tnt_sim.rules.expressions.column_text import describe_bare_column
from tnt_sim.rules.expressions.columns import read_numeric_column
from tnt_sim.rules.offers.eligibility import INELIGIBLE_CODES
from tnt_sim.scenario.problem import Problem
from tnt_sim.values.answer_values import describe_goal
from tnt_sim.verify.allocation_reading import Allocation
from tnt_sim.verify.decision_reasons import compute_worth_per_euro
from tnt_sim.verify.run_document import select_eligible

REFUSED_CODES = frozenset({"decided", "capped_out", "variant"})
"""Reason codes of an eligible application that no further money would fund."""


@dataclass(frozen=True, slots=True)
class DecidedDossier:
    """One application: its title, envelope, outcome, amount granted or asked, and its value where it has one."""

    dossier: str
    title: str
    node: int
    mark: Mark
    cents: int
    value: float | None


@dataclass(frozen=True, eq=False)
class DecidedDossiers:
    """All applications.

    Attributes
    ----------
    table : `dossier`, `title`, `node`, `mark`, `cents`, `value`, and `merit` where the objective funds one
    column : that ranks; "" where no single one does
    """

    problem: Problem
    table: pl.DataFrame
    column: str

    @classmethod
    def of_decision(cls, decided: DecidedRun) -> DecidedDossiers:
        """Return the applications of a decision."""
        codes = decided.codes.fill_null("").to_numpy()
        funded = decided.allocation.funded
        refused = np.isin(codes, sorted(REFUSED_CODES)) & ~funded
        ineligible = np.isin(codes, INELIGIBLE_CODES) & ~funded
        merit = funded & (codes == "merit")
        return cls._build(decided.problem, decided.allocation, refused, ineligible, merit)

    @classmethod
    def of_list(cls, problem: Problem, allocation: Allocation) -> DecidedDossiers:
        """Return the applications of a list that nobody optimised."""
        ineligible = ~np.asarray(select_eligible(problem), dtype=np.bool_) & ~allocation.funded
        none = np.zeros(problem.case.n, dtype=np.bool_)
        return cls._build(problem, allocation, none, ineligible, none)

    @classmethod
    def _build(
        cls,
        problem: Problem,
        allocation: Allocation,
        refused: NDArray[np.bool_],
        ineligible: NDArray[np.bool_],
        merit: NDArray[np.bool_],
    ) -> DecidedDossiers:
        case, funded = problem.case, allocation.funded
        marks = np.select(
            [funded & problem.offers.committed, funded, ineligible, refused],
            [Mark.COMMITTED, Mark.GRANTED, Mark.INELIGIBLE, Mark.REFUSED],
            Mark.WAITING,
        )
        requested = case.table["requested_cents"].fill_null(0).to_numpy()
        wanted = np.where(problem.offers.least_cents > 0, problem.offers.least_cents, requested)
        column = find_single_score(problem) or ""
        table = case.table.select("dossier", pl.col("title").fill_null("")).with_columns(
            pl.Series("node", case.node, dtype=pl.Int64),
            pl.Series("mark", marks.tolist(), dtype=pl.String),
            pl.Series("cents", np.where(funded, allocation.granted_cents, wanted), dtype=pl.Int64),
            pl.Series("value", _list_values(problem, column), dtype=pl.Float64).fill_nan(None),
            pl.Series("merit", merit, dtype=pl.Boolean),
        )
        return cls(problem, table, column)

    @cached_property
    def _by_number(self) -> Mapping[str, DecidedDossier]:
        rows = self.table.select("dossier", "title", "node", "mark", "cents", "value").iter_rows()
        return {
            dossier: DecidedDossier(dossier, title, node, Mark(mark), cents, value)
            for dossier, title, node, mark, cents, value in rows
        }

    def get_dossier(self, name: str) -> DecidedDossier:
        """Return one application."""
        return self._by_number[name]

    def describe_dossier(self, name: str) -> str:
        """Return number and title of an application."""
        title = self._by_number[name].title if name in self._by_number else ""
        return f"{name} {title}" if title and title != name else name

    @property
    def value_words(self) -> Text:
        """Return the words of the value: the title of its measure, of its column, or of the first objective."""
        measures = self.problem.scenario.spec.measures
        titles = [
            one.title for one in measures.values() if self.column and one.column == self.column and one.title
        ]
        if len(titles) == 1:
            return Bilingual(titles[0], titles[0])
        return (
            describe_bare_column(self.column)
            if self.column
            else self.describe_goal(self.problem.stages[0].goal)
        )

    def describe_goal(self, goal: str) -> Text:
        """Return the words of a goal: the title of its measure, otherwise those of its column."""
        measure = self.problem.scenario.spec.measures.get(goal)
        return describe_goal(goal, None if measure is None else measure.title)

    def get_envelope_title(self, node: int) -> str:
        """Return the title of an envelope."""
        tree = self.problem.case.tree
        return tree.titles[node] or tree.ids[node]

    def describe_envelope(self, envelope: str) -> str:
        """Return the title of an envelope named by its id, as it stands where there is no such envelope."""
        ids = self.problem.case.tree.ids
        return self.get_envelope_title(ids.index(envelope)) if envelope in ids else envelope

    def select_envelope(self, node: int) -> pl.DataFrame:
        """Return the applications under an envelope that have an amount and a value."""
        end = int(self.problem.case.tree.end[node])
        inside = (pl.col("node") >= node) & (pl.col("node") < end)
        return self.table.filter(inside & (pl.col("cents") > 0) & pl.col("value").is_not_null())

    def find_slope(self, table: pl.DataFrame) -> float | None:
        """Return the least value per cent of the applications funded on merit; None without any."""
        merit = table.filter(pl.col("merit") & (pl.col("value") > 0))
        if merit.is_empty():
            return None
        return float((merit["value"] / merit["cents"]).min())  # type: ignore[arg-type]

    @property
    def naming(self) -> Naming:
        """The names of rules and columns without their ids."""
        return Naming(self.describe_rule, describe_bare_column)

    def describe_rule(self, rule: NamedRule) -> MessageParameter:
        """Return the title of a rule, or its kind where it has no title."""
        if rule.kind == "envelope":
            envelope, _dot, option = rule.id.partition(".")
            title = self.describe_envelope(envelope)
            return Items([title, OPTIONS[option]]) if option in OPTIONS else title
        if rule.title:
            return rule.title
        if rule.kind == "column":
            return describe_bare_column(rule.id)
        return KIND.get(rule.kind, rule.id)

    def describe_rule_of(self, name: str) -> MessageParameter:
        """Return the title of the rule, cap or option with this id."""
        return self.describe_rule(build_rule_entry(self.problem, name))

    def describe_requirement(self, name: str) -> str:
        """Return the title of a requirement, or the planner's own words for it."""
        specs = {spec.id: spec for spec in self.problem.scenario.spec.eligibility}
        return (specs[name].title or specs[name].reason) if name in specs else ""


def _list_values(problem: Problem, column: str) -> NDArray[np.float64]:
    """Return the score of each application, or what it adds to the first objective; NaN where it has none."""
    if column:
        numbers = read_numeric_column(problem.case, column, ())
        assert numbers is not None  # the objective counts it
        return np.where(numbers.missing, np.nan, numbers.values * float(numbers.scale))
    cents = np.maximum(problem.offers.least_cents, 1)
    worth = compute_worth_per_euro(problem) * cents * float(problem.stages[0].terms.scale)
    return np.where(problem.offers.least_cents > 0, worth, np.nan)
