"""Common core of some runs: applications funded in all of them, in none, or in some.

    core index_i = #{runs that fund i} / #{runs that contain i}

Index 1: core; 0: exterior; between: borderline.

For each application decided differently from the first run, the document names the runs that differ
from the first in exactly one value of the scenario: that value is the change that moves it.

Source: J. Liesiö, P. Mild and A. Salo, "Preference programming for robust portfolio modeling and
project selection", EJOR 181 (2007).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl

from tnt_sim.analysis.compare.causes import list_written_values
from tnt_sim.analysis.compare.document import CoreDocument, CoreDossier, CoreMove, CoreRun
from tnt_sim.documents import dump_document
from tnt_sim.engine.result import ResultData, build_own_verification
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import _
from tnt_sim.scenario.scenario import is_synthetic
from tnt_sim.scenario.spec import ScenarioSpec
from tnt_sim.verify.run_document import format_fraction
from tnt_sim.verify.verification import Verification

CORE, BORDERLINE, EXTERIOR = "core", "borderline", "exterior"


@dataclass(frozen=True, slots=True, eq=False)
class RunSnapshot:
    """One decision: its name, its scenario and the values by path, grants, verification, and whether invented."""

    name: str
    spec: ScenarioSpec
    values: Mapping[str, str]
    dossiers: pl.DataFrame
    verification: Verification
    synthetic: bool


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A value that a scenario writes otherwise than the first one; None where it is not written."""

    path: str
    before: str | None
    after: str | None

    @property
    def text(self) -> str:
        """Return "path: before → after"."""
        before, after = ("–" if value is None else value for value in (self.before, self.after))
        return f"{self.path}: {before} → {after}"


@dataclass(frozen=True, slots=True, eq=False)
class CommonCore:
    """Common core of a set of runs.

    `table` has one row per application, `moves` one per application and change. `differences` has what
    each run changes against the first.
    """

    runs: tuple[RunSnapshot, ...]
    differences: tuple[tuple[ValueChange, ...], ...]
    table: pl.DataFrame
    moves: pl.DataFrame

    def __repr__(self) -> str:
        return f"<CommonCore of {len(self.runs)} runs, {self.table.height} applications>"

    @property
    def changes(self) -> tuple[tuple[str, ...], ...]:
        """Return what each run changes against the first, as "path: before → after"."""
        return tuple(tuple(change.text for change in own) for own in self.differences)

    @property
    def data(self) -> CoreDocument:
        """Return the answer, whose JSON form is `document`."""
        moved: dict[str, list[CoreMove]] = {}
        for row in self.moves.iter_rows(named=True):
            moved.setdefault(row.pop("dossier"), []).append(CoreMove(**row))
        counts = self.table["class"].value_counts()
        return CoreDocument(
            runs=[
                CoreRun(run=run.name, changes=changes, verification=run.verification.record)
                for run, changes in zip(self.runs, self.changes, strict=True)
            ],
            counts=dict(sorted(zip(counts["class"].to_list(), counts["count"].to_list(), strict=True))),
            dossiers=[
                CoreDossier(**row, moved_by=moved.get(row["dossier"], ()))
                for row in self.table.rename({"class": "class_"}).iter_rows(named=True)
            ],
        )

    @property
    def document(self) -> dict[str, Any]:
        """Return the JSON document."""
        return dump_document(self.data)

    def to_dataframe(self) -> pl.DataFrame:
        """Return one row per application."""
        return self.table


def read_run_snapshot(run_dir: Path) -> RunSnapshot:
    """Read a run folder as one of the set."""
    run = open_stored(run_dir)
    tree = run.spec.model_dump(mode="json", exclude_defaults=True, by_alias=True)
    values, dossiers = list_written_values(tree, numbered=True), _select_grants(run.table)
    return RunSnapshot(run_dir.name, run.spec, values, dossiers, run.checked, run.synthetic)


