"""`tnt-sim show`: the merged scenario with the origin of each value, and its rules as sentences."""

from __future__ import annotations

from tnt_sim.cli.answer import ScenarioOptions
from tnt_sim.cli.console import get_width
from tnt_sim.cli.options import ModelOption, ResolvedOption


def show(options: ScenarioOptions, resolved: ResolvedOption = False, model: ModelOption = False) -> int:
    """Show the merged scenario, where each value comes from, and each rule as a sentence."""
    scenario, lang = options.load_scenario()
    from tnt_sim.reporting.reports.model_size import measure_model
    from tnt_sim.reporting.reports.scenario import (
        ShowDocument,
        build_report,
        build_sentence_entries,
        describe_scenario,
    )
    from tnt_sim.reporting.text.merged_scenario import list_origins, render_merged_scenario
    from tnt_sim.scenario.problem import compile_problem
    from tnt_sim.scenario.scenario import list_decision_steps

    both = resolved == model
    sentences = describe_scenario(compile_problem(scenario), lang) if both or model else []
    size = measure_model(compile_problem(list_decision_steps(scenario)[0].scenario)) if model else None
    document = ShowDocument(
        scenario=scenario.id,
        scenario_sha256=scenario.sha256,
        values=list_origins(scenario) if both or resolved else (),
        sentences=build_sentence_entries(sentences),
        model=None if size is None else size.build_entry(),
    )
    values = render_merged_scenario(scenario, get_width()) if both or resolved else ()
    report = build_report(scenario, lang, values=values, sentences=sentences, model=size)
    options.show(report, document, lang, options.build_hint("show", lang))
    return 0
