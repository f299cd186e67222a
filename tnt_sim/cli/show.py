"""`tnt-sim show`: the merged scenario with the origin of each value, and what it says in sentences."""

from __future__ import annotations

from tnt_sim.cli.hints import after, typed
from tnt_sim.cli.options import (
    JsonOption,
    LangOption,
    ModelOption,
    ResolvedOption,
    ScenarioArgument,
    SetOption,
    lang_of,
)
from tnt_sim.cli.speak import emit, page, width
from tnt_sim.errors import Lang


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

    from tnt_sim.scenario.compile import compile_problem
    from tnt_sim.scenario.load import load_scenario
    from tnt_sim.scenario.steps import decision_steps
    from tnt_sim.view.explain_scenario import sentence_document, sentence_lines, sentences
    from tnt_sim.view.grid import paragraph
    from tnt_sim.view.model_words import told_of
    from tnt_sim.view.resolved_text import origin_rows, resolved_lines

    asked = load_scenario(scenario, tuple(sets or ()))
    tongue = lang_of(lang, Lang(asked.spec.locale))
    both = resolved == model
    told = sentences(compile_problem(asked), tongue) if both or model else []
    size = told_of(compile_problem(decision_steps(asked)[0].scenario)) if model else None
    if as_json:
        emit(
            {
                "schema_version": 1,
                "command": "show",
                "scenario": asked.id,
                "scenario_sha256": asked.sha256,
                "status": "resolved",
                "values": origin_rows(asked) if both or resolved else [],
                "sentences": sentence_document(told),
                **({} if size is None else {"model": size.document()}),
            }
        )
        return 0
    lines = resolved_lines(asked, width()) if both or resolved else []
    lines += sentence_lines(told, tongue, width())
    if size is not None:
        lines += [Line(""), *paragraph(size.text().in_(tongue), width())]
    page(lines + after("show", tongue, typed(scenario, sets=sets)))
    return 0
