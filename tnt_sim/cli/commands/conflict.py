"""`tnt-sim conflict`: why a scenario is infeasible, and the cheapest repairs."""

from __future__ import annotations

from typing import Annotated

import typer

from tnt_sim.cli.commands.compare import check_out, write_report
from tnt_sim.cli.commands.export import ForceOption
from tnt_sim.cli.console import (
    INTERRUPTED_AND_TOLD,
    build_hint,
    emit,
    format_arguments,
    get_width,
    print_page,
    show_progress,
)
from tnt_sim.cli.invocation import get_written_locale
from tnt_sim.cli.options import (
    JsonOption,
    LangOption,
    PageOption,
    QuietOption,
    ScenarioArgument,
    SetOption,
    TimeLimitOption,
    parse_lang,
    parse_seconds,
)
from tnt_sim.i18n.message import N_

EXIT = {"infeasible": 4, "feasible": 0, "stopped": 5}
SetsOption = Annotated[
    int, typer.Option("--max-sets", metavar="N", min=1, help=N_("Contradictions looked for, at most."))
]
RepairsOption = Annotated[
    int, typer.Option("--max-repairs", metavar="N", min=0, help=N_("Repairs looked for, at most."))
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
    """Explain why no allocation is feasible: incompatible rules, and corrections."""
    parse_lang(lang)
    if out is not None:
        check_out(out, force=force)
    seconds = parse_seconds(time_limit)
    from tnt_sim.analysis.infeasibility.minimal_conflicts import conflict as find
    from tnt_sim.reporting.renderers.terminal import render_report
    from tnt_sim.reporting.reports.infeasibility import build_report
    from tnt_sim.scenario.load import load_scenario

    variant = load_scenario(scenario, tuple(sets or ()))
    tongue = parse_lang(lang, get_written_locale(variant))
    with show_progress(tongue, wanted=not quiet) as progress:
        conflict_ = find(
            variant, time_limit=seconds, max_sets=max_sets, max_repairs=max_repairs, progress=progress
        )
    report = build_report(conflict_.data)
    if out is not None:
        write_report(out, report, tongue)
    if as_json:
        emit(conflict_.document)
    elif not quiet:
        print_page(render_report(report, tongue, get_width()))
        repairs = () if conflict_.status == "feasible" else conflict_.data.repairs
        enough = next((repair.set for repair in repairs if repair.set), None)
        if conflict_.status == "feasible" or enough:
            print_page(
                build_hint(
                    "conflict", tongue, format_arguments(scenario, sets=[*(sets or ()), *(enough or ())])
                )
            )
    return INTERRUPTED_AND_TOLD if conflict_.course.stopped_by == "interrupt" else EXIT[conflict_.status]
