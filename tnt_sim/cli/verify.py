"""`tnt-sim verify`: a run folder read again from its raw inputs, without any solver."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tnt_sim.cli.hints import after, typed
from tnt_sim.cli.options import JsonOption, LangOption, QuietOption, RunArgument, lang_of
from tnt_sim.cli.speak import ERROR, emit, language, note, page
from tnt_sim.errors import Defect, Lang, Text, so_many

REFUSED = 1
ProjectOption = Annotated[
    Path | None,
    typer.Option(
        "--project",
        metavar="PROJET",
        help="Le dossier du projet, si le calcul ou le projet a été déplacé.",
    ),
]


def verify(
    run_dir: RunArgument,
    project: ProjectOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Relit un calcul depuis ses données d'origine, sans aucun solveur."""
    tongue = lang_of(lang, language([str(run_dir)]))
    from rich.text import Text as Line

    from tnt_sim.recheck import verify_run

    report = verify_run(run_dir, project)
    for defect in report.defects:
        note(ERROR.in_(tongue) + defect.line(tongue))
    for text in report.notes:
        note(text.in_(tongue))
    if as_json:
        emit(
            {
                **report.document,
                "defects": [_entry(defect, tongue) for defect in report.defects],
                "notes": [text.in_(tongue) for text in report.notes],
            }
        )
    elif not quiet:
        style = "bold green" if report.ok else "bold red"
        page([Line(_verdict(report.ok, len(report.defects), dict(report.document)).in_(tongue), style=style)])
        if report.ok:
            page(after("verify", tongue, typed(run_dir)))
    return 0 if report.ok else REFUSED


def _entry(defect: Defect, lang: Lang) -> dict[str, Any]:
    return {
        "code": defect.code,
        "message": defect.text.in_(lang),
        "hint": defect.hint.in_(lang) if defect.hint else None,
        "places": [str(place) for place in defect.places],
    }


def _verdict(ok: bool, n_defects: int, document: dict[str, Any]) -> Text:
    if not ok:
        gaps = so_many(n_defects, ("écart", "écarts"), ("difference", "differences"))
        return Text(
            f"✘ Calcul refusé : {gaps.fr}. Ne le publiez pas.",
            f"✘ Run refused: {gaps.en}. Do not publish it.",
        )
    sha = str(document.get("allocation_sha256") or "")[:12]
    return Text(
        f"✔ {document.get('scenario')} : chaque règle, chaque enveloppe et chaque montant relus au centime "
        f"(répartition {sha}).",
        f"✔ {document.get('scenario')}: every rule, envelope and amount read again to the cent "
        f"(allocation {sha}).",
    )
