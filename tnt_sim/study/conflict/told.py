"""Members and repairs as entries of the document, with the figures that their sentences need."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.errors import Lang, ScenarioError, UsageError
from tnt_sim.money import format_cents
from tnt_sim.rules.base import CompiledRule, Unit, exact_sum
from tnt_sim.rules.columns import CENT
from tnt_sim.rules.coverage import Coverage
from tnt_sim.rules.limit import Limit
from tnt_sim.rules.share import Share
from tnt_sim.scalars import write_number, write_rate
from tnt_sim.scenario.compile import Problem, compile_problem
from tnt_sim.scenario.load import with_sets
from tnt_sim.study.conflict.open_form import COMMITTED, Entry, Line, OpenForm
from tnt_sim.study.conflict.repair import Repair
from tnt_sim.verify.figures import decimal_text
from tnt_sim.verify.reading import Allocation, broken_rules, read_allocation
from tnt_sim.view.conflict_words import action_words, member_words

HUNDREDTH_OF_PERCENT = Fraction(1, 10_000)


def member_entry(form: OpenForm, line: Line, lang: Lang) -> dict[str, Any]:
    """One member of a conflict."""
    told = {**_head(form, line), **_bound_of(form, line)}
    return {**told, "words": member_words(told, lang)}


def repair_actions(form: OpenForm, repair: Repair, lang: Lang) -> list[dict[str, Any]]:
    """What a repair does, one entry for each bound that gives way and each thing that is lifted."""
    told = [_eased(form, line, slack, repair) for line, slack in sorted(repair.eased.items())]
    told += [{**_head(form, line), "do": "lift"} for line in sorted(repair.lifted)]
    return [{**entry, "words": action_words(entry, lang)} for entry in told]


def _head(form: OpenForm, line: Line) -> dict[str, Any]:
    entry, scenario = form.entry(line.entry), form.problem.scenario
    place = scenario.locate(entry.path)
    spec = next((rule for rule in scenario.spec.rules if rule.id == entry.id), None)
    of_rule = spec is not None and entry.path[0] == "rules"
    return {
        "kind": entry.kind,
        "id": entry.id,
        "title": spec.title if spec is not None and of_rule else "",
        "group": line.group or None,
        "group_name": group_name(form.problem, getattr(spec, "by", None) if of_rule else None, line.group),
        "side": line.side,
        "table": entry.key.startswith("table:"),
        "file": place.file,
        "line": place.line,
        "source": spec.source if spec is not None and of_rule else "",
    }


def group_name(problem: Problem, by: object, group: str) -> str | None:
    """The name of a territory on the scenario's map; None where the group is none."""
    known = problem.case.map
    if known is None or by not in ("department", "region", "epci", "commune") or not group:
        return None
    found = known.table.filter((pl.col("level") == by) & (pl.col("code") == group))["name"]
    return str(found[0]) if len(found) else None


def _bound_of(form: OpenForm, line: Line) -> dict[str, Any]:
    """The bound as it is written: cents, a rate or a number."""
    entry = form.entry(line.entry)
    if entry.kind == "envelope":
        return figure("bound", (form.problem.case.tree.amount_cents[entry.node] or 0) * CENT, Unit.MONEY)
    if entry.kind == COMMITTED:
        limit, name, _, count = next(one for one in entry.bounds() if one[1] == line.group)
        rows = limit.groups.codes == limit.groups.names.index(name)
        return {"bound": decimal_text(count), "bound_cents": exact_sum(form.problem.offers.most_cents[rows])}
    bound = written(entry, line)
    if bound is None:
        return {"bound": None, "bound_cents": None}
    rate = share_bound(entry.rule, line.side)
    return {**figure("bound", bound, entry.unit), "rate": None if rate is None else decimal_text(rate)}


def written(entry: Entry, line: Line) -> Fraction | None:
    """The bound of a line in the unit of its sum; None for what binds as a whole."""
    return next(
        (bound for _, name, side, bound in entry.bounds() if (name or "", side) == (line.group, line.side)),
        None,
    )


