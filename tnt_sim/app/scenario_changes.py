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
from tnt_sim.domain.field_types import write_cents
from tnt_sim.domain.money import parse_cents
from tnt_sim.errors import UsageError, suggest_name
from tnt_sim.i18n.message import NO_TEXT, Lang, Text, _, _p
from tnt_sim.i18n.numbers import get_currency
from tnt_sim.i18n.parameters import Items
from tnt_sim.rules.offers.decisions import DecideSpec
from tnt_sim.scenario.load import set_text, with_changes
from tnt_sim.scenario.scenario import ScenarioData

Values = dict[str, dict[str, Any]]
MOST_NAME = 60
_TENTH_OF_MILLION = 10_000_000
TITLE = _("Decided on the planner's page")


def apply_state(scenario: ScenarioData, state: State) -> ScenarioData:
    """Return the scenario with the settings; no file is read again."""
    tree = build_tree(scenario, state)
    return with_changes(scenario, tree) if tree else scenario


def build_tree(scenario: ScenarioData, state: State) -> dict[str, Any]:
    """Return the settings as a partial scenario; empty if nothing is changed."""
    envelopes: Values = {
        name: {"amount": format_exact_amount(cents)} for name, cents in state.amounts.items()
    }
    rules = _build_rules(scenario, state)
    for path, text in state.sets.items():
        room, __, rest = path.partition(".")
        name, __, key = rest.rpartition(".")
        (envelopes if room == "envelopes" else rules).setdefault(name, {})[key] = _parse_value(text)
    programme = _build_envelope(scenario.spec.programme, envelopes)
    tree: dict[str, Any] = {}
    if programme is not None:
        tree["programme"] = programme
    if rules:
        tree["rules"] = [{"id": name, **values} for name, values in rules.items()]
    if state.weights:
        tree["objective"] = _build_objective(scenario, state)
    return tree


def format_exact_amount(cents: int) -> str:
    """Write cents for a scenario: "31.5 M€" if that is short, otherwise euros and cents."""
    if cents % _TENTH_OF_MILLION:
        return write_cents(cents)
    whole, tenths = divmod(cents // _TENTH_OF_MILLION, 10)
    unit = get_currency().build_unit("M")
    return f"{whole}.{tenths} {unit}" if tenths else f"{whole} {unit}"


def _parse_value(text: str) -> Any:
    return json.loads(text) if text.startswith("[") else text


def _build_envelope(spec: EnvelopeSpec, values: Values) -> dict[str, Any] | None:
    below = [found for child in spec.envelopes if (found := _build_envelope(child, values)) is not None]
    own = values.get(spec.id, {})
    if not own and not below:
        return None
    return {"id": spec.id, **own, **({"envelopes": below} if below else {})}


def _build_rules(scenario: ScenarioData, state: State) -> Values:
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
    for name, group in group_by_rule(scenario, state).items():
        result[name] = {
            "title": TITLE.in_(Lang(scenario.spec.locale)),
            "kind": "decide",
            "fund": [one.dossier for one in group if one.inside],
            "refuse": [one.dossier for one in group if not one.inside],
            "reason": group[0].reason,
        }
    return result


def group_by_rule(scenario: ScenarioData, state: State) -> dict[str, list[Forced]]:
    """Group the applications decided on the page by rule: one rule per reason."""
    taken = {rule.id for rule in scenario.spec.rules}
    by_reason: dict[str, list[Forced]] = {}
    for __, one in sorted(state.forced.items()):
        by_reason.setdefault(one.reason, []).append(one)
    result: dict[str, list[Forced]] = {}
    for reason, group in by_reason.items():
        name = f"page-{build_slug(reason)}".strip("-")
        others = (f"{name}-{k}" for k in range(2, len(taken) + len(by_reason) + 3))
        free = next(one for one in (name, *others) if one not in taken and one not in result)
        result[free] = group
    return result


def build_slug(name: str) -> str:
    """Make a file name: « Axe 1 à 31 M€ » becomes `axe-1-a-31-m`."""
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:MOST_NAME].strip("-")


def list_stages(scenario: ScenarioData) -> list[dict[str, Any]]:
    """Return the stages as written; by default the number of funded applications."""
    return deepcopy(scenario.tree.get("objective")) or [{"maximise": {"dossiers": "1"}}]


def get_goals(stage: dict[str, Any]) -> dict[str, Any]:
    """Return the objectives of a stage with their weights."""
    return dict(stage.get("maximise") or stage.get("minimise") or {})


def _build_objective(scenario: ScenarioData, state: State) -> list[dict[str, Any]]:
    """Write the stages with the new weights; a weight of 0 removes an objective, unless it is the last."""
    stages = list_stages(scenario)
    for k, stage in enumerate(stages):
        goals = get_goals(stage) | {name: text for (j, name), text in state.weights.items() if j == k}
        kept = {name: weight for name, weight in goals.items() if str(weight).strip("0.")}
        stage["maximise" if "maximise" in stage else "minimise"] = kept or goals
    return stages


def move_amount(scenario: ScenarioData, state: State, name: str, cents: int) -> State:
    """Return the settings with an envelope at another amount; those above it move by the same cents."""
    now = apply_state(scenario, state)
    family = {spec.id: spec for spec, __ in now.spec.programme.walk()}
    spec = family.get(name)
    share = PRO_RATA if state.share == PRO_RATA and spec is not None and spec.amount else FREE
    mover = AmountVariation.of(now, [name], share)
    crossed = mover.find_overdrawn_envelope(mover.base_cents) is not None
    # Amounts that are inconsistent for now are corrected one by one.
    amounts = {name: cents} if crossed else mover.compute_amounts(cents)
    return without_written(scenario, replace(state, amounts={**state.amounts, **amounts}))


