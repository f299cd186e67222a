"""Documents of `core --json` and `compare --json`: amounts in integer cents, exact decimals as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tnt_sim.documents import DecimalText
from tnt_sim.verify.verification import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreRun:
    """One run, what its scenario changes against the first one, and what is verified of it."""

    run: str
    changes: Sequence[str]
    rules: Standing
    optimal: Standing
    first: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreMove:
    """One change that moves a dossier, in a run that differs from the first in it alone."""

    change: str
    run: str
    funded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreDossier:
    """One dossier: in how many runs it is funded, and what moves it."""

    dossier: str
    n_funded: int
    n_runs: int
    least_cents: int | None
    most_cents: int | None
    core_index: DecimalText
    class_: str
    moved_by: Sequence[CoreMove]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreDocument:
    """Dossiers that all, some or none of several runs fund, and what moves them."""

    schema_version: Literal[1] = 1
    command: Literal["core"] = "core"
    runs: Sequence[CoreRun]
    counts: Mapping[str, int]
    dossiers: Sequence[CoreDossier]
