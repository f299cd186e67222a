"""Open a run folder: the only access for commands, pages, acts and notebooks.

Every access first verifies the run: rules read in exact integers from the raw inputs, each document
compared with what those inputs give, certificates replayed. A folder with a false statement is
refused, whatever its hashes. A folder whose inputs are missing can be opened, but what is written
from it says "not verified", and acts are refused (`reporting/export/formats`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.engine.run_folder.replay import Checked, check_run, translate_run
from tnt_sim.engine.stored_run import StoredRun, read_stored, refuse_open_questions
from tnt_sim.errors import Defect, UsageError, VerificationError
from tnt_sim.i18n.message import Lang, _
from tnt_sim.verify.input_files import NOT_THERE
from tnt_sim.verify.run_replay import Replay
from tnt_sim.verify.step_reading import StepDecision
from tnt_sim.verify.verification import Standing, Verification


@dataclass(frozen=True, slots=True)
class Solving:
    """Request to re-optimise for some seconds if the certificate does not show optimality."""

    time_limit: float | None = None


def open_stored(
    run_dir: Path,
    project: Path | None = None,
    lang: Lang | None = None,
    solving: Solving | None = None,
    *,
    for_act: bool = False,
    deadline: Deadline = UNLIMITED,
) -> StoredRun:
    """Verify and open a run folder, with its sentences in `lang`.

    Parameters
    ----------
    run_dir : run folder
    project : project folder, if it has moved since the run
    lang : language of the sentences, by default that of the scenario; if inputs are missing they
    stay as stored
    solving : re-optimise if the certificate does not show optimality
    for_act : whether an act is written from it; then its project must lie above the run folder or
    be named
    deadline : when the replay of its proofs must end; what was not replayed remains a claim
    """
    stored = read_stored(run_dir)
    checked = check_run(run_dir, project, for_act=for_act, deadline=deadline)
    verification = complete_verification(checked, solving)
    refuse_false(verification)
    return _build_stored(stored, checked, verification, lang)


def open_checked(checked: Checked, lang: Lang | None = None) -> StoredRun:
    """Open a run folder that was verified, as `open_stored` does without solving again."""
    return _build_stored(read_stored(checked.run.run_dir), checked, checked.verification, lang)


def _build_stored(
    stored: StoredRun, checked: Checked, verification: Verification, lang: Lang | None
) -> StoredRun:
    decision = None if checked.replay is None else checked.replay.result
    run = replace(stored, verification=verification, decision=decision, inputs=checked.run.inputs)
    return translate_run(run, checked, lang or run.own_lang)


def verify_stored(
    run_dir: Path, project: Path | None = None, solving: Solving | None = None, expected: str | None = None
) -> Verification:
    """Verify a run folder in full, and re-optimise its scenario if requested; false statements do not raise."""
    checked = check_run(run_dir, project, expected)
    return complete_verification(checked, solving)


def complete_verification(checked: Checked, solving: Solving | None) -> Verification:
    """Return the verification of a run, after a new solve if one is requested and optimality not yet shown."""
    verification, scenario = checked.verification, checked.run.scenario
    if solving is None or not verification.ok or scenario is None or verification.first.is_shown:
        return verification
    from tnt_sim.engine.run_folder.reoptimisation import solve_again

    return solve_again(checked, scenario, solving.time_limit)


def read_decision(
    run_dir: Path, project: Path | None = None, deadline: Deadline = UNLIMITED
) -> tuple[Replay, StepDecision, Verification]:
    """Read the decision of a run folder with its inputs, and its verification; see `check_run`."""
    checked = check_run(run_dir, project, deadline=deadline)
    verification = checked.verification
    if not verification.ok or checked.run.whole is None:
        raise VerificationError(verification.defects or [_build_unread_defect(run_dir)])
    return checked.run, checked.run.whole, verification


def refuse_false(verification: Verification) -> None:
    """Raise VerificationError unless the run is verified, or only its inputs are missing."""
    if verification.rules.standing is Standing.NONE:
        false = [defect for defect in verification.defects if defect.code not in NOT_THERE]
        raise VerificationError(false or verification.defects)


def _build_unread_defect(run_dir: Path) -> Defect:
    return Defect(
        "run-folder",
        _('"{run_dir}" cannot be read again.', run_dir=run_dir),
    )


def refuse_act(run: StoredRun, *, unproven: bool) -> None:
    """Refuse an act of a decision with open questions, not verified or, unless `unproven`, not shown optimal."""
    refuse_open_questions(run)
    verification, name = run.checked, run.name
    if not verification.rules.is_shown:
        raise UsageError(
            _(
                '"{name}" could not be read again: its inputs are gone, or have changed. No act is drawn '
                "up without them. Put the original files back, or run it again.",
                name=name,
            ),
            code="usage.unverified",
        )
    if verification.optimal.means is None and not unproven:
        raise UsageError(
            _(
                '"{name}": nothing shows here that its allocation is the best. Add --solve to ask the '
                "solvers again, run it again with more time, or add --unproven: the act then says that "
                "it has no proof.",
                name=name,
            ),
            code="usage.unproven",
        )
