"""The one way into a run folder, for every verb, page, act and notebook that reads one.

Nothing of a run leaves this program before its rules were read again from its raw inputs in integers, each
document compared with what those inputs give, and its certificate replayed. A folder in which anything is false
is refused, whatever its hashes say. A folder whose inputs are gone can still be opened: what is written from it
says « not verified », and acts are refused (`StoredRun.verification`, `reporting/export/formats.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tnt_sim.api.runs import OpenedRun
from tnt_sim.engine.stored_run import StoredRun, read_stored
from tnt_sim.errors import Defect, VerificationError
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.reporting.run_folder.reoptimisation import solve_again
from tnt_sim.reporting.run_folder.replay import check_run, retold
from tnt_sim.verify.input_files import NOT_THERE
from tnt_sim.verify.run_replay import Replay
from tnt_sim.verify.step_reading import Decision
from tnt_sim.verify.verification import Standing, Verification


@dataclass(frozen=True, slots=True)
class Solving:
    """That the solvers are asked again where the certificate does not show the optimum, for so many seconds."""

    time_limit: float | None = None


def open_stored(
    run_dir: Path,
    project: Path | None = None,
    lang: Lang | None = None,
    solving: Solving | None = None,
    *,
    for_act: bool = False,
) -> StoredRun:
    """Open a run folder after its check, its sentences told anew in `lang` (the scenario's own by default).

    Parameters
    ----------
    run_dir : the run folder
    project : the project folder, when it no longer is where the run left it
    lang : the language of its sentences; where the inputs are gone they stay as the run wrote them
    solving : solve the scenario again where the certificate does not show the optimum
    for_act : what is written from it is an act: its project lies above the run folder, or the reader names it

    Raises
    ------
    DataError
        It is no run folder.
    VerificationError
        A rule is broken, a document is false, or a file was changed or is missing.
    """
    stored = read_stored(run_dir)
    checked = check_run(run_dir, project, anywhere=not for_act)
    found = checked.verification if solving is None else solve_again(checked, solving.time_limit)
    refuse_false(found)
    run = replace(stored, verification=found)
    return retold(run, checked, lang or run.own_lang)


def verify_stored(
    run_dir: Path, project: Path | None = None, solving: Solving | None = None, expected: str | None = None
) -> Verification:
    """Check a run folder in full, and solve its scenario again where that is wanted; raises for nothing false."""
    checked = check_run(run_dir, project, expected)
    return checked.verification if solving is None else solve_again(checked, solving.time_limit)


def open_run(
    run_dir: Path | str, lang: Lang | str | None = None, project: Path | str | None = None
) -> OpenedRun:
    """Open a run folder for a notebook: checked, with its tables, its pictures and its card.

    Raises
    ------
    DataError
        It is no run folder.
    VerificationError
        A rule is broken, a document is false, or a file was changed or is missing.
    """
    place = None if project is None else Path(project)
    run = open_stored(Path(run_dir), place, None if lang is None else Lang(lang))
    return OpenedRun(run, Lang(lang or run.lang))


def read_decision(run_dir: Path, project: Path | None = None) -> tuple[Replay, Decision, Verification]:
    """What a run folder decided, for questions that need its inputs, and what its check showed.

    Raises
    ------
    DataError
        It is no run folder.
    VerificationError
        A rule is broken, a document is false, or the inputs are gone.
    """
    checked = check_run(run_dir, project, anywhere=True)
    found = checked.verification
    if not found.ok or checked.run.whole is None:
        raise VerificationError(found.defects or [_unread(run_dir)])
    return checked.run, checked.run.whole, found


def refuse_false(found: Verification) -> None:
    """Raise VerificationError unless the run is right, or only its inputs are gone."""
    if found.rules.standing is Standing.NONE:
        false = [defect for defect in found.defects if defect.code not in NOT_THERE]
        raise VerificationError(false or found.defects)


def _unread(run_dir: Path) -> Defect:
    return Defect(
        "run-folder",
        Text(f"« {run_dir} » ne peut pas être relu.", f'"{run_dir}" cannot be read again.'),
    )
