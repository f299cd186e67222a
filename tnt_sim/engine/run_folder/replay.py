"""Verify a run folder in full: read it in exact integers, write its documents again, and compare every value.

`verify/` reads the decision; the functions that write a run then write it again from what was read,
and each document must be equal: `scenario.resolved.yaml` and `allocation.csv` byte by byte,
`allocation.parquet` cell by cell, `summary.json` value by value. What needs a solver (status,
proof, bounds) is taken from the summary, and must be consistent with the other claims and with the
allocation.

The same mechanism writes the sentences of a run in another language.

Runs of other versions: figures are checked as usual, but reasons and sentences are not.

Versions word reasons differently and add keys. Neither changes what was decided, so stored reasons are left
as they are, and the reader is informed. Whoever opens the run sees this version's wording.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.documents import dump_document
from tnt_sim.engine.award_list import encode_csv, select_parquet_columns
from tnt_sim.engine.personal_columns import list_personal_columns
from tnt_sim.engine.result import Evidence, Proof, ResultData, Status, build_result
from tnt_sim.engine.run_folder.writer import RunOrigin, build_summary, render_resolved_yaml
from tnt_sim.engine.step_results import combine_results
from tnt_sim.engine.stored_run import StoredRun, hash_code
from tnt_sim.engine.stored_run import list_versions as versions_here
from tnt_sim.errors import Defect, Place
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.scenario.scenario import ScenarioData, build_reserve_step
from tnt_sim.verify.claim_consistency import (
    NO_LIST,
    RunClaim,
    check_run_words,
    list_improving_dossiers,
    read_claim,
    split_warnings,
    translate_warnings,
)
from tnt_sim.verify.proofs import NOT_REPLAYED, replay_proofs
from tnt_sim.verify.run_document import StageFigures
from tnt_sim.verify.run_files import (
    BOUND,
    CSV,
    PARQUET,
    RESOLVED,
    SUMMARY,
    build_rewritten_defect,
    list_differences,
    read_file,
)
from tnt_sim.verify.run_replay import Replay, build_verification, replay
from tnt_sim.verify.signing.signature import read_own, select_signed_entries
from tnt_sim.verify.signing.witness import hash_defects, is_above, is_signed_entry, list_witness_defects
from tnt_sim.verify.step_reading import StepDecision, StepsRead, list_step_entries
from tnt_sim.verify.stored_allocation import compare_cells, compare_csv
from tnt_sim.verify.verification import Verification

REASON_KEYS = frozenset({"unspent_because", "unspent_code", "unspent_rule", "warnings"})

REASON_COLUMNS = ("reason_code", "reason")

OTHER_WORDS = _(
    "Its reasons and sentences are not all those of this version: they are not verified. "
    "What is opened or exported holds this version's."
)


def restore_stored_reasons(
    stored: Mapping[str, object], again: Mapping[str, object], notes: list[Text]
) -> dict[str, Any]:
    """Return the recomputed document with the stored reasons, and without keys that were added since."""
    merged = _merge_reasons(stored, again)
    if any(_has_difference(stored, again, key) for key in REASON_KEYS):
        notes.append(OTHER_WORDS)
    result: dict[str, Any] = merged
    return result


def _merge_reasons(stored: Any, again: Any) -> Any:
    if isinstance(stored, Mapping) and isinstance(again, Mapping):
        return {
            key: stored[key] if key in REASON_KEYS else _merge_reasons(stored[key], value)
            for key, value in again.items()
            if key in stored
        }
    if isinstance(stored, list) and isinstance(again, list) and len(stored) == len(again):
        return [_merge_reasons(one, other) for one, other in zip(stored, again, strict=True)]
    return again


def _has_difference(stored: Any, again: Any, key: str) -> bool:
    """Whether a reason differs somewhere in two documents."""
    if isinstance(stored, Mapping) and isinstance(again, Mapping):
        if key in stored and key in again and stored[key] != again[key]:
            return True
        return any(_has_difference(stored[name], again[name], key) for name in again if name in stored)
    if isinstance(stored, list) and isinstance(again, list) and len(stored) == len(again):
        return any(_has_difference(one, other, key) for one, other in zip(stored, again, strict=True))
    return False


def with_older_reasons(stored: pl.DataFrame, again: pl.DataFrame, notes: list[Text]) -> pl.DataFrame:
    """Return the recomputed table with the stored reasons."""
    same_rows = stored.height == again.height and stored["dossier"].equals(again["dossier"])
    retained = [name for name in REASON_COLUMNS if stored.schema.get(name) == pl.String]
    if same_rows and retained:
        if not stored.select(retained).equals(again.select(retained)):
            notes.append(OTHER_WORDS)
        again = again.with_columns(stored[name] for name in retained)
    return again


_HASH = re.compile(r"[0-9a-f]{64}")


def verify_run(run_dir: Path, project: Path | None = None) -> Verification:
    """Verify a run folder in full, without any solver.

    Parameters
    ----------
    run_dir : run folder
    project : project folder, if it has moved since the run
    """
    return check_run(run_dir, project).verification


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """Verified run folder.

    Attributes
    ----------
    run : what was read
    told : the run written again from what was read; None if that is not possible
    verification : result of the verification
    """

    run: Replay
    replay: RunReplay | None
    verification: Verification


def check_run(
    run_dir: Path,
    project: Path | None = None,
    expected: str | None = None,
    *,
    for_act: bool = False,
    deadline: Deadline = UNLIMITED,
) -> Checked:
    """Verify a run folder in full, and keep what was read and written again.

    Parameters
    ----------
    run_dir : run folder
    project : project folder, if named by the reader. Then inputs are read there alone
    expected : hash that the reader was given, see `expected_hash`
    for_act : whether an act is written from it. Then the project must lie above the run folder or be named
    deadline : when the replay of its proofs must end; what was not replayed remains a claim
    """
    place = {"project_named": project is not None, "for_act": for_act}
    return _check_replay(replay(run_dir, project, deadline), expected, **place)


def _check_replay(run: Replay, expected: str | None, **place: bool) -> Checked:
    rendered, result = None, run.defects.entries
    result.extend(hash_defects(run.summary, expected))
    if is_signed_entry(run.run_dir, run.summary):
        entry, defects = read_own(run.run_dir, run.summary)
        result.extend(defects)
    else:
        entry = next(iter(select_signed_entries(run.project, run.summary)), None)
    run.entry = None if entry is None else entry.id
    if run.scenario is not None:
        result.extend(list_witness_defects(run.run_dir, run.summary, run.project, **place))
        result.extend(_check_resolved(run, run.scenario))
    if run.whole is not None and run.scenario is not None:
        rendered = replay_run(run, run.scenario, run.whole)
        run.defects.entries.extend(_compare(run, rendered, moved=_is_elsewhere(run)))
    return Checked(run, rendered, build_verification(run, _list_notes(run)))


def _is_elsewhere(run: Replay) -> bool:
    """Whether the inputs are not where the summary says: moved, or kept next to a run or a signed list."""
    folder = None if run.inputs is None else run.inputs.folder
    return folder != (run.run_dir.resolve() / str(run.summary.get("project", "."))).resolve()


def _list_notes(run: Replay) -> tuple[Text, ...]:
    """List what a reader should know in addition to defects."""
    place = []
    if run.inputs is not None and not run.inputs.is_kept and not is_above(run.project, run.run_dir):
        place = [_("The project that was read is not above the run folder: {project}.", project=run.project)]
    other = () if is_same_code(run) else (_describe_other_code(run),)
    return (*place, *dict.fromkeys(run.notes), *other)


def is_same_code(run: Replay) -> bool:
    """Whether the run states that this version of the code made it."""
    made = run.summary.get("provenance")
    return not isinstance(made, dict) or made.get("code_sha256") == hash_code()


def _describe_other_code(run: Replay) -> Text:
    versions = run.summary.get("versions")
    version = versions.get("tnt_sim") if isinstance(versions, dict) else "?"
    return _(
        "The run was made by another code of tnt_sim ({version}) than the one that checks it.",
        version=str(version),
    )


def _check_resolved(run: Replay, scenario: ScenarioData) -> list[Defect]:
    """Check that scenario.resolved.yaml equals the merged scenario, byte by byte."""
    file = run.run_dir / RESOLVED
    if not file.is_file():
        return []
    again, stored = render_resolved_yaml(scenario).encode(), read_file(file)
    if again == stored:
        return []
    pairs = zip([*stored.split(b"\n"), b""], [*again.split(b"\n"), b""], strict=False)
    number = next((k for k, (one, other) in enumerate(pairs, start=1) if one != other), 1)
    return [
        Defect(
            "scenario",
            _("the resolved scenario is not the one that its files give."),
            (Place(file=RESOLVED, line=number),),
        )
    ]


@dataclass(frozen=True, slots=True)
class _DecisionReplay:
    """One decision of the run: as read, as claimed, as written again."""

    decision: StepDecision
    claim: RunClaim
    result: ResultData


@dataclass(frozen=True, slots=True)
class RunReplay:
    """The run written again, with its decisions."""

    result: ResultData
    decisions: tuple[_DecisionReplay, ...]


def replay_run(run: Replay, scenario: ScenarioData, whole: StepDecision) -> RunReplay:
    """Write the run again from what was read."""
    if run.steps is None:
        part = _replay_decision(run, run.summary, "", whole)
        return RunReplay(part.result, (part,))
    listed = () if run.steps.reserve is None else (run.steps.reserve,)
    decisions = (*run.steps.done, *listed)
    entries = [*list_step_entries(run.summary), *({} for __ in decisions)]
    pieces = tuple(
        _replay_decision(run, entry, f"steps[{decision.step.id or k}].", decision)
        for k, (entry, decision) in enumerate(zip(entries, decisions, strict=False))
    )
    done = [(part.decision.step, part.result) for part in pieces[: len(run.steps.done)]]
    missing = run.steps.reserve is None and build_reserve_step(scenario) is not None
    reserve = None if run.steps.reserve is None else pieces[-1].result
    return RunReplay(combine_results(scenario, done, reserve, (NO_LIST,) if missing else ()), pieces)


def _replay_decision(
    run: Replay, entry: Mapping[str, Any], where: str, decision: StepDecision
) -> _DecisionReplay:
    """Write one decision again from its claim and its reading."""
    problem, values = decision.problem, decision.reading.values
    claim = read_claim(entry, where, problem.stages, values, run.defects)
    stages = tuple(
        StageFigures(stage.goal, stage.sense.value, value, goal.bound, goal.proof)
        for stage, value, goal in zip(problem.stages, values, claim.goals, strict=True)
    )
    evidence = Evidence(
        status=Status(claim.status),
        proof=Proof(claim.proof),
        stages=stages,
        stopped_by=run.summary.get("stopped_by"),
        canonical=run.summary.get("canonical") is True,
        least_granted=None if claim.least_granted is None else Proof(claim.least_granted),
        listing=None if claim.listing is None else Proof(claim.listing),
        method=str(run.summary.get("method")),
    )
    result = build_result(problem, evidence, decision.allocation, decision.reading, {})
    objective = [
        replace(entry, gap=goal.gap, gap_money_cents=goal.gap_money_cents)
        for entry, goal in zip(result.data.objective, claim.goals, strict=True)
    ]
    return _DecisionReplay(decision, claim, replace(result, data=replace(result.data, objective=objective)))


def _compare(run: Replay, replay: RunReplay, *, moved: bool) -> list[Defect]:
    """List every value that differs from the one written again, and every inconsistent claim."""
    unproven = replay_proofs(run, [(part.decision, part.claim) for part in replay.decisions])
    if not is_same_code(run):
        run.notes += [defect.text for defect in unproven if defect.code == NOT_REPLAYED]
        unproven = [defect for defect in unproven if defect.code != NOT_REPLAYED]
    run.proven &= replay.result.status is Status.OPTIMAL
    run.proven_first &= run.proven
    replayed = run.replayed and not any(defect.code == NOT_REPLAYED for defect in unproven)
    result = [
        *unproven,
        *_compare_summary(run, replay, moved=moved, replayed=replayed),
        *_compare_tables(run, replay.result),
    ]
    for piece in replay.decisions:
        if piece.claim.status == "optimal" and piece.result.reasons is not None:
            one = piece.decision
            result += list_improving_dossiers(one.problem, one.allocation, one.reading, piece.result.reasons)
    return result


def _compare_summary(run: Replay, replay: RunReplay, *, moved: bool, replayed: bool) -> list[Defect]:
    """Compare the summary.

    `replayed`: whether the certificate supports the claim; otherwise the stored proof rows are not
    compared.
    """
    stored = run.summary
    again = build_summary(replay.result, run.run_dir, _get_hashes(stored), _read_origin(stored))
    again["document_sha256"], again["seconds"] = stored.get("document_sha256"), stored.get("seconds")
    if moved:
        again["project"] = stored.get("project")
    again["proof_rows"] = dump_document(run.rows) if replayed else stored.get("proof_rows")
    if not is_same_code(run):
        again = restore_stored_reasons(stored, again, run.notes)
    notes, again["warnings"] = _derive_warnings(run, again["warnings"])
    check_run_words(stored, notes, [part.claim for part in replay.decisions], run.defects)
    if json.dumps(stored) == json.dumps(again):
        return []
    return list_differences(stored, again) or [build_rewritten_defect(run.run_dir / SUMMARY)]


def _derive_warnings(run: Replay, again: list[str]) -> tuple[set[str], list[str]]:
    """Return the codes of the notes on evidence, and the expected warnings with these notes in place."""
    lang = Lang(run.scenario.spec.locale if run.scenario else "fr")
    stored = run.summary.get("warnings")
    lines = [line for line in stored if isinstance(line, str)] if isinstance(stored, list) else []
    notes, others = split_warnings(lines, lang)
    wanted = split_warnings(again, lang)[1]
    return notes, lines if others == wanted else wanted


def _get_hashes(stored: Mapping[str, Any]) -> dict[str, str]:
    """Return the hashes stored in the summary; they were compared with the files."""
    files = stored.get("files")
    return {name: str(files.get(name)) if isinstance(files, dict) else "" for name in BOUND}


def _read_origin(stored: Mapping[str, Any]) -> RunOrigin:
    """Return the versions and hashes that made the run, as far as they are well formed."""
    made, versions = stored.get("provenance"), stored.get("versions")
    made = made if isinstance(made, dict) else {}
    code, lock = made.get("code_sha256"), made.get("lock_sha256")
    document = {str(name): value for name, value in versions.items()} if isinstance(versions, dict) else {}
    if code == hash_code() and "tnt_sim" in document:
        document["tnt_sim"] = versions_here()["tnt_sim"]
    return RunOrigin(
        document,
        code if isinstance(code, str) and _HASH.fullmatch(code) else "",
        lock if isinstance(lock, str) and _HASH.fullmatch(lock) else None,
    )


def _compare_tables(run: Replay, result: ResultData) -> list[Defect]:
    assert run.table is not None  # a decision was read from it
    again = (
        result.dossiers if is_same_code(run) else with_older_reasons(run.table, result.dossiers, run.notes)
    )
    again = _with_personal_columns(run.table, again, result.problem.scenario)
    results = compare_cells(run.table, select_parquet_columns(again), run.run_dir / PARQUET)
    file = run.run_dir / CSV
    if file.is_file():
        results += compare_csv(file, lambda: encode_csv(again, result.problem.case.timezone))
    return results


def _with_personal_columns(stored: pl.DataFrame, again: pl.DataFrame, scenario: ScenarioData) -> pl.DataFrame:
    """Return the table with the columns that look personal and that the run has, as earlier versions do."""
    own = scenario.portfolio.table
    names = [entry.column.name for entry in list_personal_columns(scenario)]
    missing = [name for name in names if name in stored.columns and name not in again.columns]
    if not missing or again.height != own.height:
        return again
    whole = again.join(own.select("dossier", *missing), on="dossier", how="left", maintain_order="left")
    known = [name for name in stored.columns if name in whole.columns]
    return whole.select(*known, *(name for name in whole.columns if name not in known))


_REASONS = ("reason_code", "reason")

_LEFT = ("unspent_code", "unspent_rule", "unspent_because")


def translate_run(run: StoredRun, checked: Checked, lang: Lang) -> StoredRun:
    """Return the run with its reasons, unspent causes and warnings in `lang`, in this version's words.

    Unchanged if `lang` is the run's own language and this version of the code made it, or if its
    inputs are missing.
    """
    scenario, whole, report = checked.run.scenario, checked.run.whole, checked.replay
    if report is None or scenario is None or whole is None:
        return run
    if lang is run.own_lang:
        return run if is_same_code(checked.run) else _apply_translation(run, report.result, lang)
    again = replay_run(
        _translate_steps(checked.run, lang), _set_language(scenario, lang), _translate_decision(whole, lang)
    )
    return _apply_translation(run, again.result, lang)


def _apply_translation(run: StoredRun, result: ResultData, lang: Lang) -> StoredRun:
    why = {entry["id"]: {key: entry[key] for key in _LEFT} for entry in result.document["envelopes"]}
    notes = translate_warnings(run.summary["warnings"], run.own_lang, lang)
    others = split_warnings(result.data.warnings, lang)[1]
    return replace(
        run,
        summary={
            **run.summary,
            "envelopes": [{**entry, **why[entry["id"]]} for entry in run.summary["envelopes"]],
            "warnings": [*others, *notes],
            "open_questions": result.document.get("open_questions", []),
        },
        table=_with_reasons(run.table, result, _REASONS),
        told_in=lang,
    )


def _with_reasons(table: pl.DataFrame, result: ResultData, names: Sequence[str]) -> pl.DataFrame:
    again = select_parquet_columns(result.dossiers).select(
        "dossier", *(pl.col(name).alias(f"_{name}") for name in names)
    )
    joined = table.join(again, on="dossier", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce(f"_{name}", name).alias(name) for name in names).drop(
        f"_{name}" for name in names
    )


def _translate_steps(run: Replay, lang: Lang) -> Replay:
    if run.steps is None:
        return run
    reserve = run.steps.reserve
    done = tuple(_translate_decision(one, lang) for one in run.steps.done)
    return replace(
        run, steps=StepsRead(done, None if reserve is None else _translate_decision(reserve, lang))
    )


def _translate_decision(decision: StepDecision, lang: Lang) -> StepDecision:
    return replace(
        decision, problem=replace(decision.problem, scenario=_set_language(decision.problem.scenario, lang))
    )


def _set_language(scenario: ScenarioData, lang: Lang) -> ScenarioData:
    return replace(scenario, spec=scenario.spec.model_copy(update={"locale": lang.value}))
