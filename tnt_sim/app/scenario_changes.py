"""Convert the settings of the page to a partial scenario, merged into the original or saved as a file.

The same tree is solved and saved, so that a saved scenario is the one displayed.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from tnt_sim.analysis.shared.amount_variation import FREE, PRO_RATA, AmountVariation
from tnt_sim.app.page_state import Forced, State
from tnt_sim.domain.budget_tree import EnvelopeSpec
from tnt_sim.domain.money import cents_to_decimal_text, parse_cents
from tnt_sim.errors import did_you_mean
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.rules.offers.decisions import DecideSpec
from tnt_sim.scenario.load import with_changes
from tnt_sim.scenario.scenario import Scenario

Values = dict[str, dict[str, Any]]
MOST_NAME = 60
_TENTH_OF_MILLION = 10_000_000
TITLE = Text("Décidé sur la page du planificateur", "Decided on the planner's page")


def applied(scenario: Scenario, state: State) -> Scenario:
    """Return the scenario with the settings; no file is read again."""
    tree = tree_of(scenario, state)
    return with_changes(scenario, tree) if tree else scenario


def tree_of(scenario: Scenario, state: State) -> dict[str, Any]:
    """Return the settings as a partial scenario; empty if nothing is changed."""
    envelopes: Values = {name: {"amount": amount_text(cents)} for name, cents in state.amounts.items()}
    rules = _rules(scenario, state)
    for path, text in state.sets.items():
        room, _, rest = path.partition(".")
        name, _, key = rest.rpartition(".")
        (envelopes if room == "envelopes" else rules).setdefault(name, {})[key] = _value(text)
    programme = _envelope(scenario.spec.programme, envelopes)
    tree: dict[str, Any] = {}
    if programme is not None:
        tree["programme"] = programme
    if rules:
        tree["rules"] = [{"id": name, **values} for name, values in rules.items()]
    if state.weights:
        tree["objective"] = _objective(scenario, state)
    return tree


def amount_text(cents: int) -> str:
    """Write cents for a scenario: "31.5 M€" if that is short, otherwise euros and cents."""
    if cents % _TENTH_OF_MILLION:
        return f"{cents_to_decimal_text(cents)} €"
    whole, tenths = divmod(cents // _TENTH_OF_MILLION, 10)
    return f"{whole}.{tenths} M€" if tenths else f"{whole} M€"


def _value(text: str) -> Any:
    return json.loads(text) if text.startswith("[") else text


def _envelope(spec: EnvelopeSpec, values: Values) -> dict[str, Any] | None:
    below = [found for child in spec.envelopes if (found := _envelope(child, values)) is not None]
    own = values.get(spec.id, {})
    if not own and not below:
        return None
    return {"id": spec.id, **own, **({"envelopes": below} if below else {})}


def _rules(scenario: Scenario, state: State) -> Values:
    """Write switched rules, withdrawn decisions, and the page's own decisions."""
    result: Values = {name: {"off": not on} for name, on in state.rules.items()}
    for spec in scenario.spec.rules:
        if not isinstance(spec, DecideSpec):
            continue
        fund = [name for name in spec.fund if name not in state.forced or state.forced[name].inside]
        refuse = [name for name in spec.refuse if name not in state.forced or not state.forced[name].inside]
        changed = result.setdefault(spec.id, {})
        if len(fund) < len(spec.fund):
            changed["fund"] = fund
        if len(refuse) < len(spec.refuse):
            changed["refuse"] = refuse
        if changed.keys() - {"off"} and not (fund or refuse or spec.amounts):
            changed["off"] = True
        if not changed:
            del result[spec.id]
    for name, group in page_rules(scenario, state).items():
        result[name] = {
            "title": TITLE.in_(Lang(scenario.spec.locale)),
            "kind": "decide",
            "fund": [one.dossier for one in group if one.inside],
            "refuse": [one.dossier for one in group if not one.inside],
            "reason": group[0].reason,
        }
    return result


def page_rules(scenario: Scenario, state: State) -> dict[str, list[Forced]]:
    """Group the applications decided on the page by rule: one rule per reason."""
    taken = {rule.id for rule in scenario.spec.rules}
    by_reason: dict[str, list[Forced]] = {}
    for _, one in sorted(state.forced.items()):
        by_reason.setdefault(one.reason, []).append(one)
    result: dict[str, list[Forced]] = {}
    for reason, group in by_reason.items():
        name = f"page-{slug_of(reason)}".strip("-")
        others = (f"{name}-{k}" for k in range(2, len(taken) + len(by_reason) + 3))
        free = next(one for one in (name, *others) if one not in taken and one not in result)
        result[free] = group
    return result


def slug_of(name: str) -> str:
    """Make a file name: « Axe 1 à 31 M€ » becomes `axe-1-a-31-m`."""
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:MOST_NAME].strip("-")


