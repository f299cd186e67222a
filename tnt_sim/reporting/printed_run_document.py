"""Documents of a run as it is printed (`run --json`) and stored (`summary.json`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from tnt_sim.analysis.extend.step_effects import StepEffects
from tnt_sim.analysis.infeasibility.document import ClashEntry, ConflictDocument, RepairEntry
from tnt_sim.documents import omit_none
from tnt_sim.i18n.message import Text
from tnt_sim.verify.run_document import RunDocument
from tnt_sim.verify.verification import CheckRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedRunDocument(RunDocument):
    """A decision, what was checked of it, what one more step of money would do, and what contradicts itself."""

    conflict: Sequence[ClashEntry] | None = omit_none()
    repairs: Sequence[RepairEntry] | None = omit_none()
    pabulib: Sequence[str] | None = omit_none()
    one_more: StepEffects | None
    verification: CheckRecord | None


def build_printed_document(
    document: RunDocument,
    verification: CheckRecord | None,
    run_dir: str | None,
    one_more: StepEffects | None,
    conflict: ConflictDocument | None,
    pabulib: Sequence[Text],
) -> PrintedRunDocument:
    """Return the document of a run with what the command adds to it."""
    keys = {key.name: getattr(document, key.name) for key in fields(RunDocument)}
    return PrintedRunDocument(
        **{**keys, "run_dir": run_dir, "conflict": keys["conflict"] if conflict is None else conflict.sets},
        repairs=None if conflict is None else conflict.repairs,
        pabulib=[text.en for text in pabulib] or None,
        one_more=one_more,
        verification=verification,
    )
