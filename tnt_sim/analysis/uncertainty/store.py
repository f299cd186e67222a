"""Draws of an ensemble as the cases of a batch store, which keeps each once; the same command reads them again.

A row is one optimised draw, one draw in which lists were read, or one with an input resampled, or with a single
one that varies, for sensitivity. It contains neither clock nor path, so the store is the same bytes on any
number of machines.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl

from tnt_sim.analysis.shared.result_store import (
    SECONDS,
    PendingRecords,
    ResultStore,
    Schema,
    build_manifest,
    check_unchanged_inputs,
)
from tnt_sim.analysis.uncertainty.draw_task import (
    DrawFailure,
    DrawOptimum,
    DrawReadings,
    DrawTask,
    Sample,
    StoredOutcome,
)
from tnt_sim.engine.result import Status
from tnt_sim.scenario.scenario import ScenarioData

SCHEMA: Schema = {
    "case_sha256": pl.String,
    "phase": pl.String,
    "draw": pl.Int64,
    "input": pl.Int64,
    "status": pl.String,
    "value": pl.String,
    "scale": pl.String,
    "unspent_cents": pl.List(pl.Int64),
    "rows": pl.List(pl.Int32),
    "worth": pl.List(pl.Int64),
    "list_values": pl.List(pl.String),
    "list_paid_cents": pl.List(pl.Int64),
    "list_holds": pl.List(pl.Boolean),
    "exceeded": pl.List(pl.Boolean),
}
"""Columns of `runs/`.

`phase` is `draws`, `lists`, `sensitivity` or `single`, where one input varies and no other; `rows` are places
in the table of dossiers in its canonical order; columns that start with `list_` have one entry for each list
that was read, and `exceeded` and `unspent_cents` one for each envelope.
"""
CASES_PER_FILE = 256
"""Cases per file of `runs/`: a row may be as long as the table of dossiers."""

DRAWS, LISTS, SENSITIVITY, SINGLE = "draws", "lists", "sensitivity", "single"
"""Phases of an ensemble."""

Row = tuple[DrawTask, StoredOutcome]


@dataclass(eq=False)
class DrawStore:
    """Draws kept in a folder; a context manager."""

    store: ResultStore
    scenario: ScenarioData

    @classmethod
    def open(cls, folder: Path, scenario: ScenarioData, sample: Sample, n_sensitivity: int) -> Self:
        """Open a new store or an existing one for an ensemble."""
        draws = {
            "n": sample.n_draws,
            "seed": sample.seed,
            "sampling": sample.sampling,
            "sensitivity": n_sensitivity,
        }
        options = dict(scenario.tree.get("solver") or {})
        manifest = build_manifest(scenario.sha256, [scenario], options, draws=draws)
        store = ResultStore.open(folder, manifest, SCHEMA, cases_per_file=CASES_PER_FILE)
        return cls(store, scenario)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *__: object) -> None:
        self.store.lock.close()

    @property
    def pending(self) -> PendingRecords[Row]:
        """Return an empty list of records for the next commit."""
        return PendingRecords(self.store, build_table)

    def read_outcomes(self, wanted: Collection[str]) -> Iterator[tuple[str, StoredOutcome]]:
        """Yield what is stored of some cases, with their keys, one file after the other."""
        for rows in self.store.read_files():
            known = rows.filter(pl.col("case_sha256").is_in(wanted))
            for row in known.iter_slices(1):
                yield row["case_sha256"][0], _decode(row)

    def finish(self, keys: Sequence[str]) -> None:
        """Write the final files once every case is stored."""
        if self.store.done.issuperset(keys):
            check_unchanged_inputs([self.scenario])
            self.store.finish(keys)


def hash_task(task: DrawTask) -> str:
    """Compute the SHA-256 of what a task computes: its draw and lists, not its limits or paths."""
    lists = hashlib.sha256()
    for rows, cents in task.lists:
        lists.update(np.asarray(rows, dtype=np.int64).tobytes() + b"|")
        lists.update(np.asarray(cents, dtype=np.int64).tobytes() + b"||")
    sample = task.sample
    content = [sample.scenario_sha256, sample.n_draws, sample.seed, sample.sampling, task.number, task.other]
    content += ["single", task.single] if task.single >= 0 else []
    text = json.dumps([*content, lists.hexdigest() if task.lists else None])
    return hashlib.sha256(text.encode()).hexdigest()


def build_table(records: Sequence[Row]) -> pl.DataFrame:
    """Return the rows of some outcomes."""
    rows = [_build_row(task, outcome) for task, outcome in records]
    columns = {
        name: pl.Series(name, [row.get(name) for row in rows], dtype=kind)
        for name, kind in {**SCHEMA, SECONDS: pl.Float64}.items()
    }
    return pl.DataFrame(columns)


def _get_phase(task: DrawTask) -> str:
    if task.lists:
        return LISTS
    return SENSITIVITY if task.other >= 0 else SINGLE if task.single >= 0 else DRAWS


def _build_row(task: DrawTask, outcome: StoredOutcome) -> dict[str, object]:
    row: dict[str, object] = {
        "case_sha256": hash_task(task),
        "phase": _get_phase(task),
        "draw": task.number,
        "input": max(task.other, task.single) if max(task.other, task.single) >= 0 else None,
        SECONDS: outcome.seconds,
    }
    match outcome:
        case DrawOptimum():
            return row | {
                "status": outcome.status.value,
                "value": str(outcome.value),
                "scale": str(outcome.scale),
                "unspent_cents": list(outcome.unspent_cents),
                "rows": pl.Series(outcome.rows, dtype=pl.Int32),
                "worth": None if outcome.worth is None else pl.Series(outcome.worth, dtype=pl.Int64),
            }
        case DrawReadings():
            return row | {
                "list_values": [str(value) for value, _, _ in outcome.read],
                "list_paid_cents": [paid for _, paid, _ in outcome.read],
                "list_holds": [holds for _, _, holds in outcome.read],
                "exceeded": outcome.exceeded,
            }
        case DrawFailure():
            return row | {"status": outcome.status}


def _decode(row: pl.DataFrame) -> StoredOutcome:
    """Return the outcome of one row."""
    values = {name: row[name][0] for name in SCHEMA}
    if values["list_values"] is not None:
        read = zip(
            map(Fraction, values["list_values"]), values["list_paid_cents"], values["list_holds"], strict=True
        )
        return DrawReadings(list(read), values["exceeded"].to_list())
    if values["value"] is None:
        return DrawFailure(values["status"])
    worth = values["worth"]
    return DrawOptimum(
        status=Status(values["status"]),
        value=Fraction(values["value"]),
        unspent_cents=values["unspent_cents"].to_list(),
        rows=values["rows"].to_numpy().astype(np.int32),
        scale=Fraction(values["scale"]),
        worth=None if worth is None else worth.to_numpy().astype(np.int64),
    )
