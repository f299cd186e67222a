"""Check of a register amendment: its chain, its files, and that it lowers the signed amounts as its table says.

An amendment is not a run: it claims no rule, optimum or tie-break.
"""

from __future__ import annotations

from pathlib import Path

from tnt_sim.errors import DataError, Defect, Place
from tnt_sim.i18n.message import _
from tnt_sim.ingest.portfolio_reader import read_plain
from tnt_sim.scenario.decision_register import (
    AMENDMENTS,
    SIGNATURE,
    RegisterEntry,
    read_entries,
    read_state,
    read_state_amounts,
)
from tnt_sim.verify.run_files import SUMMARY
from tnt_sim.verify.signing.witness import hash_defects
from tnt_sim.verify.verification import NO_ANSWER, AmendmentHead, PreviousSignature, Verification


def is_amendment(folder: Path) -> bool:
    """Whether a folder is a register entry without a run."""
    return (folder / SIGNATURE).is_file() and not (folder / SUMMARY).exists()


def read_amendment(folder: Path, expected: str | None = None) -> tuple[RegisterEntry | None, Verification]:
    """Read and check an amendment; the entry is None if the register cannot be read.

    Parameters
    ----------
    folder
        A register entry, with the earlier entries beside it.
    expected
        The hash that the reader was given, see `expected_hash`.
    """
    place = folder.resolve()
    try:
        entries = read_entries(place.parent)
        number = next(k for k, entry in enumerate(entries) if entry.folder == place)
        entry, before = entries[number], entries[number - 1] if number else None
        defects = _list_differences(entry, before)
    except DataError as error:
        return None, _build_verification(folder, None, list(error.defects))
    return entry, _build_verification(folder, entry, [*hash_defects(entry.signature, expected), *defects])


def _list_differences(entry: RegisterEntry, before: RegisterEntry | None) -> list[Defect]:
    """List the differences between the state after the amendment and what its table gives."""
    named = [name for name in entry.signature["files"] if Path(name).stem == Path(AMENDMENTS).stem]
    if entry.signature["kind"] != "amendment" or before is None or len(named) != 1:
        text = _("this is not an amendment of the register.")
        return [Defect("amendment", text, (Place(file=f"{entry.folder.name}/{SIGNATURE}"),))]
    label = f"{entry.folder.name}/{named[0]}"
    request = read_state_amounts(read_plain(entry.folder / named[0], shown_as=label), label)
    earlier, state = read_state(before), read_state(entry)
    freed = sum(earlier.values()) - sum(state.values())
    if state == {**earlier, **request} and entry.signature.get("freed_cents") == freed:
        return []
    text = _("the committed amounts are not those of before, lowered as this table says.")
    return [Defect("amendment", text, (Place(file=label),))]


def _build_verification(folder: Path, entry: RegisterEntry | None, defects: list[Defect]) -> Verification:
    words = {} if entry is None else entry.signature
    previous = words.get("previous")
    head = AmendmentHead(
        run_dir=str(folder),
        status="refused" if defects else "verified",
        kind=words.get("kind"),
        id=words.get("id"),
        previous=None if previous is None else PreviousSignature(**previous),
        n_dossiers=words.get("n_dossiers"),
        granted_cents=words.get("granted_cents"),
        freed_cents=words.get("freed_cents"),
        allocation_sha256=words.get("allocation_sha256"),
    )
    return Verification(NO_ANSWER, NO_ANSWER, NO_ANSWER, tuple(defects), head=head)
