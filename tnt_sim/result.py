"""A result: the allocation, what supports it, and the document that tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import polars as pl

from tnt_sim.errors import Defect
from tnt_sim.scenario.compile import Problem
from tnt_sim.verify.reading import Allocation, AllocationReading
from tnt_sim.verify.reasons import Reasons


class Status(StrEnum):
    """What was found."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    STOPPED = "stopped"


class Proof(StrEnum):
    """What supports it."""

    PROVED = "PROVED"
    CROSS_CHECKED = "CROSS_CHECKED"
    FEASIBLE_GAP = "FEASIBLE_GAP"


ALLOWED: Mapping[Status, tuple[Proof | None, ...]] = MappingProxyType(
    {
        Status.OPTIMAL: (Proof.PROVED, Proof.CROSS_CHECKED),
        Status.FEASIBLE: (Proof.FEASIBLE_GAP,),
        Status.INFEASIBLE: (Proof.PROVED, Proof.CROSS_CHECKED, None),
    }
)
"""What may support each status of a decision. What one solver alone calls the best is `feasible`.

A linear program (`relaxed`) is optimal or infeasible and has no proof. Version 0.1.0 also wrote `optimal` with
`FEASIBLE_GAP`, where one solver had closed a run and none confirmed it: such folders are still read.
"""


@dataclass(frozen=True)
class Result:
    """One decision, or the reason why there is none.

    Attributes
    ----------
    problem : what was asked, read once
    status, proof : what was found and what supports it
    document : the JSON document of the contract (`run --json`), without `run_dir`
    allocation, reading, reasons : None when there is no allocation
    dossiers : one row per dossier, by rank, with `eligible`, `funded`, `granted_cents`, `reason_code`, `reason`
    prices : shadow prices of a relaxed run, else None
    certificate : what supports the proof, as `certificate.json` holds it
    log : what the solvers printed
    warnings : what the planner should know
    interrupted : Ctrl-C was pressed, even where it cost nothing but a proof of the tie-break
    """

    problem: Problem
    status: Status
    proof: Proof | None
    document: Mapping[str, Any]
    allocation: Allocation | None
    reading: AllocationReading | None
    reasons: Reasons | None
    dossiers: pl.DataFrame
    prices: pl.DataFrame | None
    certificate: Mapping[str, Any]
    log: str
    warnings: tuple[Defect, ...]
    interrupted: bool = False

    def with_allowed_words(self) -> Result:
        """Itself.

        Raises
        ------
        ValueError
            When its status and its proof contradict each other.
        """
        relaxed = self.document["relaxed"] and self.proof is None and self.status is not Status.FEASIBLE
        if not relaxed and self.proof not in ALLOWED.get(self.status, ()):
            raise ValueError(f"status {self.status} with proof {self.proof}")
        return self

    def summary(self) -> Mapping[str, Any]:
        """The document of `run --json`."""
        return self.document

    def to_dataframe(self, backend: str = "polars", *, table: str = "dossiers") -> Any:
        """The dossiers with their decision, or one of `TABLES`, as polars or pandas; amounts in integer cents."""
        return in_backend(
            self.dossiers if table == "dossiers" else document_frame(self.document, table), backend
        )


TABLES = ("envelopes", "rules", "groups", "objective")
"""The tables of a document: its lists, and the groups of rules that have some, a row each."""


def document_frame(document: Mapping[str, Any], table: str) -> pl.DataFrame:
    """One of `TABLES` as a table; what is nested in its rows is left out.

    Raises
    ------
    ValueError
        For a table that does not exist.
    """
    if table not in TABLES:
        raise ValueError(f"table must be one of dossiers, {', '.join(TABLES)}, not {table!r}")
    if table == "groups":
        rows = [{"rule": rule["id"], **group} for rule in document["rules"] for group in rule["groups"]]
    else:
        rows = document[table]
    plain = [{key: value for key, value in row.items() if not isinstance(value, list | dict)} for row in rows]
    return pl.DataFrame(plain, infer_schema_length=None)


def in_backend(frame: pl.DataFrame, backend: str) -> Any:
    """A table as `polars` or `pandas` holds it; ValueError for another name."""
    if backend == "polars":
        return frame
    if backend == "pandas":
        return frame.to_pandas()
    raise ValueError(f"backend must be 'polars' or 'pandas', not {backend!r}")
