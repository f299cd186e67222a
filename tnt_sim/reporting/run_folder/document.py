"""Documents of a run as it is printed (`run --json`) and stored (`summary.json`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tnt_sim.analysis.extend.step_effects import StepEffects
from tnt_sim.analysis.infeasibility.document import ClashEntry, RepairEntry
from tnt_sim.documents import omit_none
from tnt_sim.verify.run_document import RunDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedRunDocument(RunDocument):
    """A decision, what one more step of money would do, and of an infeasible scenario what contradicts itself."""

    conflict: Sequence[ClashEntry] | None = omit_none()
    repairs: Sequence[RepairEntry] | None = omit_none()
    pabulib: Sequence[str] | None = omit_none()
    one_more: StepEffects | None
