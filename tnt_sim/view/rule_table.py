"""The rules and the goals of a run: value against bound, what binds, what is proven."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from rich.text import Text as Line

from tnt_sim.errors import Lang
from tnt_sim.money import parse_decimal
from tnt_sim.view.figures import amount, count, decimal, euros, listed, plural, rate
from tnt_sim.view.grid import grid, paragraph
from tnt_sim.view.labels import Labels
from tnt_sim.view.words import KIND, PROOF, SENSE

Entry = Mapping[str, Any]
MOST_BROKEN = 8


def figure(text: str | None, unit: str, lang: Lang) -> str:
    """A figure of a rule or a goal in its unit."""
    if unit == "money":
        return euros(text, lang)
    return rate(text, lang) if unit == "rate" else decimal(text, lang)


def rule_lines(rules: Sequence[Entry], labels: Labels, lang: Lang, width: int) -> list[Line]:
    """One line per rule, the broken ones in red; under it its title, its groups, those that are broken."""
    cells, styles = [], []
    for rule in rules:
        cells.append(_rule_cells(rule, labels, lang))
        styles.append("red" if not rule["holds"] else "")
    head = (
        ["Règle", "Genre", "Valeur", "Borne", ""]
        if lang is Lang.FR
        else ["Rule", "Kind", "Value", "Bound", ""]
    )
    lines = grid(cells, header=head, right=(2,), styles=styles)
    found = lines[:1]
    for rule, line in zip(rules, lines[1:], strict=True):
        found.append(line)
        about = [labels.rule_titles.get(str(rule["id"]), ""), _groups(rule, lang)]
        if any(about):
            found += paragraph(" – ".join(part for part in about if part), width, first="    ", style="dim")
        found += _broken_groups(rule, labels, lang)
    return found


def _rule_cells(rule: Entry, labels: Labels, lang: Lang) -> list[str]:
    unit = labels.rule_units.get(str(rule["id"]), "number")
    kind = KIND[rule["kind"]].in_(lang) if rule["kind"] in KIND else str(rule["kind"])
    return [
        str(rule["id"]),
        kind,
        figure(rule["value"], unit, lang),
        _bound(rule, unit, lang),
        _state(rule, lang),
    ]


def _bound(rule: Entry, unit: str, lang: Lang) -> str:
    low, high = rule["min"], rule["max"]
    if low is not None and high is not None:
        return f"{figure(low, unit, lang)} … {figure(high, unit, lang)}"
    if low is not None:
        return f"≥ {figure(low, unit, lang)}"
    return f"≤ {figure(high, unit, lang)}" if high is not None else ""


def _state(rule: Entry, lang: Lang) -> str:
    french = lang is Lang.FR
    if not rule["holds"]:
        state = "NON TENUE" if french else "BROKEN"
    elif rule["binds"]:
        state = "à la borne" if french else "at its bound"
    else:
        state = "tenue" if french else "holds"
    if rule.get("mode") == "report":
        state += " (pour information)" if french else " (report only)"
    return state


def _groups(rule: Entry, lang: Lang) -> str:
    """What is to be known of the groups: their number, those at the bound, the lowered floors."""
    groups = rule.get("groups") or []
    if not groups:
        return ""
    french = lang is Lang.FR
    if rule["kind"] == "cap":
        return _projects(groups, lang)
    n = plural(len(groups), ("groupe", "groupes"), ("group", "groups"), lang)
    text = f"le plus serré de {n}" if french else f"the tightest of {n}"
    at_bound = count(sum(1 for group in groups if group.get("binds")), lang)
    if at_bound != "0":
        text += f", {at_bound} à la borne" if french else f", {at_bound} at the bound"
    lowered = listed([str(group["group"]) for group in groups if group.get("lowered")], lang)
    if lowered:
        text += (
            f", plancher abaissé à la demande pour {lowered}"
            if french
            else f", floor lowered to demand for {lowered}"
        )
    return text


def _projects(groups: Sequence[Entry], lang: Lang) -> str:
    """How many projects are at a cap, or which is nearest to it."""
    at = sum(1 for group in groups if group.get("binds"))
    if not at:
        nearest = groups[0]["group"]
        return f"le plus proche : {nearest}" if lang is Lang.FR else f"the nearest: {nearest}"
    n = plural(at, ("projet", "projets"), ("project", "projects"), lang)
    return f"{n} au plafond" if lang is Lang.FR else f"{n} at the cap"


def _broken_groups(rule: Entry, labels: Labels, lang: Lang) -> list[Line]:
    unit = labels.rule_units.get(str(rule["id"]), "number")
    broken = [group for group in rule.get("groups") or [] if not group.get("holds", True)]
    rows = [
        (f"  {group['group']}", figure(group["value"], unit, lang), _bound(group, unit, lang))
        for group in broken[:MOST_BROKEN]
    ]
    lines = grid(rows, right=(1,), styles=["red"] * len(rows), indent=4)
    if len(broken) > MOST_BROKEN:
        lines.append(Line(f"      … +{len(broken) - MOST_BROKEN}", style="red"))
    return lines


def goal_lines(goals: Sequence[Entry], labels: Labels, lang: Lang) -> list[Line]:
    """One line per stage: what it aims at, its value, and what is proven of it."""
    units = [*labels.goal_units, *["number"] * len(goals)]
    french = lang is Lang.FR
    rows = []
    for k, (goal, unit) in enumerate(zip(goals, units, strict=False), start=1):
        aim = f"{k}. {SENSE[goal['sense']].in_(lang)} {goal['goal']}"
        value = figure(goal["value"], unit, lang)
        proof = PROOF[goal["proof"]].in_(lang) if goal.get("proof") in PROOF else "–"
        gap = goal.get("gap")
        if gap is not None and parse_decimal(gap) != Fraction(0):
            bound = figure(goal["bound"], unit, lang)
            money = goal.get("gap_money_cents")
            worth = (
                ""
                if not money
                else f"écart {amount(money, lang)} au plus, "
                if french
                else (f"gap at most {amount(money, lang)}, ")
            )
            proof += f" ({worth}borne {bound})" if french else f" ({worth}bound {bound})"
        rows.append((aim, value, proof))
    return grid(rows, right=(1,))