def share_bound(rule: CompiledRule | None, side: str) -> Fraction | None:
    """The share that a `share` rule asks."""
    if not isinstance(rule, Share):
        return None
    return rule.minimum if side == "min" else rule.maximum


def figure(key: str, value: Fraction, unit: Unit) -> dict[str, Any]:
    cents = int(value / CENT) if unit is Unit.MONEY and (value / CENT).denominator == 1 else None
    return {key: decimal_text(value), f"{key}_cents": cents}


def _eased(form: OpenForm, line: Line, slack: Fraction, repair: Repair) -> dict[str, Any]:
    entry = form.entry(line.entry)
    up = line.side != "min"
    if entry.kind == "envelope":
        tree = form.problem.case.tree
        bound = (tree.written_cents[entry.node] or tree.amount_cents[entry.node] or 0) * CENT
        slack = written_raise(form, entry.node, int(slack / CENT)) * CENT
    else:
        bound = written(entry, line) or Fraction(0)
    to = bound + slack if up else bound - slack
    told = {
        **_head(form, line),
        "do": "raise" if up else "lower",
        **figure("by", slack, entry.unit),
        **figure("from", bound, entry.unit),
        **figure("to", to, entry.unit),
    }
    rate = share_bound(entry.rule, line.side)
    if rate is not None:
        told |= {
            "kind": "share",
            "rate": decimal_text(rate),
            "reached": decimal_text(_reached(entry, line, repair)),
        }
    elif entry.kind == "limit" and line.side == "min" and entry.unit is Unit.NUMBER:
        told["cheapest"] = _cheapest(form, entry, line, repair)
    return told


