"""Replay of a run folder from its raw inputs, in exact integers, without formulation and without any solver.

It checks the files and their hashes, the inputs, that every dossier appears once, all envelopes, rules,
objectives and amounts, and the consistency of the claims. `tnt_sim.engine.run_folder.replay` then
recomputes every document from this and compares it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import polars as pl

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.documents import dump_document
from tnt_sim.errors import DataError, Defect, Defects, InputError, Place, TntError
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.scenario.envelope_assignment import assign_envelopes
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData, is_sequence, list_decision_steps
from tnt_sim.verify.allocation_reading import list_broken_rules, read_allocation
from tnt_sim.verify.claim_consistency import PROOFS, check_shape
from tnt_sim.verify.input_files import NOT_THERE, RunInputs, find_inputs, project_of, register_of
from tnt_sim.verify.run_document import (
    build_envelope_entries,
    build_rule_entries,
    build_totals,
    format_fraction,
    hash_allocation,
)
from tnt_sim.verify.run_files import (
    CERTIFICATE,
    PARQUET,
    check_files,
    list_differences,
    read_object,
    read_summary,
)
from tnt_sim.verify.step_reading import StepDecision, StepsRead, read_steps
from tnt_sim.verify.stored_allocation import extract_allocation, read_parquet
from tnt_sim.verify.verification import (
    CLAIMED,
    NO_ANSWER,
    NO_ROWS,
    Answer,
    InputRead,
    Means,
    ProofRows,
    RunHead,
    Standing,
    Verification,
    format_changes,
)


@dataclass(slots=True)
class Replay:
    """State of the check of a run folder.

    Attributes
    ----------
    run_dir, project : the run folder, and its project folder
    inputs : where its inputs were read, None if one is missing
    summary, certificate : stored documents; None for a certificate that cannot be read
    found : defects
    scenario, table : read from the inputs and from allocation.parquet; None if that is not possible
    whole : the final decision, with the problem of the whole scenario
    steps : all decisions of a scenario with steps
    rows : rows behind its proofs
    replayed : whether there was time to replay the certificate
    proven : whether the certificate shows that no allocation is better
    means : what shows it
    proven_first : whether it shows that no equally good allocation precedes this one
    notes : further information for the reader
    entry : name of the register entry that holds the run
    deadline : when the replay of the certificate must end
    """

    run_dir: Path
    project: Path
    summary: dict[str, Any]
    defects: Defects = field(default_factory=Defects)
    inputs: RunInputs | None = None
    certificate: dict[str, Any] | None = None
    scenario: ScenarioData | None = None
    table: pl.DataFrame | None = None
    whole: StepDecision | None = None
    steps: StepsRead | None = None
    rows: ProofRows = NO_ROWS
    replayed: bool = True
    proven: bool = False
    means: Means = Means.KERNEL
    proven_first: bool = False
    first_means: Means = Means.KERNEL
    notes: list[Text] = field(default_factory=list)
    entry: str | None = None
    deadline: Deadline = UNLIMITED


def verify_run(run_dir: Path, project: Path | None = None) -> Verification:
    """Check a run folder in exact integers.

    Parameters
    ----------
    run_dir
        The run folder.
    project
        The project folder, if it is no longer where the run left it.
    """
    run = replay(run_dir, project)
    if run.whole is not None:
        _check_amounts(run, run.whole)
    return build_verification(run)


def replay(run_dir: Path, project: Path | None = None, deadline: Deadline = UNLIMITED) -> Replay:
    """Read all that can be read of a run folder, and record defects; proofs are replayed until the deadline."""
    summary = read_summary(run_dir)
    where = (project or project_of(run_dir, summary)).resolve()
    run = Replay(run_dir, where, summary, deadline=deadline)
    check_files(run_dir, summary, run.defects)
    check_shape(summary, run.defects)
    run.inputs = find_inputs(run_dir, summary, project, run.defects)
    run.certificate = _read_certificate(run)
    if run.inputs is not None:
        run.scenario = _load_scenario(run, run.inputs.scenario)
    if run.scenario is not None and (run_dir / PARQUET).is_file():
        run.table = read_parquet(run_dir / PARQUET, run.defects)
    if run.scenario is not None and run.table is not None:
        _check_decisions(run, run.scenario, run.table)
    return run


def _read_certificate(run: Replay) -> dict[str, Any] | None:
    """Read certificate.json."""
    file = run.run_dir / CERTIFICATE
    if not file.is_file():
        return None
    try:
        return read_object(file)
    except DataError as error:
        run.defects.entries.extend(error.defects)
        return None


def _load_scenario(run: Replay, file: Path) -> ScenarioData | None:
    """Load the scenario from its own files, as the run did."""
    sets = run.summary.get("sets")
    if not isinstance(sets, list) or not all(isinstance(text, str) for text in sets):
        run.defects.add(
            "sets",
            _('summary.json: "sets" is not a list of texts.'),
        )
        return None
    try:
        scenario = load_scenario(file, sets, register=register_of(run.summary))
    except TntError as error:
        run.defects.entries.extend(error.defects_found())
        return None
    if scenario.sha256 == run.summary.get("scenario_sha256"):
        return scenario
    name, other = scenario.sha256[:8], str(run.summary.get("scenario_sha256"))[:8]
    run.defects.add(
        "scenario",
        _(
            'the scenario and its data, with what "sets" changes ({n_sets}), have the hash {name}; '
            '"scenario_sha256" says {other}.',
            n_sets=len(sets),
            name=name,
            other=other,
        ),
        Place(file=str(file)),
    )
    return None


def _check_decisions(run: Replay, scenario: ScenarioData, table: pl.DataFrame) -> None:
    """Check all decisions of the run exactly."""
    last = list_decision_steps(scenario)[-1]
    known = assign_envelopes(last.scenario).portfolio.table["dossier"]
    allocation = extract_allocation(known, table, run.defects)
    if allocation is None:
        return
    problem = _compile_problem(run, scenario, table)
    if problem is None:
        return
    run.whole = StepDecision(last, problem, allocation, read_allocation(problem, allocation))
    run.defects.entries.extend(list_broken_rules(problem, allocation, run.whole.reading))


def _compile_problem(run: Replay, scenario: ScenarioData, table: pl.DataFrame) -> Problem | None:
    """Compile the problem of the last decision; earlier steps are checked on the way."""
    if is_sequence(scenario):
        run.steps = read_steps(scenario, table, run.summary, run.defects)
        return replace(run.steps.done[-1].problem, scenario=scenario) if run.steps else None
    try:
        return compile_problem(scenario)
    except InputError as error:
        run.defects.entries.extend(error.defects)
        return None


def _check_amounts(run: Replay, decision: StepDecision) -> None:
    """Check that every stored figure equals the recomputed one."""
    problem, allocation, reading = decision.problem, decision.allocation, decision.reading
    lang = Lang(problem.scenario.spec.locale)
    again: dict[str, Any] = {
        **build_totals(problem, reading, allocation),
        "allocation_sha256": hash_allocation(problem, allocation),
        "rules": [dump_document(one) for one in build_rule_entries(reading.rules)],
        "envelopes": _remove_reasons(
            [dump_document(one) for one in build_envelope_entries(problem, reading, allocation, None, lang)]
        ),
    }
    for key, value in again.items():
        stored = run.summary.get(key)
        run.defects.entries.extend(
            list_differences(_remove_reasons(stored) if key == "envelopes" else stored, value, key)
        )
    told = run.summary.get("objective")
    entries = [one if isinstance(one, dict) else {} for one in told] if isinstance(told, list) else []
    values = [{"value": format_fraction(value)} for value in reading.values]
    stored_values = [{"value": entry.get("value")} for entry in entries]
    run.defects.entries.extend(list_differences(stored_values, values, "objective"))


def _remove_reasons(entries: Any) -> Any:
    """Return envelope entries without their reasons, which are text."""
    if not isinstance(entries, list):
        return entries
    return [
        {k: v for k, v in entry.items() if not k.startswith("unspent_") or k == "unspent_cents"}
        if isinstance(entry, dict)
        else entry
        for entry in entries
    ]


def build_verification(run: Replay, notes: tuple[Text, ...] = ()) -> Verification:
    """Build the verification result, each defect once."""
    defects = tuple(dict.fromkeys(run.defects.entries))
    summary, ok = run.summary, not defects
    rules, optimal, first = _determine_answers(run, defects)
    inputs = None if run.scenario is None else run.inputs
    head = RunHead(
        scenario=summary.get("scenario"),
        scenario_sha256=summary.get("scenario_sha256"),
        run_dir=str(run.run_dir),
        status="verified" if ok else "refused",
        proof=summary.get("proof") if ok else None,
        allocation_sha256=summary.get("allocation_sha256"),
        document_sha256=summary.get("document_sha256"),
        project=str(run.project),
    )
    since = None if inputs is None else inputs.since
    notes = notes if since is None else (since, *notes)
    return Verification(
        rules,
        optimal,
        first,
        defects,
        notes,
        run.rows,
        head,
        since,
        () if inputs is None else _list_inputs(summary, inputs),
        () if run.scenario is None else format_changes(run.scenario.sets),
        entry=run.entry,
    )


def _list_inputs(summary: Mapping[str, Any], inputs: RunInputs) -> tuple[InputRead, ...]:
    """List the files that a run was checked from."""
    place: Literal["project", "named"] = "named" if inputs.is_named else "project"
    return tuple(
        InputRead(
            path=entry["path"],
            place="kept" if entry["path"] in inputs.kept_paths else place,
            file=str(inputs.files[entry["path"]]),
            sha256=entry["sha256"],
        )
        for entry in summary["inputs"]
    )


def _determine_answers(run: Replay, defects: tuple[Defect, ...]) -> tuple[Answer, Answer, Answer]:
    """Determine the three answers: a rejected run shows nothing, and a false one claims nothing."""
    if any(defect.code not in NOT_THERE for defect in defects):
        return NO_ANSWER, NO_ANSWER, NO_ANSWER
    summary = run.summary
    says_best = summary.get("status") == "optimal" or summary.get("proof") in PROOFS[1:]
    optimal = CLAIMED if says_best else NO_ANSWER
    first = CLAIMED if summary.get("canonical") is True else NO_ANSWER
    if defects or run.whole is None:
        return CLAIMED, optimal, first
    return (
        Answer(Standing.DEMONSTRATED, Means.INPUTS),
        Answer.of_certificate(run.means) if run.proven else optimal,
        Answer.of_certificate(run.first_means) if run.proven_first else first,
    )
