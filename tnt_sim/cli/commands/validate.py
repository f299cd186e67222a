"""`tnt-sim validate`: everything that can be checked without solving."""

from __future__ import annotations

from tnt_sim.cli.console import after, emit, page, typed, width
from tnt_sim.cli.options import JsonOption, LangOption, QuietOption, ScenarioArgument, SetOption, lang_of
from tnt_sim.errors import ScenarioError
from tnt_sim.i18n.message import Lang


def validate(
    scenario: ScenarioArgument,
    sets: SetOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Vérifie tout ce qui peut l'être sans calculer, et dit l'état des données."""
    lang_of(lang, Lang.FR)
    from tnt_sim.reporting.reports.validation import (
        check_document,
        check_lines,
        scenario_quality,
        scenario_quality_lines,
    )
    from tnt_sim.scenario.load import load_scenario
    from tnt_sim.scenario.problem import compile_problem
    from tnt_sim.scenario.scenario import RESERVE, decision_steps
    from tnt_sim.scenario.unreachable_floors import unmet_floors

    variant = load_scenario(scenario, tuple(sets or ()))
    tongue = lang_of(lang, Lang(variant.spec.locale))
    problem = compile_problem(variant)
    steps = (
        [compile_problem(step.scenario) for step in decision_steps(variant)] if variant.steps else [problem]
    )
    clashes = unmet_floors(steps)
    if clashes:
        raise ScenarioError(clashes)
    document = check_document(problem, tongue)
    document["quality"] = scenario_quality(variant, tongue)
    if variant.steps and variant.steps[-1].id == RESERVE:
        compile_problem(variant.steps[-1].scenario)
    if as_json:
        emit(document)
    elif not quiet:
        lines = check_lines(document, tongue, width())
        lines += scenario_quality_lines(document["quality"], tongue, width())
        page(lines + after("validate", tongue, typed(scenario, sets=sets)))
    return 0
