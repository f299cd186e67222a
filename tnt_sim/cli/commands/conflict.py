"""`tnt-sim conflict`: why a scenario is infeasible, and the cheapest repairs."""

from __future__ import annotations

from typing import Annotated

import typer

from tnt_sim.cli.answer import StudyOptions
from tnt_sim.cli.console import INTERRUPTED_AND_TOLD, show_progress
from tnt_sim.i18n.message import N_

EXIT = {"infeasible": 4, "feasible": 0, "stopped": 5}
SetsOption = Annotated[
    int, typer.Option("--max-sets", metavar="N", min=1, help=N_("Contradictions looked for, at most."))
]
RepairsOption = Annotated[
    int, typer.Option("--max-repairs", metavar="N", min=0, help=N_("Repairs looked for, at most."))
]


def conflict(options: StudyOptions, max_sets: SetsOption = 8, max_repairs: RepairsOption = 8) -> int:
    """Explain why no allocation is feasible: incompatible rules, and corrections."""
    scenario, lang = options.load_scenario()
    from tnt_sim.analysis.infeasibility.minimal_conflicts import conflict as find
    from tnt_sim.reporting.reports.infeasibility import build_report

    with show_progress(lang, wanted=not options.quiet) as progress:
        conflict_ = find(
            scenario,
            time_limit=options.seconds,
            max_sets=max_sets,
            max_repairs=max_repairs,
            progress=progress,
        )
    is_feasible = conflict_.status == "feasible"
    repairs = () if is_feasible else conflict_.data.repairs
    enough = next((repair.set for repair in repairs if repair.set), ())
    hint = options.build_hint("conflict", lang, *enough) if is_feasible or enough else ()
    options.show(build_report(conflict_.data), conflict_.data, lang, hint)
    if conflict_.course.stopped_by == "interrupt":
        return INTERRUPTED_AND_TOLD
    return EXIT[conflict_.status]
