"""The explanation of a run in its folder: `explanation.json` and `explanation.parquet`, bound to the decision.

The document names the decision by its hashes, the code that computed it, and the hash of the table, which has one
row per explained dossier. Neither file is part of the run: its hashes do not change, and a run without an
explanation is whole. An explanation of another decision, or by other code, is stale and is not used. One that
contradicts its own hash or the decision is false.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tnt_sim.disk import encode_parquet, put_all
from tnt_sim.engine.stored_run import hash_code
from tnt_sim.errors import DataError, Defect, Defects, Place
from tnt_sim.i18n.message import NO_TEXT, Text, _
from tnt_sim.verify.run_files import (
    MAX_DIFFERENCES,
    build_unreadable_defect,
    check_size,
    hash_file,
    read_object,
    serialise_document,
)
from tnt_sim.verify.signing.witness import is_signed_entry
from tnt_sim.verify.stored_allocation import read_parquet

HEAD, TABLE = "explanation.json", "explanation.parquet"
FILES = (HEAD, TABLE)

DECISION = {
    "dossier": pl.String(),
    "eligible": pl.Boolean(),
    "funded": pl.Boolean(),
    "granted_cents": pl.Int64(),
}
"""Columns of the table that repeat the allocation."""
_BOUND = ("scenario_sha256", "allocation_sha256", "document_sha256")

OTHER_DECISION = _("it explains another decision.")
OTHER_CODE = _("another version of tnt_sim computed it.")
_AGAIN = _("Delete this file, or compute the explanation again: `tnt-sim explain … --all --again`.")


@dataclass(frozen=True, slots=True, eq=False)
class ExplanationFiles:
    """The explanation found in a run folder.

    Attributes
    ----------
    head : content of `explanation.json`, empty without one that can be read
    table : content of `explanation.parquet`, one row per explained dossier
    stale : why it is not used though nothing in it is false, empty if it may be used
    defects : what is false in it
    """

    head: Mapping[str, object]
    table: pl.DataFrame
    stale: Text = NO_TEXT
    defects: tuple[Defect, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether it is there, of this decision and this code, and nothing in it is false."""
        return bool(self.head) and self.stale is NO_TEXT and not self.defects

    @property
    def reason_against(self) -> Text:
        """Why it is not used; empty where it is, or where there is none."""
        return self.defects[0].text if self.defects else self.stale


NO_EXPLANATION = ExplanationFiles({}, pl.DataFrame())


def write_explanation(
    run_dir: Path, summary: Mapping[str, object], document: Mapping[str, object], table: pl.DataFrame
) -> bool:
    """Write both files, or none; a signed entry of a register gets none.

    Parameters
    ----------
    summary : content of `summary.json`, whose hashes name the decision
    document : what the explanation says of the decision as a whole
    table : one row per explained dossier
    """
    if is_signed_entry(run_dir, summary):
        return False
    data = encode_parquet(table)
    head = {
        "schema_version": 1,
        **{key: summary[key] for key in _BOUND},
        "code_sha256": hash_code(),
        "table_sha256": hashlib.sha256(data).hexdigest(),
        **document,
    }
    put_all({run_dir / TABLE: data, run_dir / HEAD: serialise_document(head).encode()})
    return True


def has_explanation(run_dir: Path) -> bool:
    """Return whether a run folder holds a file of an explanation."""
    return any((run_dir / name).is_file() for name in FILES)


def read_explanation(
    run_dir: Path, summary: Mapping[str, object], allocation: pl.DataFrame
) -> ExplanationFiles:
    """Read the explanation of a run folder and compare it with the decision, without any solver.

    Parameters
    ----------
    allocation : the table of the run, one row per dossier
    """
    if not has_explanation(run_dir):
        return NO_EXPLANATION
    defects = Defects()
    for name in FILES:
        if not (run_dir / name).is_file():
            defects.add(
                f"file:{name}",
                _('"{name}" is missing from the explanation of the run.', name=name),
                hint=_AGAIN,
            )
    if defects.entries:
        return ExplanationFiles({}, pl.DataFrame(), defects=tuple(defects.entries))
    head = _read_head(run_dir / HEAD, defects)
    if any(head.get(key) != summary.get(key) for key in _BOUND) and not defects.entries:
        return ExplanationFiles(head, pl.DataFrame(), OTHER_DECISION)
    table = _read_table(run_dir / TABLE, head, defects) if head else None
    if table is not None:
        defects.entries.extend(_compare_decision(table, allocation, run_dir / TABLE))
        if head.get("stopped_by") is None and table.height != allocation.height:
            text = _("the explanation claims to be complete, but leaves applications out.")
            defects.entries.append(build_explanation_defect(run_dir / TABLE, text))
    if defects.entries or table is None:
        return ExplanationFiles(head, pl.DataFrame(), defects=tuple(defects.entries))
    stale = NO_TEXT if head.get("code_sha256") == hash_code() else OTHER_CODE
    return ExplanationFiles(head, table, stale)


def _read_head(file: Path, defects: Defects) -> dict[str, object]:
    try:
        return read_object(file)
    except DataError as error:
        defects.entries.extend(error.defects)
        return {}


def _read_table(file: Path, head: Mapping[str, object], defects: Defects) -> pl.DataFrame | None:
    large = check_size(file)
    if large is not None:
        defects.entries.append(large)
        return None
    if hash_file(file) != head.get("table_sha256"):
        defects.entries.append(_build_defect(file, _("it is not the table that explanation.json names")))
        return None
    table = read_parquet(file, defects)
    if table is None:
        return None
    lost = [name for name, kind in DECISION.items() if table.schema.get(name) != kind]
    if lost:
        defects.entries.append(_build_defect(file, _("it has no column {names}", names=", ".join(lost))))
        return None
    return table


def _compare_decision(table: pl.DataFrame, allocation: pl.DataFrame, file: Path) -> list[Defect]:
    """Return defects, at most `MAX_DIFFERENCES`: dossiers whose decision is not that of the run."""
    own, run = table.select(list(DECISION)), allocation.select(list(DECISION))
    if own.equals(run, null_equal=True):
        return []
    names = own["dossier"]
    doubled = names.filter(names.is_duplicated()).unique()
    other = own.join(run, on=list(DECISION), how="anti", nulls_equal=True)["dossier"]
    wrong = pl.concat([doubled, other]).unique().sort(nulls_last=True)
    return [
        Defect(
            "explanation",
            _('the explanation of "{dossier}" is not of what the run decides.', dossier=str(name)),
            (Place(file=str(file), dossier=str(name)),),
            _AGAIN,
        )
        for name in wrong[:MAX_DIFFERENCES]
    ]


def build_explanation_defect(file: Path, text: Text) -> Defect:
    """Build the defect of a statement of the explanation that the decision contradicts."""
    return Defect("explanation", text, (Place(file=str(file)),), _AGAIN)


def _build_defect(file: Path, reason: Text) -> Defect:
    unreadable = build_unreadable_defect(file, reason)
    return Defect("explanation", unreadable.text, unreadable.places, _AGAIN)
