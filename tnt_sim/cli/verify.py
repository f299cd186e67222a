"""`tnt-sim verify`: a run folder read again from its raw inputs, and what that shows in three answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tnt_sim.cli.hints import after, typed
from tnt_sim.cli.options import JsonOption, LangOption, QuietOption, RunArgument, lang_of
from tnt_sim.cli.speak import ERROR, emit, language, note, page
from tnt_sim.errors import Defect, Lang

if TYPE_CHECKING:
    from tnt_sim.verify.verification import Verification

REFUSED, NOT_OPTIMAL, NOT_FIRST = 1, 5, 7
ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "--project",
        metavar="PROJET",
        help="Le dossier du projet, si le calcul ou le projet a été déplacé.",
    ),
]


RequireOption = Annotated[
    bool,
    typer.Option(
        "--require-proof",
        help="Code de sortie 5 si l'optimalité n'est pas démontrée ici, 7 si c'est le rang parmi les ex æquo.",
    ),
]


def verify(
    run_dir: RunArgument,
    project: ProjectOption = None,
    require_proof: RequireOption = False,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Relit un calcul depuis ses données d'origine : règles, optimalité, rang parmi les ex æquo."""
    tongue = lang_of(lang, language([str(run_dir)]))
    from tnt_sim.recheck import verify_run

    found = verify_run(run_dir, project)
    for defect in found.defects:
        note(ERROR.in_(tongue) + defect.line(tongue))
    for text in found.notes:
        note(text.in_(tongue))
    if as_json:
        emit(
            {
                **found.document,
                "defects": [_entry(defect, tongue) for defect in found.defects],
                "notes": [text.in_(tongue) for text in found.notes],
            }
        )
    elif not quiet:
        _tell(found, run_dir, tongue)
    return exit_code(found, require_proof=require_proof)


def exit_code(found: Verification, *, require_proof: bool) -> int:
    """0; 1 refused; under `--require-proof` 5 optimality not shown here, 7 the first of equals not shown here."""
    if not found.ok:
        return REFUSED
    if require_proof and not found.optimal.is_shown:
        return NOT_OPTIMAL
    return NOT_FIRST if require_proof and not found.first.is_shown else 0


def _tell(found: Verification, run_dir: Path, lang: Lang) -> None:
    from rich.text import Text as Line

    from tnt_sim.view.verification_words import UNBOUND, answer_texts, verdict

    mark, sentence, style = verdict(found)
    page([Line(f"{mark} {sentence.in_(lang)}", style=style)])
    if not found.ok:
        return
    page([Line(f"  {text.in_(lang)}") for text in answer_texts(found)])
    page([Line(f"  {UNBOUND.in_(lang)}", style="dim")])
    page(after("verify" if found.optimal.is_shown else "verify --claimed", lang, typed(run_dir)))


def _entry(defect: Defect, lang: Lang) -> dict[str, Any]:
    return {
        "code": defect.code,
        "message": defect.text.in_(lang),
        "hint": defect.hint.in_(lang) if defect.hint else None,
        "places": [str(place) for place in defect.places],
    }
