"""Document of `show --json`: values with their origin, sentences, and the size of the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tnt_sim.documents import ScenarioHead, omit_none
from tnt_sim.reporting.text.merged_scenario import OriginEntry
from tnt_sim.solve.reductions.reduction import ModelSize


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceEntry:
    """Statement of the scenario as a sentence and a formula; counts are null where they mean nothing."""

    section: str
    id: str
    text: str
    remark: str
    source: str
    place: str
    n_dossiers: int | None
    formula: str
    n_rows: int | None
    title: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReductionEntry:
    """Reduction of the model, with the sizes before and after it."""

    name: str
    text: str
    before: ModelSize
    after: ModelSize


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """Size of the model as the scenario states it, its solution method, and its reductions."""

    n_columns: int
    n_rows: int
    n_entries: int
    method: str
    why: str
    reductions: Sequence[ReductionEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowDocument(ScenarioHead):
    """Merged scenario: its values, its sentences and, with `--model`, its model."""

    command: Literal["show"] = "show"
    status: Literal["resolved"] = "resolved"
    values: Sequence[OriginEntry]
    sentences: Sequence[SentenceEntry]
    model: ModelEntry | None = omit_none()
