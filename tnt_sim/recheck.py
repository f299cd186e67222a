"""A run folder checked in full: read again in integers, told anew from what was read, compared value by value.

`verify/` reads; here the run is told by the functions that told it first, and each document must be the same:
`scenario.resolved.yaml` and `allocation.csv` to the byte, `allocation.parquet` to the cell, `summary.json` to the
value. What cannot be computed without a solver (status, proof, bounds) is taken from the summary, and its words
must agree with each other and with the allocation.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tnt_sim.assemble import Evidence, result_of
from tnt_sim.certify.check import Checker
from tnt_sim.errors import Defect, Lang, Place, Text
from tnt_sim.joined import joined
from tnt_sim.result import Proof, Result, Status
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.scenario.steps import reserve_step
from tnt_sim.verify.claims import Claim, check_run_words, read_claim
from tnt_sim.verify.documents import told_differences
from tnt_sim.verify.figures import StageFigures
from tnt_sim.verify.notes import NO_LIST, codes_among
from tnt_sim.verify.optimality import better_by_one
from tnt_sim.verify.replay import Replay, replay, report
from tnt_sim.verify.run_files import BOUND, CERTIFICATE, CSV, PARQUET, RESOLVED, SUMMARY, rewritten
from tnt_sim.verify.solver_words import solver_words_apart
from tnt_sim.verify.steps import Decision, step_entries
from tnt_sim.verify.stored import cells_apart, csv_apart
from tnt_sim.verify.verification import NO_ROWS, ProofRows, Verification
from tnt_sim.view.award_list import csv_columns, parquet_columns
from tnt_sim.view.provenance import code_hash
from tnt_sim.view.run_folder import Made, resolved_yaml, summary

_HASH = re.compile(r"[0-9a-f]{64}")


def verify_run(run_dir: Path, project: Path | None = None) -> Verification:
    """Check a run folder in full, without any solver; raises DataError when it is no run folder.

    Parameters
    ----------
    run_dir : the run folder
    project : the project folder, when it no longer is where the run left it
    """
    run = replay(run_dir, project)
    checked = _checked(run)
    if not checked.ok and not _is_same_code(run):
        older = _checked(replay(run_dir, project, as_0_1_0=True))
        return older if older.ok else checked
    return checked


def _checked(run: Replay) -> Verification:
    if run.scenario is not None:
        run.found.found.extend(_resolved(run, run.scenario))
    if run.whole is not None and run.scenario is not None:
        told = told_anew(run, run.scenario, run.whole)
        run.found.found.extend(_compare(run, told, moved=_is_elsewhere(run)))
    return report(run, _notes(run))


def _is_elsewhere(run: Replay) -> bool:
    """Whether the inputs are not where the summary says: moved, or kept beside a signed list."""
    return run.project != (run.run_dir.resolve() / str(run.summary.get("project", "."))).resolve()


def _notes(run: Replay) -> tuple[Text, ...]:
    """What a reader should know beyond what is wrong."""
    reserve = run.rows.reserve
    notes = () if reserve is None else (reserve,)
    notes = notes if _is_same_code(run) else (*notes, _other_code(run))
    return (*notes, _AS_0_1_0) if run.as_0_1_0 else notes


_AS_0_1_0 = Text(
    "Il est relu comme l'a écrit la version 0.1.0 : orthographes distinctes, cellules vides et motifs d'alors.",
    "It is read as version 0.1.0 wrote it: spellings apart, empty cells and reasons as they were then.",
)


def _is_same_code(run: Replay) -> bool:
    made = run.summary.get("provenance")
    return not isinstance(made, dict) or made.get("code_sha256") == code_hash()


def _other_code(run: Replay) -> Text:
    versions = run.summary.get("versions")
    version = versions.get("tnt_sim") if isinstance(versions, dict) else "?"
    return Text(
        f"Le calcul a été fait par un autre code de tnt_sim ({version}) que celui qui le relit.",
        f"The run was made by another code of tnt_sim ({version}) than the one that checks it.",
    )


def _resolved(run: Replay, scenario: Scenario) -> list[Defect]:
    """scenario.resolved.yaml is the scenario as merged, to the byte."""
    file = run.run_dir / RESOLVED
    if not file.is_file():
        return []
    again, stored = resolved_yaml(scenario).encode(), file.read_bytes()
    if again == stored:
        return []
    pairs = zip([*stored.split(b"\n"), b""], [*again.split(b"\n"), b""], strict=False)
    line = next((k for k, (one, other) in enumerate(pairs, start=1) if one != other), 1)
    return [
        Defect(
            "scenario",
            Text(
                "le scénario résolu n'est pas celui que ses fichiers donnent.",
                "the resolved scenario is not the one that its files give.",
            ),
            (Place(file=RESOLVED, line=line),),
        )
    ]


@dataclass(frozen=True, slots=True)
class _Part:
    """One decision of the run: as read, as claimed, as told anew."""

    decision: Decision
    claim: Claim
    result: Result


@dataclass(frozen=True, slots=True)
class Told:
    """The run told anew, and the decisions it is made of."""

    result: Result
    parts: tuple[_Part, ...]


def told_anew(run: Replay, scenario: Scenario, whole: Decision) -> Told:
    """The run as the functions that told it first tell what was read of it."""
    if run.steps is None:
        part = _part(run, run.summary, "", whole)
        return Told(part.result, (part,))
    listed = () if run.steps.reserve is None else (run.steps.reserve,)
    decisions = (*run.steps.done, *listed)
    entries = [*step_entries(run.summary), *({} for _ in decisions)]
    parts = tuple(
        _part(run, entry, f"steps[{decision.step.id or k}].", decision)
        for k, (entry, decision) in enumerate(zip(entries, decisions, strict=False))
    )
    done = [(part.decision.step, part.result) for part in parts[: len(run.steps.done)]]
    missing = run.steps.reserve is None and reserve_step(scenario) is not None
    reserve = None if run.steps.reserve is None else parts[-1].result
    return Told(joined(scenario, done, reserve, (NO_LIST,) if missing else ()), parts)


def _part(run: Replay, entry: Mapping[str, Any], where: str, decision: Decision) -> _Part:
    """One decision as its claim and its reading tell it."""
    problem, values = decision.problem, decision.reading.values
    claim = read_claim(entry, where, problem.stages, values, run.found)
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
    result = result_of(problem, evidence, decision.allocation, decision.reading, {})
    for told, goal in zip(result.document["objective"], claim.goals, strict=True):
        told.update(gap=goal.gap, gap_money_cents=goal.gap_money_cents)
    return _Part(decision, claim, result)


def _compare(run: Replay, told: Told, *, moved: bool) -> list[Defect]:
    """Every value of every document that is not the one told anew, and every claim that is not kept."""
    found = [*_summary(run, told, moved=moved), *_tables(run, told.result), *_unproven(run, told)]
    for part in told.parts:
        if part.claim.status == "optimal" and part.result.reasons is not None:
            one = part.decision
            found += better_by_one(one.problem, one.allocation, one.reading, part.result.reasons)
    return found


def _unproven(run: Replay, told: Told) -> list[Defect]:
    """What is said to be `PROVED` or agreed and is not shown by certificate.json, replayed exactly."""
    found, shown = [], []
    for number, part in enumerate(told.parts):
        stored, claim = _stored_proofs(run, number), part.claim
        if claim.proof == Proof.CROSS_CHECKED.value and stored.verdict != "agrees":
            found.append(_not_agreed(stored.verdict))
        one = part.decision
        found += solver_words_apart(stored.said, stored.where, one.problem.stages, one.reading.values, claim)
        proofs = _Proofs.of(part, stored)
        found += proofs.not_shown(part)
        shown.append(proofs)
    run.rows = ProofRows(sum(one.rows.n_read for one in shown), sum(one.rows.n_unread for one in shown))
    run.proven = all(one.optimal for one in shown)
    run.proven_first = run.proven and all(one.least and one.first for one in shown)
    return found


@dataclass(frozen=True, slots=True)
class _Proofs:
    """What the proofs of one decision show when they are replayed: each stage, « least granted », the list."""

    stages: tuple[bool, ...]
    least: bool
    first: bool
    rows: ProofRows

    @classmethod
    def of(cls, part: _Part, stored: _Stored) -> _Proofs:
        """Replay them; the rows of the problem are written only where there is a proof to replay."""
        values, allocation = part.decision.reading.values, part.decision.allocation
        if not any(stored.stages) and not stored.least_granted and not stored.listing:
            return cls((False,) * len(values), least=False, first=False, rows=NO_ROWS)
        check = Checker.of(part.decision.problem)
        funded, granted = allocation.funded, allocation.granted_cents
        return cls(
            check.stages(values, stored.stages),
            check.least(values, granted, stored.least_granted),
            check.first(values, funded, granted, stored.listing),
            ProofRows(check.rows.n_read, check.rows.n_unread),
        )

    @property
    def optimal(self) -> bool:
        """Whether every stage is shown to be the best possible."""
        return all(self.stages)

    def not_shown(self, part: _Part) -> list[Defect]:
        """The claims of the decision that its proofs do not show."""
        claim, proved = part.claim, Proof.PROVED.value
        goals = zip(part.decision.problem.stages, claim.goals, self.stages, strict=True)
        found = [_not_shown(stage.goal) for stage, goal, shown in goals if goal.proof == proved and not shown]
        if claim.least_granted == proved and not self.least:
            found.append(_not_shown("granted"))
        if claim.listing == proved and not self.first:
            found.append(_NO_FIRST)
        return found


@dataclass(frozen=True, slots=True)
class _Stored:
    """The proofs of one decision as certificate.json holds them, and what it repeats of the solver's words."""

    where: str
    said: Any
    stages: list[dict[str, Any] | None]
    least_granted: dict[str, Any] | None
    listing: dict[str, Any] | None
    verdict: str


