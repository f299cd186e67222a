"""Compare decisions: totals by group, moves, gains and losses, and regret across scenarios.

    regret_ij = max(0, best_j − value_j(allocation i)),  sign turned so that more is better

in the unit of the first objective of scenario j. An allocation that breaks a rule of scenario j has
no value there; the rules are named.

Source for minimax regret: L. J. Savage, "The theory of statistical decision", Journal of the
American Statistical Association 46 (1951).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.analysis.compare.causes import Causes, find_changed_cells, find_changed_keys
from tnt_sim.analysis.compare.compared_run import ATTRIBUTES, ComparedRun
from tnt_sim.analysis.compare.document import (
    ComparedClass,
    ComparedIndex,
    ComparedMove,
    CompareDocument,
    ComparedSide,
    ComparedTotal,
    GainByGroup,
    RegretEntry,
)
from tnt_sim.analysis.equity.department_spread import ListMoney, SpreadLists, compute_spreads, get_map_year
from tnt_sim.analysis.equity.list_equity import APPLICANT, DEPARTMENT, EquityIndex, ListEquity, compute_equity
from tnt_sim.analysis.equity.theil_index import DECIMALS
from tnt_sim.analysis.shared.progress import StudyProgress
from tnt_sim.analysis.shared.study_answer import StudyAnswer
from tnt_sim.deadline import UNLIMITED
from tnt_sim.documents import dump_document
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.linear_terms import sum_exactly
from tnt_sim.rules.protocols import Sense
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation
from tnt_sim.verify.run_document import format_fraction

SCHEMA = {
    "portfolio": pl.String,
    "scenario": pl.String,
    "value": pl.String,
    "regret": pl.String,
    "holds": pl.Boolean,
    "broken": pl.String,
}


def compute_regrets(sides: Sequence[ComparedRun]) -> pl.DataFrame:
    """Return one row per allocation and scenario, with exact decimals.

    `value` and `regret` are null if the allocation is not feasible there.
    """
    return pl.DataFrame([_evaluate_under(i, j) for j in sides for i in sides], schema=SCHEMA, orient="row")


def _evaluate_under(side: ComparedRun, scenario: ComparedRun) -> tuple[object, ...]:
    """Evaluate one allocation under another scenario."""
    awards = side.map_granted_cents()
    table = scenario.problem.case.table
    granted = np.array([awards.get(name, 0) for name in table["dossier"].to_list()], dtype=np.int64)
    funded = table["dossier"].is_in(list(awards)).to_numpy()
    unknown = len(awards) - int(funded.sum())
    names = (side.name, scenario.name)
    if unknown:
        return (*names, None, None, False, f"dossier ×{unknown}")
    allocation = Allocation(funded, granted)
    reading = read_allocation(scenario.problem, allocation)
    broken = list_broken_rules(scenario.problem, allocation, reading)
    if broken:
        codes = dict.fromkeys(defect.code for defect in broken)
        return (*names, None, None, False, ", ".join(codes))
    value, best = reading.values[0], scenario.reading.values[0]
    sign = 1 if scenario.problem.stages[0].sense is Sense.MAXIMISE else -1
    lost = max(
        Fraction(0), sign * (best - value)
    )  # a list can exceed an optimum that a limit stopped, or one with a tolerance
    return (*names, format_fraction(value), format_fraction(lost), True, "")


def compute_worst_regrets(table: pl.DataFrame) -> pl.DataFrame:
    """Return the largest regret of each allocation over all scenarios.

    Null for one that is not feasible in all of them (`holds_everywhere`): nothing bounds what it costs there.
    """
    rows = []
    for (name,), part in table.group_by("portfolio", maintain_order=True):
        holds = bool(part["holds"].all())
        rows.append((name, max(part["regret"].to_list(), key=Fraction) if holds else None, holds))
    schema = {"portfolio": pl.String, "worst_regret": pl.String, "holds_everywhere": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


SIZE_CLASSES = (
    (3_500, "0-3500"),
    (20_000, "3500-20000"),
    (100_000, "20000-100000"),
    (None, "100000+"),
)
"""Size classes by inhabitants of the applicant: upper bound (excluded) and name."""
DIMENSIONS = ("envelope", "region", "department", "applicant_type", "size_class")
ENTERS, LEAVES, CHANGES, STAYS = "enters", "leaves", "amount", "stays"


def sum_by_group(sides: Sequence[ComparedRun]) -> pl.DataFrame:
    """Return one row per group and side: `dimension`, `group`, `side`, `n_funded`, `granted_cents`.

    Figures of an envelope include all below it; `dimension` is empty in the row of the whole side.
    """
    return pl.concat([_of_side(side) for side in sides])


def _of_side(side: ComparedRun) -> pl.DataFrame:
    table = (
        side.build_dossier_table()
        .with_columns(build_size_class_expression().alias("size_class"))
        .filter("funded")
    )
    granted, funded = side.allocation.granted_cents, side.allocation.funded
    whole = pl.DataFrame(
        {"group": [""], "n_funded": [int(funded.sum())], "granted_cents": [sum_exactly(granted)]}
    )
    pieces = [whole.with_columns(pl.lit("").alias("dimension")), _sum_by_envelope(side)]
    for dimension in DIMENSIONS[1:]:
        grouped = table.group_by(pl.col(dimension).fill_null("").alias("group"))
        result = grouped.agg(pl.len().cast(pl.Int64).alias("n_funded"), pl.col("granted_cents").sum()).sort(
            "group"
        )
        pieces.append(result.with_columns(pl.lit(dimension).alias("dimension")))
    columns = ["dimension", "group", pl.lit(side.name).alias("side"), "n_funded", "granted_cents"]
    return pl.concat([part.select(columns) for part in pieces])


def _sum_by_envelope(side: ComparedRun) -> pl.DataFrame:
    """Return the figures of the tree, each envelope with all below it."""
    tree, node = side.problem.case.tree, side.node
    funded = np.bincount(node[side.allocation.funded], minlength=tree.n_nodes).tolist()
    return pl.DataFrame(
        {
            "dimension": ["envelope"] * tree.n_nodes,
            "group": list(tree.ids),
            "n_funded": tree.sum_subtrees(funded),
            "granted_cents": list(side.reading.envelopes.granted_cents),
        },
        schema_overrides={"n_funded": pl.Int64, "granted_cents": pl.Int64},
    )


def build_size_class_expression() -> pl.Expr:
    """Return the size class of an applicant by its inhabitants; empty if unknown."""
    bounds = [bound for bound, _ in SIZE_CLASSES if bound is not None]
    passed = pl.sum_horizontal((pl.col("population") >= bound).cast(pl.Int64) for bound in bounds)
    names = {number: name for number, (_, name) in enumerate(SIZE_CLASSES)}
    known = pl.when(pl.col("population").is_not_null()).then(passed)
    return known.replace_strict(names, default="", return_dtype=pl.String)


def list_moves(first: ComparedRun, other: ComparedRun) -> pl.DataFrame:
    """Return one row per application decided differently: attributes, both amounts, `move`, `change_cents`.

    Amounts are 0 if the application is not funded, and null if it is absent on that side.
    """
    left, two = first.build_dossier_table(), other.build_dossier_table()
    keys = ["dossier", "envelope", *ATTRIBUTES]
    amounts = ["funded", "granted_cents"]
    joined = left.select(*keys, *amounts).join(
        two.select(*keys, *amounts),
        on="dossier",
        how="full",
        suffix="_other",
        coalesce=True,
        maintain_order="left_right",
    )
    for column in keys[1:]:
        joined = joined.with_columns(pl.coalesce(column, f"{column}_other")).drop(f"{column}_other")
    before, after = (pl.col(name).fill_null(False) for name in ("funded", "funded_other"))
    paid = pl.col("granted_cents").fill_null(0), pl.col("granted_cents_other").fill_null(0)
    move = (
        pl.when(after & ~before)
        .then(pl.lit(ENTERS))
        .when(before & ~after)
        .then(pl.lit(LEAVES))
        .when(before & after & (paid[0] != paid[1]))
        .then(pl.lit(CHANGES))
        .otherwise(pl.lit(STAYS))
    )
    return (
        joined.with_columns(move.alias("move"), (paid[1] - paid[0]).alias("change_cents"))
        .filter(pl.col("move") != STAYS)
        .rename({"granted_cents": "before_cents", "granted_cents_other": "after_cents"})
        .drop("funded", "funded_other")
    )


def sum_gains_by_group(moved: pl.DataFrame) -> pl.DataFrame:
    """Return what each applicant type, department and region gains and loses, in cents."""
    pieces = []
    for dimension in ("applicant_type", "department", "region"):
        grouped = moved.group_by(pl.col(dimension).fill_null("").alias("group"))
        gained = pl.col("change_cents").filter(pl.col("change_cents") > 0).sum().alias("gained_cents")
        lost = pl.col("change_cents").filter(pl.col("change_cents") < 0).sum().alias("lost_cents")
        found = grouped.agg(gained, lost, pl.col("change_cents").sum().alias("net_cents"))
        pieces.append(found.select(pl.lit(dimension).alias("dimension"), pl.all()))
    return pl.concat(pieces).sort("dimension", "net_cents", "group", descending=[False, True, False])


@dataclass(frozen=True, eq=False)
class ComparedRuns(StudyAnswer):
    """Comparison of decisions; the first is the reference.

    Attributes
    ----------
    sides : the decisions
    why : causes of the moves from the first to each other side, by name; empty if not requested
    course : number of sides whose causes were sought, and what ended the search early
    """

    sides: tuple[ComparedRun, ...]
    why: Mapping[str, Causes]
    course: StudyProgress | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {', '.join(side.name for side in self.sides[:5])}>"

    @property
    def lang(self) -> Lang:
        """Return the language of the first scenario."""
        return Lang(self.sides[0].scenario.spec.locale)

    @cached_property
    def keys(self) -> pl.DataFrame:
        """Return the scenario keys that differ: `path` and one column per side."""
        return find_changed_keys(self.sides)

    @cached_property
    def cells(self) -> Mapping[str, pl.DataFrame]:
        """Return the cells that differ from the first side, by the other side's name."""
        return {side.name: find_changed_cells(self.sides[0], side) for side in self.sides[1:]}

    @cached_property
    def totals(self) -> pl.DataFrame:
        """Return the totals: `dimension`, `group`, `side`, `n_funded`, `granted_cents`."""
        return sum_by_group(self.sides)

    @cached_property
    def moves(self) -> Mapping[str, pl.DataFrame]:
        """Return the moves from the first side with their `cause`, by the other side's name."""
        result = {}
        for side in self.sides[1:]:
            moved = list_moves(self.sides[0], side)
            why = self.why.get(side.name)
            cause = [None if why is None else why.by_dossier.get(name) for name in moved["dossier"].to_list()]
            result[side.name] = moved.with_columns(pl.Series("cause", cause, dtype=pl.String))
        return result

    @cached_property
    def winners(self) -> Mapping[str, pl.DataFrame]:
        """Return what each applicant type, department and region gains and loses, by the other side's name."""
        return {name: sum_gains_by_group(moved) for name, moved in self.moves.items()}

    @cached_property
    def regrets(self) -> pl.DataFrame:
        """Return the value and regret of each allocation under each scenario."""
        return compute_regrets(self.sides)

    @cached_property
    def worst_regret(self) -> pl.DataFrame:
        """Return the largest regret of each allocation; null if first objectives, and so units, differ."""
        table = compute_worst_regrets(self.regrets)
        return table if self.one_goal else table.with_columns(worst_regret=pl.lit(None, pl.String))

    @cached_property
    def equities(self) -> Mapping[str, ListEquity]:
        """Return how each side treats classes of applicants, by its name."""
        return {
            side.name: compute_equity(side.build_dossier_table(), side.scenario.spec) for side in self.sides
        }

    @cached_property
    def spread(self) -> SpreadLists | None:
        """Return the spread of all sides over the same departments, on the map of the first; None without."""
        spec = self.sides[0].scenario.spec
        if spec.place_column is not None:
            return None
        lists = [ListMoney(side.name, side.build_dossier_table()) for side in self.sides]
        return compute_spreads(lists, get_map_year(spec))

    def list_indices(self) -> list[ComparedIndex]:
        """Return the indices of each side between applicants, then between departments."""
        entries = [
            ComparedIndex(side=name, index=index)
            for name, equity in self.equities.items()
            if (index := equity.find_index(APPLICANT)) is not None
        ]
        if (spread := self.spread) is not None:
            for side, lorenz, theil in zip(spread.names, spread.spreads, spread.theils, strict=True):
                gini = round(lorenz.gini, DECIMALS)
                index = EquityIndex(unit=DEPARTMENT, n_units=spread.n_departments, gini=gini, theil=theil)
                entries.append(ComparedIndex(side=side, index=index))
        return entries

    def list_classes(self) -> list[ComparedClass]:
        """Return the classes of applicants of each side."""
        return [
            ComparedClass(side=name, **{key.name: getattr(entry, key.name) for key in fields(entry)})
            for name, equity in self.equities.items()
            for entry in equity.every_class
        ]

    @property
    def one_goal(self) -> bool:
        """Whether every side has the same first objective, so that values are comparable."""
        goals = [(side.scenario.tree.get("objective") or [None])[0] for side in self.sides]
        return all(goal == goals[0] for goal in goals)

    def headline(self) -> list[dict[str, Any]]:
        """Return one row per side: amounts, counts, value of the first objective, proof."""
        return [dump_document(side) for side in self.list_sides()]

    def list_sides(self) -> list[ComparedSide]:
        """Build one entry per side."""
        entries = []
        for side in self.sides:
            amount = side.problem.case.tree.amount_cents[0]
            granted = side.reading.granted_cents
            entries.append(
                ComparedSide(
                    name=side.name,
                    scenario_sha256=side.scenario.sha256,
                    proof=side.proof,
                    verification=side.verification.record,
                    amount_cents=amount,
                    granted_cents=granted,
                    unspent_cents=None if amount is None else amount - granted,
                    n_funded=int(side.allocation.funded.sum()),
                    inhabitants=side.inhabitants,
                    goal=side.problem.stages[0].goal,
                    value=format_fraction(Fraction(side.reading.values[0])),
                )
            )
        return entries

    @cached_property
    def data(self) -> CompareDocument:
        """Return the answer, whose JSON form is `summary()`."""
        course = self.course or StudyProgress(UNLIMITED, "sides")
        return CompareDocument(
            stopped_by=course.stopped_by,
            progress=course.progress,
            scenario=[side.scenario.id for side in self.sides],
            scenario_sha256=[side.scenario.sha256 for side in self.sides],
            sides=self.list_sides(),
            inputs=self.keys.to_dicts(),
            cells={name: table.to_dicts() for name, table in self.cells.items()},
            totals=[ComparedTotal(**row) for row in self.totals.iter_rows(named=True)],
            changes=[
                ComparedMove(side=name, **_drop_titles(row))
                for name, moved in self.moves.items()
                for row in moved.iter_rows(named=True)
            ],
            winners=[
                GainByGroup(side=name, **row)
                for name, table in self.winners.items()
                for row in table.iter_rows(named=True)
            ],
            regrets=[RegretEntry(**row) for row in self.regrets.iter_rows(named=True)],
            indices=self.list_indices(),
            classes=self.list_classes(),
        )

    def to_dataframe(self, backend: str = "polars") -> Any:
        """Return all moves as one table, `side` first."""
        parts = [moved.select(pl.lit(name).alias("side"), pl.all()) for name, moved in self.moves.items()]
        table = pl.concat(parts)
        return table if backend == "polars" else table.to_pandas()


def _drop_titles(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in ("title", "applicant")}
