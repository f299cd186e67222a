"""`tnt-sim show`: the merged scenario with the origin of each value, and its rules as sentences."""

from __future__ import annotations

from tnt_sim.cli.console import build_hint, emit, format_arguments, get_width, print_page
from tnt_sim.cli.invocation import get_written_locale
from tnt_sim.cli.options import (
    JsonOption,
    LangOption,
    ModelOption,
    ResolvedOption,
    ScenarioArgument,
    SetOption,
    parse_lang,
)
from tnt_sim.documents import dump_document


def show(
    scenario: ScenarioArgument,
    sets: SetOption = None,
    resolved: ResolvedOption = False,
    model: ModelOption = False,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> int:
    """Show the merged scenario, where each value comes from, and each rule as a sentence."""
    parse_lang(lang)
    from rich.text import Text as Line

    from tnt_sim.engine.run_folder.writer import list_origins, render_resolved
    from tnt_sim.reporting.renderers.terminal import render_nodes
    from tnt_sim.reporting.reports.model_size import measure_model
    from tnt_sim.reporting.reports.scenario import (
        build_sentence_entries,
        describe_scenario,
        render_sentences,
    )
    from tnt_sim.reporting.show_document import ShowDocument
    from tnt_sim.scenario.load import load_scenario
    from tnt_sim.scenario.problem import compile_problem
    from tnt_sim.scenario.scenario import list_decision_steps

    variant = load_scenario(scenario, tuple(sets or ()))
    tongue = parse_lang(lang, get_written_locale(variant))
    both = resolved == model
    entries = describe_scenario(compile_problem(variant), tongue) if both or model else []
    size = measure_model(compile_problem(list_decision_steps(variant)[0].scenario)) if model else None
    if as_json:
        emit(
            dump_document(
                ShowDocument(
                    scenario=variant.id,
                    scenario_sha256=variant.sha256,
                    values=list_origins(variant) if both or resolved else (),
                    sentences=build_sentence_entries(entries),
                    model=None if size is None else size.build_entry(),
                )
            )
        )
        return 0
    lines = render_resolved(variant, get_width()) if both or resolved else []
    lines += render_sentences(entries, tongue, get_width())
    if size is not None:
        lines += [Line(""), *render_nodes(size.build_nodes(), tongue, get_width())]
    print_page(lines + build_hint("show", tongue, format_arguments(scenario, sets=sets)))
    return 0