def _stored_proofs(run: Replay, number: int) -> _Stored:
    stored: Any
    stored, where = run.certificate or {}, ""
    if run.steps is not None:
        steps, where = stored.get("steps"), f"steps[{number}]."
        stored = steps[number] if isinstance(steps, list) and number < len(steps) else {}
    stored = stored if isinstance(stored, dict) else {}
    proofs, ties = stored.get("proofs"), stored.get("tie_break")
    ties = ties if isinstance(ties, dict) else {}
    return _Stored(
        where,
        stored.get("stages"),
        [_object(one) for one in proofs] if isinstance(proofs, list) else [],
        _object(ties.get("least_granted")),
        _object(ties.get("list")),
        str((_object(stored.get("cross_check")) or {}).get("verdict"))[:80],
    )


def _object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _not_shown(goal: str) -> Defect:
    return Defect(
        "proof",
        Text(
            f"certificate.json ne prouve pas que l'objectif « {goal} » est le meilleur possible.",
            f'certificate.json does not prove that the goal "{goal}" is the best possible.',
        ),
        (Place(file=CERTIFICATE),),
    )


def _not_agreed(verdict: str) -> Defect:
    return Defect(
        "proof",
        Text(
            f"CROSS_CHECKED, mais certificate.json ne dit pas que deux solveurs s'accordent ({verdict}).",
            f"CROSS_CHECKED, but certificate.json does not say that two solvers agree ({verdict}).",
        ),
        (Place(file=CERTIFICATE),),
    )