def without_written(scenario: ScenarioData, state: State) -> State:
    """Remove the settings that repeat the scenario."""
    written = {spec.id: spec.amount for spec, __ in scenario.spec.programme.walk()}
    on = {rule.id: not rule.off for rule in scenario.spec.rules}
    weights = {
        (k, name): str(weight)
        for k, stage in enumerate(list_stages(scenario))
        for name, weight in get_goals(stage).items()
    }
    return replace(
        state,
        amounts={name: cents for name, cents in state.amounts.items() if written.get(name) != cents},
        rules={name: flag for name, flag in state.rules.items() if on.get(name) is not flag},
        weights={key: text for key, text in state.weights.items() if weights.get(key, "0") != text},
    )


def with_set_lines(scenario: ScenarioData, state: State, lines: Iterable[str]) -> State:
    """Apply the `PATH=VALUE` lines of a repair, as `conflict` gives them for these settings."""
    amounts, rules, sets = dict(state.amounts), dict(state.rules), dict(state.sets)
    forced, pages = dict(state.forced), group_by_rule(scenario, state)
    for line in lines:
        path, __, text = line.partition("=")
        room, __, rest = path.partition(".")
        name, __, key = rest.rpartition(".")
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
            sets[_resolve_path(scenario, path)] = text
    changed = replace(state, amounts=amounts, rules=rules, sets=sets, forced=forced)
    return without_written(scenario, changed)


def with_values(scenario: ScenarioData, state: State, changes: Mapping[str, object]) -> State:
    """Return the settings after changes by dotted path, as `with_changes` takes them."""
    after = with_changes(apply_state(scenario, state), changes)
    written = {rule.id for rule in scenario.spec.rules}
    resolved = {_resolve_path(scenario, path): value for path, value in changes.items()}
    sets = {
        path: set_text(value)
        for path, value in resolved.items()
        if path.startswith(("rules.", "envelopes.")) and not path.endswith((".off", ".amount"))
    }
    changed = replace(
        state,
        amounts={spec.id: spec.amount for spec, __ in after.spec.programme.walk() if spec.amount is not None},
        rules={rule.id: not rule.off for rule in after.spec.rules if rule.id in written},
        weights=_collect_weights(scenario, after),
        sets={**state.sets, **sets},
    )
    changed = without_written(scenario, changed)
    if apply_state(scenario, changed).spec != after.spec:
        paths = Items([f'"{path}"' for path in changes])
        raise UsageError(
            _(
                "the page has no setting for {paths}. Change the scenario before: "
                "`tnt.explore(scenario.with_(…))`.",
                paths=paths,
            ),
            code="usage.app",
        )
    return changed


def _resolve_path(scenario: ScenarioData, path: str) -> str:
    """Return the path of a key of the programme as that of an envelope, which settings have."""
    room, __, key = path.partition(".")
    return f"envelopes.{scenario.spec.programme.id}.{key}" if room == "programme" and "." not in key else path


def _collect_weights(scenario: ScenarioData, after: ScenarioData) -> dict[tuple[int, str], str]:
    """Return the weights of a changed scenario, 0 for an objective that it has no more."""
    result = {}
    for k, (old_stage, new_stage) in enumerate(zip(list_stages(scenario), list_stages(after), strict=False)):
        old, new = get_goals(old_stage), get_goals(new_stage)
        for name in (*old, *new):
            if not isinstance(new.get(name, old.get(name)), dict):
                result[k, name] = str(new.get(name, "0"))
    return result


def exclude_unknown(scenario: ScenarioData, state: State) -> tuple[State, list[Text]]:
    """Keep the settings that this scenario has a place for, with a message for each other one."""
    dossiers = set(scenario.portfolio.table["dossier"].to_list())
    envelopes = {spec.id for spec, __ in scenario.spec.programme.walk() if spec.amount is not None}
    family = {spec.id for spec, __ in scenario.spec.programme.walk()}
    departments = set(scenario.portfolio.table["department"].drop_nulls().to_list())
    rules = {rule.id for rule in scenario.spec.rules}
    n_stages = len(list_stages(scenario))
    sentences: list[Text] = []

    def filter_values(values: Mapping[str, object], known: set[str], what: Text) -> dict[str, Any]:
        sentences.extend(describe_unknown(what, name, known) for name in sorted(values.keys() - known))
        return {name: value for name, value in values.items() if name in known}

    def filter_name(name: str, known: set[str], what: Text) -> str:
        return "".join(filter_values({name: None} if name else {}, known, what))

    state = replace(
        state,
        envelope=filter_name(state.envelope, family, _("envelope")),
        department=filter_name(state.department, departments, _("department")),
        amounts=filter_values(state.amounts, envelopes, _("envelope")),
        rules=filter_values(state.rules, rules, _("rule")),
        forced=filter_values(state.forced, dossiers, _p("unknown", "application")),
        weights={key: text for key, text in state.weights.items() if 0 <= key[0] < n_stages},
    )
    return without_written(scenario, state), sentences


def describe_unknown(what: Text, name: str, known: Iterable[str]) -> Text:
    """Return the message for a name that the scenario does not have."""
    hint = suggest_name(name, known) or NO_TEXT
    return _('there is no {kind} "{name}" in this scenario. {hint}', kind=what, name=name, hint=hint)
