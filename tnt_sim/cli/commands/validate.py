"""`tnt-sim validate`: everything that can be checked without solving."""

from __future__ import annotations

from dataclasses import replace

from tnt_sim.cli.answer import ScenarioOptions
from tnt_sim.errors import InfeasibleScenarioError


def validate(options: ScenarioOptions) -> int:
    """Check a scenario and its data without solving."""
    scenario, lang = options.load_scenario()
    from tnt_sim.cli.source_notes import print_source_notes

    print_source_notes(options.scenario, scenario.spec, lang, gone=True)
    from tnt_sim.reporting.reports.personal_columns import build_personal_entries
    from tnt_sim.reporting.reports.validation import (
        build_check_document,
        build_report,
        build_scenario_quality,
        list_unread_columns,
    )
    from tnt_sim.scenario.problem import compile_problem
    from tnt_sim.scenario.scenario import RESERVE, list_decision_steps
    from tnt_sim.scenario.unreachable_floors import find_unmet_floors

    problem = compile_problem(scenario)
    steps = (
        [compile_problem(step.scenario) for step in list_decision_steps(scenario)]
        if scenario.steps
        else [problem]
    )
    clashes = find_unmet_floors(steps)
    if clashes:
        raise InfeasibleScenarioError(clashes)
    document = replace(
        build_check_document(problem, lang),
        quality=build_scenario_quality(scenario, lang),
        unread_columns=list_unread_columns(scenario, lang) or None,
        personal_columns=build_personal_entries(scenario, lang) or None,
    )
    if scenario.steps and scenario.steps[-1].id == RESERVE:
        compile_problem(scenario.steps[-1].scenario)
    options.show(build_report(document), document, lang, options.build_hint("validate", lang))
    return 0