def _reached(entry: Entry, line: Line, repair: Repair) -> Fraction | None:
    """The share that the repaired allocation reaches, rounded by a hundredth of a percent to what it keeps."""
    assert entry.rule is not None
    figures = entry.rule.read(repair.allocation.funded, repair.allocation.granted_cents).readings
    value = next(figure.value for figure in figures if (figure.group or "") == line.group)
    if value is None:
        return None
    steps = value / HUNDREDTH_OF_PERCENT
    whole = -(-steps.numerator // steps.denominator) if line.side == "max" else int(steps // 1)
    return whole * HUNDREDTH_OF_PERCENT


def _cheapest(form: OpenForm, entry: Entry, line: Line, repair: Repair) -> dict[str, Any] | None:
    """The dossier that costs least among those whose funding would count towards a minimum number."""
    limit = next(
        limit for limit, name, side, _ in entry.bounds() if (name or "", side) == (line.group, line.side)
    )
    group = [name or "" for name in limit.groups.names].index(line.group)
    offers = form.problem.offers
    counts = (limit.terms.per_funded > 0) & (limit.groups.codes == group)
    for part in limit.terms.once:
        counts[part.row] |= limit.groups.codes[part.row] == group
    rows = np.flatnonzero(counts & offers.candidate & ~repair.allocation.funded)
    if not len(rows):
        return None
    row = int(rows[np.argmin(offers.least_cents[rows])])
    return {"dossier": form.problem.case.table["dossier"][row], "cents": int(offers.least_cents[row])}


def set_lines(form: OpenForm, repair: Repair) -> list[str] | None:
    """The `--set` texts that write a repair into the scenario, in which its allocation is read again.

    None where the grammar has no place for it, or where what is written moves more: a share of an amount.
    """
    lines = _lines(form, repair)
    return lines if lines is not None and _repairs(form.problem, lines, repair.allocation) else None


def _repairs(problem: Problem, lines: list[str], allocation: Allocation) -> bool:
    scenario = problem.scenario
    if scenario.raw is None or scenario.spec.steps:
        return True  # cannot be written so, or not for one step alone
    try:
        changed = compile_problem(replace(with_sets(scenario, lines), portfolio=scenario.portfolio))
    except (ScenarioError, UsageError):
        return False
    return not broken_rules(changed, allocation, read_allocation(changed, allocation))


def _lines(form: OpenForm, repair: Repair) -> list[str] | None:
    found = _decided_again(form, [line for line in repair.eased if form.entry(line.entry).kind == "decide"])
    for line, slack in sorted(repair.eased.items()):
        if form.entry(line.entry).kind == "decide":
            continue
        one = _set_of(form, form.entry(line.entry), line, slack, repair)
        if one is None:
            return None
        found += one
    for line in sorted(repair.lifted):
        entry = form.entry(line.entry)
        if entry.path[0] != "rules" or line.group:
            return None
        found.append(f"rules.{entry.id}.off=true")
    return found


def _decided_again(form: OpenForm, lines: list[Line]) -> list[str]:
    """The decisions without the dossiers that are taken back; one that is left without any is switched off."""
    found = []
    for key in sorted({line.entry for line in lines}):
        name = form.entry(key).id
        spec = next(one for one in form.problem.decided.specs if one.id == name)
        back = {line.group for line in lines if line.entry == key}
        kept = {
            "fund": [d for d in spec.fund if d not in back],
            "refuse": [d for d in spec.refuse if d not in back],
        }
        if not any(kept.values()) and not spec.amounts:
            found.append(f"rules.{name}.off=true")
            continue
        for side, dossiers in kept.items():
            if len(dossiers) < len(getattr(spec, side)):
                found.append(f"rules.{name}.{side}={json.dumps(dossiers, ensure_ascii=False)}")
    return found


def _set_of(form: OpenForm, entry: Entry, line: Line, slack: Fraction, repair: Repair) -> list[str] | None:
    if entry.kind == "envelope":
        return _raised(form, entry, int(slack / CENT))
    if entry.limits and entry.path[0] == "envelope" and entry.kind != "min_use":
        bound = (written(entry, line) or Fraction(0)) + (slack if line.side == "max" else -slack)
        return [f"envelopes.{entry.id}.{entry.kind}={write_number(bound)}"]
    if line.group or entry.path[0] != "rules":
        return None
    path = f"rules.{entry.id}.{line.side}"
    if isinstance(entry.rule, Share):
        reached = _reached(entry, line, repair)
        return None if reached is None else [f"{path}={write_rate(reached)}"]
    if not isinstance(entry.rule, Limit):
        return None if not isinstance(entry.rule, Coverage) else _plain(path, entry, line, slack)
    return _plain(path, entry, line, slack)


def _plain(path: str, entry: Entry, line: Line, slack: Fraction) -> list[str]:
    bound = (written(entry, line) or Fraction(0)) + (slack if line.side == "max" else -slack)
    if entry.unit is Unit.MONEY:
        return [f"{path}={format_cents(int(bound / CENT), Lang.FR)}"]
    return [f"{path}={write_number(bound)}"]


def written_raise(form: OpenForm, node: int, cents: int) -> int:
    """By how much the written amount must rise for an envelope to grant so much more: a reserve keeps its part."""
    tree = form.problem.case.tree
    spec = next(
        (one for one, _ in form.problem.scenario.spec.programme.walk() if one.id == tree.ids[node]), None
    )
    amount = tree.written_cents[node]
    if spec is None or amount is None or not (spec.reserve or spec.overprogram):
        return cents
    kept, beyond = spec.reserve or Fraction(0), spec.overprogram or Fraction(0)

    def grants(written: int) -> int:
        return written + math.floor(-written * kept) + math.floor(written * beyond)

    wanted, share = grants(amount) + cents, 1 - kept + beyond
    more = math.floor(cents / share) - 2 if share > 0 else 0
    while share > 0 and grants(amount + more) < wanted:
        more += 1
    return max(more, 0) if share > 0 else cents


def _raised(form: OpenForm, entry: Entry, cents: int) -> list[str] | None:
    """The envelope and all above it raised by as much, so that no other part of the programme has less."""
    tree = form.problem.case.tree
    known = {spec.id for spec, _ in form.problem.scenario.spec.programme.walk()}
    cents, found = written_raise(form, entry.node, cents), []
    for node in tree.ancestors(entry.node):
        amount = tree.written_cents[node]
        if amount is None:
            continue
        if tree.ids[node] not in known:
            return None
        path = "programme.amount" if node == 0 else f"envelopes.{tree.ids[node]}.amount"
        found.append(f"{path}={format_cents(amount + cents, Lang.FR)}")
    return found
