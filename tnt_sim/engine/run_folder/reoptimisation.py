"""Re-optimise the scenario of a run, to show optimality where its certificate does not.

A new certificate is replayed on the stored list itself. Without one, two independent solvers that
agree on the value of the stored list also support optimality, and the answer says so. A better list
refutes the claim of the run.
"""

from __future__ import annotations

from dataclasses import replace

from tnt_sim.engine.result import Proof, ResultData
from tnt_sim.engine.run_folder.replay import Checked
from tnt_sim.engine.solve import solve
from tnt_sim.errors import Defect, LimitReached
from tnt_sim.i18n.message import _
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.verify.decision_reasons import is_better
from tnt_sim.verify.proofs import replay_proofs
from tnt_sim.verify.run_document import format_fraction
from tnt_sim.verify.verification import Answer, Means, Standing, Verification

NOT_ENDED = _(
    "The scenario, solved again, gave no proof within the time allowed: allow more with --time-limit."
)
OTHER_LIST = _("The scenario, solved again, gives another list, and nothing says that it is better.")


def solve_again(checked: Checked, scenario: ScenarioData, time_limit: float | None = None) -> Verification:
    """Return the verification of a run, completed by a new solve of its scenario."""
    verification = checked.verification
    try:
        result = solve(scenario, cross_check="auto", time_limit=time_limit)
    except LimitReached:
        return replace(verification, notes=(*verification.notes, NOT_ENDED))
    better = _find_difference(checked, result)
    if better is not None:
        return _record_better_list(verification, better)
    return _update_answers(checked, verification, result)


def _update_answers(checked: Checked, verification: Verification, result: ResultData) -> Verification:
    """Return the answers, with those that the new certificate or the two solvers support."""
    again = replace(checked.run, certificate=dict(result.certificate))
    parts = checked.replay.decisions if checked.replay else ()
    replay_proofs(again, [(part.decision, part.claim) for part in parts])
    optimal, first, notes = verification.optimal, verification.first, verification.notes
    if not optimal.is_shown and again.proven:
        optimal = _describe_new_proof(again.means)
    elif not optimal.is_shown and result.proof is Proof.CROSS_CHECKED and _has_same_values(checked, result):
        optimal = Answer(Standing.DEMONSTRATED, Means.SOLVED_TWICE)
    elif not optimal.is_shown:
        notes = (*notes, NOT_ENDED if result.proof is Proof.FEASIBLE_GAP else OTHER_LIST)
    if again.proven and again.proven_first:
        first = _describe_new_proof(again.first_means)
    rows = again.rows if optimal.means is Means.SOLVED_PROOF else verification.rows
    return replace(verification, optimal=optimal, first=first, notes=notes, rows=rows)


def _describe_new_proof(means: Means) -> Answer:
    """Return the answer that a new certificate gives: it shows no more than what checks it."""
    is_repeated = means is Means.KERNEL
    return Answer.of_certificate(means) if is_repeated else Answer(Standing.DEMONSTRATED, Means.SOLVED_PROOF)


def _has_same_values(checked: Checked, result: ResultData) -> bool:
    """Whether each objective has the same value; with steps, whether each step made the same awards."""
    run, whole = checked.run, checked.run.whole
    if whole is None or run.table is None or result.reading is None:
        return False
    if run.steps is None:
        return whole.reading.values == result.reading.values
    names = [name for name in ("dossier", "funded", "granted_cents", "step", "reserve_rank", "reserve_cents")
             if name in run.table.columns]  # fmt: skip
    known = all(name in result.dossiers.columns for name in names)
    return known and run.table.select(names).equals(result.dossiers.select(names), null_equal=True)


def _find_difference(checked: Checked, result: ResultData) -> tuple[str, str] | None:
    """Return the first objective that differs, stored and new value; None if the new list is not better.

    With a tolerance, or after earlier steps, a different value refutes nothing.
    """
    whole = checked.run.whole
    if whole is None or result.reading is None or checked.run.steps is not None:
        return None
    stages, values = whole.problem.stages, whole.reading.values
    if any(stage.tolerance for stage in stages) or not is_better(
        whole.problem, result.reading.values, values
    ):
        return None
    pair = next(
        (one, other) for one, other in zip(values, result.reading.values, strict=True) if one != other
    )
    return str(format_fraction(pair[0])), str(format_fraction(pair[1]))


def _record_better_list(verification: Verification, pair: tuple[str, str]) -> Verification:
    """Record a better list: false if the run claims optimality, a note otherwise."""
    stored, better = pair
    text = _(
        "the scenario, solved again, gives a better allocation: {better} instead of {stored}.",
        better=better,
        stored=stored,
    )
    if verification.optimal.standing is Standing.NONE:
        return replace(verification, notes=(*verification.notes, text))
    return verification.refuse([Defect("optimal", text)])