def read_result_snapshot(result: ResultData, name: str) -> RunSnapshot:
    """Take a result as one of the set."""
    if result.allocation is None:
        raise UsageError(_('"{name}" has no allocation.', name=name), code="usage.core")
    scenario = result.problem.scenario
    values, dossiers = list_written_values(scenario.resolve(), numbered=True), _select_grants(result.dossiers)
    return RunSnapshot(
        name, scenario.spec, values, dossiers, build_own_verification(result), is_synthetic(scenario)
    )


def core(*runs: ResultData | str | Path) -> CommonCore:
    """Compute the common core of some decisions, each a result or a run folder; the first is the reference.

    Raises
    ------
    UsageError
        For fewer than two decisions, or a result without an allocation.

    Examples
    --------
    >>> poorer = scenario.with_({"programme.amount": "1 M€"}).solve()
    >>> tnt.core(result, poorer).to_dataframe().height
    24
    """
    return find_common_core(
        [
            read_result_snapshot(run, f"{number}-{run.problem.scenario.id}")
            if isinstance(run, ResultData)
            else read_run_snapshot(Path(run))
            for number, run in enumerate(runs, start=1)
        ]
    )


def _select_grants(table: pl.DataFrame) -> pl.DataFrame:
    return table.select("dossier", "funded", "granted_cents")


def find_common_core(runs: Sequence[RunSnapshot]) -> CommonCore:
    """Compare some decisions; the first is the reference."""
    if len(runs) < 2:
        raise UsageError(
            _("a common core needs at least two runs. Give two run folders."),
            code="usage.core",
        )
    differences = tuple(_list_changes(runs[0].values, run.values) for run in runs)
    every = pl.concat([run.dossiers.with_columns(pl.lit(k).alias("run")) for k, run in enumerate(runs)])
    known = every.group_by("dossier", maintain_order=True).agg(
        pl.col("funded").sum().cast(pl.Int64).alias("n_funded"),
        pl.len().cast(pl.Int64).alias("n_runs"),
        pl.col("granted_cents").filter(pl.col("funded")).min().alias("least_cents"),
        pl.col("granted_cents").filter(pl.col("funded")).max().alias("most_cents"),
    )
    kind = (
        pl.when(pl.col("n_funded") == pl.col("n_runs"))
        .then(pl.lit(CORE))
        .when(pl.col("n_funded") == 0)
        .then(pl.lit(EXTERIOR))
        .otherwise(pl.lit(BORDERLINE))
    )
    index = [
        format_fraction(Fraction(held, total))
        for held, total in zip(known["n_funded"].to_list(), known["n_runs"].to_list(), strict=True)
    ]
    table = known.with_columns(pl.Series("core_index", index, dtype=pl.String), kind.alias("class"))
    return CommonCore(tuple(runs), differences, table, _list_moves(runs, differences))


def _list_changes(base: Mapping[str, str], other: Mapping[str, str]) -> tuple[ValueChange, ...]:
    return tuple(
        ValueChange(path, base.get(path), other.get(path))
        for path in sorted({*base, *other})
        if base.get(path) != other.get(path)
    )


def _list_moves(runs: Sequence[RunSnapshot], differences: Sequence[tuple[ValueChange, ...]]) -> pl.DataFrame:
    """List the applications decided differently by the runs that differ from the first in one value."""
    base = runs[0].dossiers.select("dossier", pl.col("funded").alias("before"))
    result = []
    for run, own in zip(runs, differences, strict=True):
        if len(own) == 1:
            both = base.join(run.dossiers, on="dossier", how="inner", maintain_order="left")
            moved = both.filter(pl.col("before") != pl.col("funded"))
            result.append(
                moved.select(
                    "dossier", pl.lit(own[0].text).alias("change"), pl.lit(run.name).alias("run"), "funded"
                )
            )
    schema = {"dossier": pl.String, "change": pl.String, "run": pl.String, "funded": pl.Boolean}
    return pl.concat(result) if result else pl.DataFrame(schema=schema)
