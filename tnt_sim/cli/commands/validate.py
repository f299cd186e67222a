"""`tnt-sim validate`: everything that can be checked without solving."""

from __future__ import annotations

from dataclasses import replace

from tnt_sim.cli.console import build_hint, emit, format_arguments, get_width, print_page
from tnt_sim.cli.invocation import get_written_locale
from tnt_sim.cli.options import JsonOption, LangOption, QuietOption, ScenarioArgument, SetOption, parse_lang
from tnt_sim.errors import ScenarioError


def validate(
    scenario: ScenarioArgument,
    sets: SetOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Check a scenario and its data without solving."""
    parse_lang(lang)
    from tnt_sim.documents import dump_document
    from tnt_sim.reporting.renderers.terminal import render_report
    from tnt_sim.reporting.reports.validation import (
        build_check_document,
        build_report,
        build_scenario_quality,
    )
    from tnt_sim.scenario.load import load_scenario
    from tnt_sim.scenario.problem import compile_problem
    from tnt_sim.scenario.scenario import RESERVE, list_decision_steps
    from tnt_sim.scenario.unreachable_floors import find_unmet_floors

    variant = load_scenario(scenario, tuple(sets or ()))
    tongue = parse_lang(lang, get_written_locale(variant))
    problem = compile_problem(variant)
    steps = (
        [compile_problem(step.scenario) for step in list_decision_steps(variant)]
        if variant.steps
        else [problem]
    )
    clashes = find_unmet_floors(steps)
    if clashes:
        raise ScenarioError(clashes)
    document = replace(build_check_document(problem, tongue), quality=build_scenario_quality(variant, tongue))
    if variant.steps and variant.steps[-1].id == RESERVE:
        compile_problem(variant.steps[-1].scenario)
    if as_json:
        emit(dump_document(document))
    elif not quiet:
        lines = render_report(build_report(document), tongue, get_width())
        print_page(lines + build_hint("validate", tongue, format_arguments(scenario, sets=sets)))
    return 0
