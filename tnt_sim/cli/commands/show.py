"""`tnt-sim show`: the merged scenario with the origin of each value, and its rules as sentences."""

from __future__ import annotations

from tnt_sim.cli.console import after, emit, page, typed, width
from tnt_sim.cli.options import (
    JsonOption,
    LangOption,
    ModelOption,
    ResolvedOption,
    ScenarioArgument,
    SetOption,
    lang_of,
)
from tnt_sim.i18n.message import Lang


def show(
    scenario: ScenarioArgument,
    sets: SetOption = None,
    resolved: ResolvedOption = False,
    model: ModelOption = False,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> int:
    """Montre le scénario fusionné, l'origine de chaque valeur, et chaque règle en une phrase."""
    lang_of(lang, Lang.FR)
    from rich.text import Text as Line

    from tnt_sim.reporting.renderers.terminal import paragraph
    from tnt_sim.reporting.reports.model_size import told_of
    from tnt_sim.reporting.reports.scenario import sentence_document, sentence_lines, sentences
    from tnt_sim.reporting.run_folder.writer import origin_rows, resolved_lines
    from tnt_sim.scenario.load import load_scenario
    from tnt_sim.scenario.problem import compile_problem
    from tnt_sim.scenario.scenario import decision_steps

    variant = load_scenario(scenario, tuple(sets or ()))
    tongue = lang_of(lang, Lang(variant.spec.locale))
    both = resolved == model
    entries = sentences(compile_problem(variant), tongue) if both or model else []
    size = told_of(compile_problem(decision_steps(variant)[0].scenario)) if model else None
    if as_json:
        emit(
            {
                "schema_version": 1,
                "command": "show",
                "scenario": variant.id,
                "scenario_sha256": variant.sha256,
                "status": "resolved",
                "values": origin_rows(variant) if both or resolved else [],
                "sentences": sentence_document(entries),
                **({} if size is None else {"model": size.document()}),
            }
        )
        return 0
    lines = resolved_lines(variant, width()) if both or resolved else []
    lines += sentence_lines(entries, tongue, width())
    if size is not None:
        lines += [Line(""), *paragraph(size.text().in_(tongue), width())]
    page(lines + after("show", tongue, typed(scenario, sets=sets)))
    return 0
