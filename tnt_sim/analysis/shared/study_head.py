"""First keys of the documents of studies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tnt_sim.analysis.shared.progress import ProgressEntry
from tnt_sim.engine.result import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyHead:
    """The scenario, its status, and how far the study came.

    Attributes
    ----------
    command : the verb that prints the document
    synthetic : whether a file of the scenario says that its data are invented
    stopped_by : the limit that ended the study early, or null
    """

    schema_version: Literal[1] = 1
    command: str
    scenario: str
    scenario_sha256: str
    title: str
    synthetic: bool
    status: Status
    stopped_by: str | None
    progress: ProgressEntry