def stages_of(scenario: Scenario) -> list[dict[str, Any]]:
    """Return the stages as written; by default the number of funded applications."""
    return deepcopy(scenario.tree.get("objective")) or [{"maximise": {"dossiers": "1"}}]


def goals_of(stage: dict[str, Any]) -> dict[str, Any]:
    """Return the objectives of a stage with their weights."""
    return dict(stage.get("maximise") or stage.get("minimise") or {})


def _objective(scenario: Scenario, state: State) -> list[dict[str, Any]]:
    """Write the stages with the new weights; a weight of 0 removes an objective, unless it is the last."""
    stages = stages_of(scenario)
    for k, stage in enumerate(stages):
        goals = goals_of(stage) | {name: text for (j, name), text in state.weights.items() if j == k}
        kept = {name: weight for name, weight in goals.items() if str(weight).strip("0.")}
        stage["maximise" if "maximise" in stage else "minimise"] = kept or goals
    return stages


def moved(scenario: Scenario, state: State, name: str, cents: int) -> State:
    """Return the settings with an envelope at another amount; those above it move by the same cents.

    Raises
    ------
    UsageError
        If the envelope has no amount or is not in force.
    """
    now = applied(scenario, state)
    family = {spec.id: spec for spec, _ in now.spec.programme.walk()}
    spec = family.get(name)
    share = PRO_RATA if state.share == PRO_RATA and spec is not None and spec.amount else FREE
    mover = AmountVariation.of(now, [name], share)
    crossed = mover.overdrawn(mover.base_cents) is not None
    # Amounts that are inconsistent for now are corrected one by one.
    amounts = {name: cents} if crossed else mover.amounts(cents)
    return without_written(scenario, replace(state, amounts={**state.amounts, **amounts}))


def without_written(scenario: Scenario, state: State) -> State:
    """Remove the settings that repeat the scenario."""
    written = {spec.id: spec.amount for spec, _ in scenario.spec.programme.walk()}
    on = {rule.id: not rule.off for rule in scenario.spec.rules}
    weights = {
        (k, name): str(weight)
        for k, stage in enumerate(stages_of(scenario))
        for name, weight in goals_of(stage).items()
    }
    return replace(
        state,
        amounts={name: cents for name, cents in state.amounts.items() if written.get(name) != cents},
        rules={name: flag for name, flag in state.rules.items() if on.get(name) is not flag},
        weights={key: text for key, text in state.weights.items() if weights.get(key, "0") != text},
    )


def with_set_lines(scenario: Scenario, state: State, lines: Iterable[str]) -> State:
    """Apply the `PATH=VALUE` lines of a repair, as `conflict` gives them for these settings."""
    amounts, rules, sets = dict(state.amounts), dict(state.rules), dict(state.sets)
    forced, pages = dict(state.forced), page_rules(scenario, state)
    for line in lines:
        path, _, text = line.partition("=")
        room, _, rest = path.partition(".")
        name, _, key = rest.rpartition(".")
        if room == "rules" and name in pages:
            kept = json.loads(text) if text.startswith("[") else []
            for one in pages[name]:
                if key == "off" or (one.inside == (key == "fund") and one.dossier not in kept):
                    forced.pop(one.dossier, None)
        elif key == "amount" or path == "programme.amount":
            amounts[name or scenario.spec.programme.id] = parse_cents(text)
        elif room == "rules" and key == "off":
            rules[name] = text != "true"
        else:
            sets[path] = text
    changed = replace(state, amounts=amounts, rules=rules, sets=sets, forced=forced)
    return without_written(scenario, changed)


def known_only(scenario: Scenario, state: State) -> tuple[State, list[Text]]:
    """Keep the settings that this scenario has a place for, with a message for each other one."""
    dossiers = set(scenario.portfolio.table["dossier"].to_list())
    envelopes = {spec.id for spec, _ in scenario.spec.programme.walk() if spec.amount is not None}
    rules = {rule.id for rule in scenario.spec.rules}
    n_stages = len(stages_of(scenario))
    sentences: list[Text] = []

    def retained(values: Mapping[str, Any], known: set[str], what: Text) -> dict[str, Any]:
        sentences.extend(unknown(what, name, known) for name in sorted(values.keys() - known))
        return {name: value for name, value in values.items() if name in known}

    state = replace(
        state,
        amounts=retained(state.amounts, envelopes, Text("l'enveloppe", "envelope")),
        rules=retained(state.rules, rules, Text("la règle", "rule")),
        forced=retained(state.forced, dossiers, Text("le dossier", "dossier")),
        weights={key: text for key, text in state.weights.items() if 0 <= key[0] < n_stages},
    )
    return without_written(scenario, state), sentences


def unknown(what: Text, name: str, known: Iterable[str]) -> Text:
    """Return the message for a name that the scenario does not have."""
    hint = did_you_mean(name, known) or Text("", "")
    return Text(
        f"{what.fr} « {name} » n'existe pas dans ce scénario. {hint.fr}",
        f'there is no {what.en} "{name}" in this scenario. {hint.en}',
    )
