"""A linear constraint of a Python user, as the rule that a scenario file would have."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from tnt_sim.domain.field_types import write_number
from tnt_sim.domain.money import parse_bounded_decimal
from tnt_sim.errors import Defects, Place, ScenarioError, UsageError, suggest_name
from tnt_sim.i18n.message import _
from tnt_sim.scenario.load import list_sets, with_changes, with_steps
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.scenario.yaml.nodes import Origin, to_tree
from tnt_sim.scenario.yaml.overrides import parse_value


def build_rule(
    scenario: ScenarioData,
    name: str,
    granted: Mapping[str, object] | None,
    funded: Mapping[str, object] | None,
    least: str | None,
    most: str | None,
    title: str,
) -> Mapping[str, object]:
    """Return the rule `linear` as a tree of texts.

    Raises
    ------
    UsageError
        If a rule has this name, or a coefficient is no exact number.
    ScenarioError
        If an application is unknown.
    """
    if any(rule.id == name for rule in scenario.spec.rules):
        raise UsageError(_('a rule is already named "{name}".', name=name))
    sides = {"min": least, "max": most}
    coefficients = {"granted": granted, "funded": funded}
    known = set(scenario.portfolio.table["dossier"].to_list())
    defects = Defects()
    for key, part in coefficients.items():
        for dossier in part or ():
            if str(dossier) not in known:
                text = _('there is no application "{key}".', key=str(dossier))
                hint = suggest_name(str(dossier), known)
                defects.add("unknown-dossier", text, Place(file=f"{name}.{key}"), hint=hint)
    defects.raise_if_any(ScenarioError)
    return {
        "id": name,
        "kind": "linear",
        **({"title": title} if title else {}),
        **{
            key: {str(dossier): _write(value) for dossier, value in part.items()}
            for key, part in coefficients.items()
            if part
        },
        **{side: str(bound) for side, bound in sides.items() if bound is not None},
    }


def with_rule(scenario: ScenarioData, rule: Mapping[str, object]) -> ScenarioData:
    """Return the scenario with one rule more; rules that were added before stay, in their order."""
    texts = list(scenario.sets)
    place = next((k for k, text in enumerate(texts) if text.partition("=")[0].strip() == "rules"), None)
    if place is None or scenario.raw is None:
        return with_changes(scenario, {"rules": [rule]})
    present = to_tree(parse_value(texts[place].partition("=")[2], Origin("rules")))
    added = [*present, rule] if isinstance(present, list) else [rule]
    texts[place] = list_sets({"rules": added})[0]
    sets = tuple(texts)
    return with_steps(scenario.raw.with_other_sets(sets), sets, scenario.base, scenario)


def _write(value: object) -> str:
    """Write a coefficient exactly; a float counts as the decimal that it prints."""
    try:
        exact = value if isinstance(value, Fraction) else Fraction(parse_bounded_decimal(str(value)))
    except ValueError:
        raise UsageError(_('"{value}" is no exact coefficient.', value=str(value))) from None
    return write_number(exact)
