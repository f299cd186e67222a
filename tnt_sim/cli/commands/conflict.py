"""`tnt-sim conflict`: why a scenario is infeasible, and the cheapest repairs."""

from __future__ import annotations

from typing import Annotated

import typer

from tnt_sim.cli.commands.compare import check_out, write_study
from tnt_sim.cli.commands.export import ForceOption
from tnt_sim.cli.console import INTERRUPTED_AND_TOLD, after, emit, page, progress_line, typed, width
from tnt_sim.cli.options import (
    JsonOption,
    LangOption,
    PageOption,
    QuietOption,
    ScenarioArgument,
    SetOption,
    TimeLimitOption,
    lang_of,
    seconds_of,
)
from tnt_sim.i18n.message import Lang

EXIT = {"infeasible": 4, "feasible": 0, "stopped": 5}
SetsOption = Annotated[
    int, typer.Option("--max-sets", metavar="N", min=1, help="Contradictions cherchées, au plus.")
]
RepairsOption = Annotated[
    int, typer.Option("--max-repairs", metavar="N", min=0, help="Réparations cherchées, au plus.")
]


def conflict(
    scenario: ScenarioArgument,
    sets: SetOption = None,
    max_sets: SetsOption = 8,
    max_repairs: RepairsOption = 8,
    out: PageOption = None,
    force: ForceOption = False,
    time_limit: TimeLimitOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Dit pourquoi rien ne tient : les règles qui se contredisent, et ce qui suffirait."""
    lang_of(lang, Lang.FR)
    if out is not None:
        check_out(out, force=force)
    seconds = seconds_of(time_limit)
    from tnt_sim.analysis.infeasibility.minimal_conflicts import conflict as find
    from tnt_sim.reporting.reports.infeasibility import conflict_lines
    from tnt_sim.reporting.reports.progress import stopped_lines
    from tnt_sim.scenario.load import load_scenario

    variant = load_scenario(scenario, tuple(sets or ()))
    tongue = lang_of(lang, Lang(variant.spec.locale))
    with progress_line(tongue, wanted=not quiet) as progress:
        conflict_ = find(
            variant, time_limit=seconds, max_sets=max_sets, max_repairs=max_repairs, progress=progress
        )
    if out is not None:
        from tnt_sim.reporting.reports.study_reports import study_of

        write_study(out, study_of(conflict_.document, tongue), tongue)
    if as_json:
        emit(conflict_.document)
    elif not quiet:
        page(
            conflict_lines(conflict_.document, tongue, width())
            + stopped_lines(conflict_.document, tongue, width())
        )
        repairs = [] if conflict_.status == "feasible" else conflict_.document["repairs"]
        enough = next((repair["set"] for repair in repairs if repair["set"]), None)
        if conflict_.status == "feasible" or enough:
            page(after("conflict", tongue, typed(scenario, sets=[*(sets or ()), *(enough or ())])))
    return INTERRUPTED_AND_TOLD if conflict_.course.stopped_by == "interrupt" else EXIT[conflict_.status]