_NO_FIRST = Defect(
    "proof",
    Text(
        "certificate.json ne prouve pas qu'aucune liste aussi bonne ne passe avant celle-ci "
        "(canonical_proof.list).",
        "certificate.json does not prove that no list as good goes before this one (canonical_proof.list).",
    ),
    (Place(file=CERTIFICATE),),
)


def _summary(run: Replay, told: Told, *, moved: bool) -> list[Defect]:
    stored = run.summary
    again = summary(told.result, run.run_dir, _files(stored), _made(stored))
    again["document_sha256"], again["seconds"] = stored.get("document_sha256"), stored.get("seconds")
    if moved:
        again["project"] = stored.get("project")
    notes, again["warnings"] = _warnings(run, again["warnings"])
    check_run_words(stored, notes, [part.claim for part in told.parts], run.found)
    if json.dumps(stored) == json.dumps(again):
        return []
    return told_differences(stored, again) or [rewritten(run.run_dir / SUMMARY)]


def _warnings(run: Replay, again: list[str]) -> tuple[set[str], list[str]]:
    """The codes of the notes on evidence, and the warnings as they should be: those notes where they stand."""
    lang = Lang(run.scenario.spec.locale if run.scenario else "fr")
    stored = run.summary.get("warnings")
    lines = [line for line in stored if isinstance(line, str)] if isinstance(stored, list) else []
    notes, others = codes_among(lines, lang)
    wanted = codes_among(again, lang)[1]
    return notes, lines if others == wanted else wanted


def _files(stored: Mapping[str, Any]) -> dict[str, str]:
    """The hashes that the summary binds; they were compared with the files."""
    files = stored.get("files")
    return {name: str(files.get(name)) if isinstance(files, dict) else "" for name in BOUND}


def _made(stored: Mapping[str, Any]) -> Made:
    """What made the run, as far as it is written like a version or a hash."""
    made, versions = stored.get("provenance"), stored.get("versions")
    made = made if isinstance(made, dict) else {}
    code, lock = made.get("code_sha256"), made.get("lock_sha256")
    return Made(
        {str(name): value for name, value in versions.items()} if isinstance(versions, dict) else {},
        code if isinstance(code, str) and _HASH.fullmatch(code) else "",
        lock if isinstance(lock, str) and _HASH.fullmatch(lock) else None,
    )


def _tables(run: Replay, result: Result) -> list[Defect]:
    assert run.table is not None  # a decision was read from it
    found = cells_apart(run.table, parquet_columns(result.dossiers), run.run_dir / PARQUET)
    file = run.run_dir / CSV
    if file.is_file():
        text = csv_columns(result.dossiers, result.problem.case.timezone).write_csv()
        found += csv_apart(file.read_bytes(), text, file)
    return found
