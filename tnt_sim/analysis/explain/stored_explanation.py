"""The explanation of a run as files of its folder: written once, read by every page, checked against the decision.

`explanation.parquet` has one row per explained dossier: plain facts as columns, and lists and entries of several
figures as JSON text. Sentences are not stored: whoever reads writes them from the figures, in any language.

A file can only claim the results of solves (changes, effects of rules). `explanation_check` computes all the rest
anew and compares. Nothing here imports a solver.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, get_args

import polars as pl
from pydantic import ConfigDict, TypeAdapter, ValidationError

from tnt_sim.analysis.explain.document import (
    BECAUSE_CODE,
    CLAIMED_FIGURE,
    ChangeEntry,
    DecidingRule,
    ExplainDocument,
    ExplainedDossier,
    ExplainedList,
    MarginEntry,
    NamedRule,
    OpenChange,
    ReserveRank,
    StoredExplanation,
    TakenDecision,
    UnmetEntry,
)
from tnt_sim.analysis.explain.sentences import explain_dossier
from tnt_sim.analysis.shared.progress import INTERRUPT
from tnt_sim.documents import dump_document
from tnt_sim.engine.run_folder.explanation_file import (
    DECISION,
    HEAD,
    NO_EXPLANATION,
    ExplanationFiles,
    build_explanation_defect,
    read_explanation,
    write_explanation,
)
from tnt_sim.errors import Defect
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.scenario.scenario import is_synthetic
from tnt_sim.verify.run_document import select_eligible
from tnt_sim.verify.run_files import read_summary
from tnt_sim.verify.verification import Standing

if TYPE_CHECKING:
    from tnt_sim.analysis.shared.decided_run import DecidedRun

PLAIN = {
    "dossier": pl.String(),
    "envelope": pl.String(),
    "eligible": pl.Boolean(),
    "funded": pl.Boolean(),
    "granted_cents": pl.Int64(),
    "asked_cents": pl.Int64(),
    "reason_code": pl.String(),
    "optimal": pl.Boolean(),
    "reason": pl.String(),
    "by": pl.String(),
    "unclear": pl.Boolean(),
}
"""Columns of the table that hold one value each."""


def _list_classes(union: Any) -> list[type]:
    """List the classes of a union of type aliases."""
    inner = union.__value__ if hasattr(union, "__value__") else union
    return (
        [one for part in get_args(inner) for one in _list_classes(part)]
        if isinstance(inner, UnionType)
        else [inner]
    )


CHANGES = {kind.__name__: kind for kind in _list_classes(ChangeEntry)}
"""Classes of changes by the name that stands before each change in the table."""
NESTED: Mapping[str, object] = {
    "missed": list[UnmetEntry],
    "margin": MarginEntry,
    "rule": NamedRule,
    "empty": list[str],
    "decision": TakenDecision,
    "on_reserve": ReserveRank,
    "because": list[DecidingRule],
    "barred_by": NamedRule,
}
"""Columns of the table that hold JSON text; empty where there is nothing to say."""
_LISTS = frozenset({"missed", "empty", "because"})
REPORT_SECONDS = 60.0
_CONFIG = ConfigDict(extra="forbid", alias_generator=lambda name: name.removesuffix("_"))


def get_report_limit(time_limit: float, seconds: float | None) -> float:
    """Return the seconds that a report gives to its explanation: a minute at most, or as asked."""
    return min(REPORT_SECONDS, time_limit) if seconds is None else seconds


def build_table(entries: Sequence[ExplainedDossier]) -> pl.DataFrame:
    """Return the table of some entries: columns `PLAIN`, `NESTED` and `changes`, without sentences."""
    columns = {
        name: pl.Series(name, [getattr(entry, name) for entry in entries], dtype=kind)
        for name, kind in PLAIN.items()
    }
    for name in NESTED:
        texts = (_encode(getattr(entry, name)) for entry in entries)
        columns[name] = pl.Series(name, list(texts), dtype=pl.String)
    changes = ([[type(one).__name__, dump_document(one)] for one in entry.changes] for entry in entries)
    columns["changes"] = pl.Series("changes", [_encode(one) for one in changes], dtype=pl.String)
    return pl.DataFrame(list(columns.values()))


def _encode(value: Any) -> str | None:
    """Write an entry, or a list of entries, as JSON text; None where there is none."""
    if value is None or value == () or value == []:
        return None
    plain = (
        [_dump(one) for one in value]
        if isinstance(value, Sequence) and not isinstance(value, str)
        else _dump(value)
    )
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def _dump(value: Any) -> Any:
    return value if isinstance(value, str | list) else dump_document(value)


@cache
def _build_adapter(name: str) -> TypeAdapter[Any]:
    """Return the reader of a column of JSON text: a list with one entry or null per row."""
    if name == "changes":
        pairs: Any = None
        for key, kind in CHANGES.items():
            pair: Any = tuple[Literal[key], kind]  # type: ignore[valid-type]
            pairs = pair if pairs is None else pairs | pair
        entry: Any = list[pairs]
    else:
        entry = NESTED[name]
    return TypeAdapter(list[entry | None], config=_CONFIG)


@cache
def _build_head_adapter() -> TypeAdapter[tuple[StoredExplanation]]:
    return TypeAdapter(tuple[StoredExplanation], config=_CONFIG)


def read_entries(table: pl.DataFrame) -> list[ExplainedDossier]:
    """Return the entries of a table, without sentences."""
    lost = [name for name, kind in PLAIN.items() if table.schema.get(name) != kind]
    lost += [name for name in (*NESTED, "changes") if table.schema.get(name) != pl.String()]
    if lost:
        raise ValueError(", ".join(lost))
    needed = [name for name in PLAIN if name not in ("envelope", "asked_cents", "by")]
    if any(table[name].null_count() for name in needed):
        raise ValueError("null")
    columns: dict[str, list[Any]] = {name: table[name].to_list() for name in PLAIN}
    for name in NESTED:
        columns[name] = _read_texts(name, table[name], () if name in _LISTS else None)
    changes = _read_texts("changes", table["changes"], ())
    columns["changes"] = [tuple(change for __, change in one) for one in changes]
    names = list(columns)
    return [
        ExplainedDossier(**dict(zip(names, values, strict=True)))
        for values in zip(*columns.values(), strict=True)
    ]


def _read_texts(name: str, texts: pl.Series, nothing: Any) -> list[Any]:
    """Read a column of JSON texts in one pass over those that are not null."""
    filled = texts.drop_nulls()
    result = [nothing] * texts.len()
    if not filled.len():
        return result
    read = _build_adapter(name).validate_json(f"[{','.join(filled.to_list())}]", strict=True)
    if len(read) != filled.len() or any(one is None for one in read):
        raise ValueError(name)
    rows = texts.is_not_null().arg_true().to_list()
    for row, value in zip(rows, read, strict=True):
        result[row] = tuple(value) if name in _LISTS or name == "changes" else value
    return result


def store_explanation(run_dir: Path, document: ExplainDocument, limit: float | None) -> bool:
    """Write the document of `explain --all` into the run folder; False where it is not kept.

    An explanation that a limit ended keeps that limit. After Ctrl-C, and in a signed entry, there is none.

    Parameters
    ----------
    limit : seconds that the computation was given
    """
    if document.stopped_by == INTERRUPT or document.read_from is not None:
        return False
    plain = dump_document(document)
    head = {
        "limit_seconds": None if document.stopped_by is None else limit,
        **{part.name: plain[part.name] for part in fields(ExplainedList)},
    }
    return write_explanation(run_dir, read_summary(run_dir), head, build_table(document.dossiers))


def read_of_decision(
    decided: DecidedRun, lang: Lang, limit: float | None
) -> tuple[ExplainDocument | None, ExplanationFiles]:
    """Return the document that the folder of a decision holds, unchecked, and its files.

    The document is None where a computation tells more. Figures of changes carry the word `CLAIMED_FIGURE`.

    Parameters
    ----------
    limit : seconds that a computation would be given; an explanation that a shorter limit ended is not read
    """
    if decided.run_dir is None:
        return None, NO_EXPLANATION
    decision = build_decision_columns(decided)
    files = read_explanation(decided.run_dir, read_summary(decided.run_dir), decision)
    if not files.usable:
        return None, files
    try:
        head = _read_head(files)
        if head.limit_seconds is not None and (limit is None or limit > head.limit_seconds):
            return None, files
        entries = read_entries(files.table)
        _check_codes(entries, dict(decision.select("dossier", "reason_code").iter_rows()))
        entries = [_mark_claims(entry, lang) for entry in entries]
    except (ValueError, KeyError, TypeError, ArithmeticError) as error:
        name = next(iter(str(error).splitlines()), "")[:200]
        false = build_defect(_("the explanation is not as a run writes it: {name}.", name=name))
        return None, replace(files, defects=(false,))
    scenario, verification = decided.problem.scenario, decided.verification
    document = ExplainDocument(
        scenario=scenario.id,
        scenario_sha256=scenario.sha256,
        run_dir=decided.run_dir.as_posix(),
        title=scenario.title,
        lang=lang.value,
        synthetic=is_synthetic(scenario),
        verification=None
        if verification is None
        else replace(verification, explanation=Standing.CLAIMED).record,
        dossiers=entries,
        unknown=(),
        read_from=HEAD,
        **{part.name: getattr(head, part.name) for part in fields(ExplainedList)},
    )
    return document, files


def _mark_claims(entry: ExplainedDossier, lang: Lang) -> ExplainedDossier:
    """Return a stored entry with its sentence; the file alone claims the figures of its changes."""
    changes = [
        change if isinstance(change, OpenChange) else replace(change, proof=CLAIMED_FIGURE)
        for change in entry.changes
    ]
    return replace(entry, changes=tuple(changes), sentence=explain_dossier(entry).in_(lang))


def build_decision_columns(decided: DecidedRun) -> pl.DataFrame:
    """Return the columns of the allocation that an explanation repeats, with the run's reason codes."""
    return pl.DataFrame(
        {
            "dossier": decided.numbers,
            "eligible": select_eligible(decided.problem),
            "funded": decided.allocation.funded,
            "granted_cents": decided.allocation.granted_cents,
            "reason_code": decided.codes,
        },
        schema={**DECISION, "reason_code": pl.String()},
    )


def _check_codes(entries: Sequence[ExplainedDossier], codes: Mapping[str, str]) -> None:
    """Check that the reason codes are those of the run, or follow from them where a rule decides."""
    for entry in entries:
        code = codes[entry.dossier]
        if entry.reason_code != (BECAUSE_CODE.get(code, code) if entry.because else code):
            raise ValueError(f"{entry.dossier}, {entry.reason_code}")


def _read_head(files: ExplanationFiles) -> StoredExplanation:
    try:
        text = json.dumps([dict(files.head)], ensure_ascii=False)
        return _build_head_adapter().validate_json(text, strict=True)[0]
    except ValidationError as error:
        raise ValueError(HEAD) from error


def build_defect(text: Text) -> Defect:
    """Build the defect of a statement of `explanation.json` that is false."""
    return build_explanation_defect(Path(HEAD), text)
