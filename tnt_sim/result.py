"""A result: the allocation, what supports it, and the document that tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
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

    def summary(self) -> Mapping[str, Any]:
        """The document of `run --json`."""
        return self.document

    def to_dataframe(self, backend: str = "polars") -> Any:
        """The dossiers with their decision, as a polars or a pandas table; amounts in integer cents."""
        if backend == "polars":
            return self.dossiers
        if backend == "pandas":
            return self.dossiers.to_pandas()
        raise ValueError(f"backend must be 'polars' or 'pandas', not {backend!r}")
