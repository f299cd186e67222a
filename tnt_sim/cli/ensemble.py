"""`tnt-sim ensemble`: what holds when costs, scores and dossiers are not sure."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tnt_sim.cli.compare import check_out, write_study
from tnt_sim.cli.export import ForceOption
from tnt_sim.cli.hints import after, typed
from tnt_sim.cli.options import JsonOption, LangOption, QuietOption, ScenarioArgument, SetOption, lang_of
from tnt_sim.cli.speak import INTERRUPTED_AND_TOLD, emit, page, progress_line, width
from tnt_sim.errors import Lang

DrawsOption = Annotated[int, typer.Option("--draws", metavar="N", help="Le nombre de tirages.")]
SeedOption = Annotated[
    int, typer.Option("--seed", metavar="S", help="La graine : la même donne les mêmes octets.")
]
SamplingOption = Annotated[
    str,
    typer.Option("--sampling", metavar="lhs|sobol|random", help="Comment les tirages remplissent l'espace."),
]
SensitivityOption = Annotated[
    int,
    typer.Option(
        "--sensitivity", metavar="N", help="Tirages par incertitude pour son indice de Sobol ; 0 : aucun."
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", min=1, help="Combien à la fois ; un par cœur par défaut."),
]
PageOption = Annotated[
    Path | None, typer.Option("--out", metavar="FICHIER", help="Écrit aussi l'étude : .html ou .xlsx.")
]


def ensemble(
    scenario: ScenarioArgument,
    draws: DrawsOption = 1000,
    seed: SeedOption = 0,
    sampling: SamplingOption = "lhs",
    sensitivity: SensitivityOption = 0,
    workers: WorkersOption = None,
    sets: SetOption = None,
    out: PageOption = None,
    force: ForceOption = False,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Tire les incertitudes au hasard : dossiers du noyau, en balance, risques."""
    lang_of(lang, Lang.FR)
    from tnt_sim.scenario.load import load_scenario
    from tnt_sim.study.ensemble.api import ensemble as draw
    from tnt_sim.study.ensemble.telling import ensemble_lines, ensemble_study

    if out is not None:
        check_out(out, force=force)
    asked = load_scenario(scenario, tuple(sets or ()))
    tongue = lang_of(lang, Lang(asked.spec.locale))
    with progress_line(tongue, wanted=not quiet and not as_json) as progress:
        found = draw(
            asked, draws, seed, sampling=sampling, workers=workers, sensitivity=sensitivity, tell=progress
        )
    if out is not None:
        write_study(out, ensemble_study(found, tongue), tongue)
    if as_json:
        emit(found.summary())
    elif not quiet:
        page(ensemble_lines(found, tongue, width()))
        if out is None:
            page(after("ensemble", tongue, typed(scenario, sets=sets)))
    return INTERRUPTED_AND_TOLD if found.draws.interrupted else 0
