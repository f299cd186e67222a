"""How bounds and repairs are written: entries of the document of a conflict, and `--set` texts of a repair.

A rule `by` a column has one bound for all its groups. A repair that eases some of them is written as one change of
that bound, to the value that is enough for all of them::

    min = min over eased groups of (bound − slack)        max = max over eased groups of (bound + slack)
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.analysis.infeasibility.document import (
    ActionEntry,
    BoundEntry,
    CheapestDossier,
    EasedCountEntry,
    EasedEntry,
    EasedShareEntry,
    LiftedEntry,
    MemberEntry,
    RatedBoundEntry,
    WitnessEntry,
)
from tnt_sim.analysis.infeasibility.elastic_problem import (
    COMMITTED,
    ElasticProblem,
    LiftableBound,
    WrittenPart,
)
from tnt_sim.analysis.infeasibility.repair_cost import RuleRepair
from tnt_sim.analysis.infeasibility.sentences import describe_action, describe_member
from tnt_sim.domain.field_types import write_amount, write_number, write_rate
from tnt_sim.errors import ScenarioError, UsageError
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.expressions.columns import CENT
from tnt_sim.rules.linear_terms import Unit, sum_exactly
from tnt_sim.rules.offers.total_aid import GUARD
from tnt_sim.scenario.load import with_sets
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation
from tnt_sim.verify.run_document import format_fraction

HUNDREDTH_OF_PERCENT = Fraction(1, 10_000)


def build_bound_entry(form: ElasticProblem, bound: LiftableBound, lang: Lang) -> BoundEntry | RatedBoundEntry:
    """Build one bound as an entry of the document."""
    entry = _build_bound_entry(form, bound)
    return replace(entry, words=describe_member(entry, lang))


def repair_actions(form: ElasticProblem, repair: RuleRepair, lang: Lang) -> list[ActionEntry]:
    """Build what a repair does: one entry for each eased bound and each lifted line."""
    entries: list[ActionEntry] = [
        _build_eased_entry(form, line, slack, repair) for line, slack in sorted(repair.written.items())
    ]
    entries += [LiftedEntry(**build_head(form, line)) for line in sorted(repair.lifted)]
    return [replace(entry, words=describe_action(entry, lang)) for entry in entries]


def build_head(form: ElasticProblem, bound: LiftableBound) -> dict[str, Any]:
    """Build the keys of `BoundHead`."""
    entry, scenario = form.get_entry(bound.entry), form.problem.scenario
    place = scenario.locate(entry.path)
    spec = next((rule for rule in scenario.spec.rules if rule.id == entry.id), None)
    of_rule = spec is not None and entry.path[0] == "rules"
    return {
        "kind": entry.kind,
        "id": entry.id,
        "title": spec.title if spec is not None and of_rule else _find_title(form, entry),
        "group": bound.group or None,
        "group_name": _find_dossier_title(form.problem, bound.group)
        if entry.kind in ("decide", COMMITTED)
        else get_group_name(form.problem, getattr(spec, "by", None) if of_rule else None, bound.group),
        "side": bound.side,
        "table": entry.key.startswith("table:"),
        "file": place.file,
        "line": place.line,
        "source": spec.source if spec is not None and of_rule else "",
    }


def build_law_member(without: WitnessEntry | None) -> MemberEntry:
    """Build the member for the limit of public aid to the cost of a project, which no repair lifts."""
    return MemberEntry(
        kind="law",
        id=GUARD,
        title="",
        group=None,
        group_name=None,
        side="",
        table=False,
        file=None,
        line=None,
        source="",
        bound=None,
        bound_cents=None,
        without=without,
    )


def _find_title(form: ElasticProblem, entry: WrittenPart) -> str:
    """Return the title of an envelope or of a cap; empty where it has none."""
    if entry.path[0] == "envelope":
        tree = form.problem.case.tree
        title = tree.titles[tree.get_node(entry.id)]
        return "" if title == entry.id else title
    caps = form.problem.scenario.spec.caps
    return next((cap.title for cap in caps if entry.kind == "cap" and cap.name == entry.id), "")


def _find_dossier_title(problem: Problem, name: str) -> str | None:
    """Return the title of a dossier, or of the envelope by which commitments are grouped; None without one."""
    table, tree = problem.case.table, problem.case.tree
    titles = table.filter(pl.col("dossier") == name)["title"].to_list() if "title" in table.columns else []
    titles += [title for node, title in zip(tree.ids, tree.titles, strict=True) if node == name != title]
    return str(titles[0]) if titles and titles[0] else None


def get_group_name(problem: Problem, by: object, group: str) -> str | None:
    """Return the name of a territory on the scenario's map; None if the group is not a territory."""
    known = problem.case.map
    if known is None or by not in ("department", "region", "epci", "commune") or not group:
        return None
    found = known.table.filter((pl.col("level") == by) & (pl.col("code") == group))["name"]
    return str(found[0]) if len(found) else None


def _build_bound_entry(form: ElasticProblem, liftable: LiftableBound) -> BoundEntry | RatedBoundEntry:
    """Build the bound as written: cents, a rate or a number."""
    entry, head = form.get_entry(liftable.entry), build_head(form, liftable)
    if entry.kind == "envelope":
        amount = (form.problem.case.tree.amount_cents[entry.node] or 0) * CENT
        return BoundEntry(**head, bound=format_fraction(amount), bound_cents=count_cents(amount, Unit.MONEY))
    if entry.kind == COMMITTED:
        limit, name, _, count = next(one for one in entry.iterate_bounds() if one[1] == liftable.group)
        rows = limit.groups.codes == limit.groups.names.index(name)
        cents = sum_exactly(form.problem.offers.most_cents[rows])
        return BoundEntry(**head, bound=format_fraction(count), bound_cents=cents)
    bound = get_written_bound(entry, liftable)
    if bound is None:
        return BoundEntry(**head, bound=None, bound_cents=None)
    return RatedBoundEntry(
        **head,
        bound=format_fraction(bound),
        bound_cents=count_cents(bound, entry.unit),
        rate=format_fraction(_get_rate_bound(entry, liftable)),
    )


def get_written_bound(entry: WrittenPart, liftable: LiftableBound) -> Fraction | None:
    """Return the bound of a line in the unit of its sum; None for an entry that binds as a whole.

    Without a group, it is the tightest bound of all groups.
    """
    bounds = [
        bound
        for _, name, side, bound in entry.iterate_bounds()
        if side == liftable.side and liftable.group in ("", name)
    ]
    return (max if liftable.side == "min" else min)(bounds, default=None)


def _get_rate_bound(entry: WrittenPart, liftable: LiftableBound) -> Fraction | None:
    return None if entry.rule is None else entry.rule.get_rate_bound(liftable.side)


def count_cents(value: Fraction, unit: Unit) -> int | None:
    """Return a value in cents if it is money in whole cents."""
    return int(value / CENT) if unit is Unit.MONEY and (value / CENT).denominator == 1 else None


def _build_eased_entry(
    form: ElasticProblem, liftable: LiftableBound, slack: Fraction, repair: RuleRepair
) -> EasedShareEntry | EasedCountEntry | EasedEntry:
    entry = form.get_entry(liftable.entry)
    up = liftable.side != "min"
    if entry.kind == "envelope":
        tree = form.problem.case.tree
        bound = (tree.written_cents[entry.node] or tree.amount_cents[entry.node] or 0) * CENT
        slack = compute_written_raises(form, repair)[entry.node] * CENT
    else:
        bound = get_written_bound(entry, liftable) or Fraction(0)
    to = bound + slack if up else bound - slack
    head = {
        **build_head(form, liftable),
        "do": "raise" if up else "lower",
        "by": format_fraction(slack),
        "by_cents": count_cents(slack, entry.unit),
        "from_": format_fraction(bound),
        "from_cents": count_cents(bound, entry.unit),
        "to": format_fraction(to),
        "to_cents": count_cents(to, entry.unit),
        "all_groups": not liftable.group and _has_one_bound(form, entry, liftable.side),
    }
    rate = _get_rate_bound(entry, liftable)
    if rate is not None:
        reached = format_fraction(_compute_reached_share(entry, liftable, repair))
        return EasedShareEntry(**{**head, "kind": "share"}, rate=format_fraction(rate), reached=reached)
    if entry.kind == "limit" and liftable.side == "min" and entry.unit is Unit.NUMBER:
        return EasedCountEntry(**head, cheapest=_find_cheapest_dossier(form, entry, liftable, repair))
    return EasedEntry(**head, above=_list_raised_above(form, entry, repair))


def _list_raised_above(form: ElasticProblem, entry: WrittenPart, repair: RuleRepair) -> list[str]:
    """Name the envelopes above one that are raised with it, and that no other part of the repair names."""
    if entry.kind != "envelope":
        return []
    tree, raised = form.problem.case.tree, compute_written_raises(form, repair)
    named = {form.get_entry(line.entry).node for line in repair.written if line.entry.startswith("envelope:")}
    above = [
        node
        for node in tree.list_ancestors(entry.node)[1:]
        if node in raised and node not in named and tree.written_cents[node] is not None
    ]
    return [tree.titles[node] or tree.ids[node] for node in above]


def _compute_reached_share(entry: WrittenPart, bound: LiftableBound, repair: RuleRepair) -> Fraction | None:
    """Return the share of the repaired allocation, rounded to 0.01 % on the feasible side.

    Without a group, it is the share of the group that is farthest from the bound.
    """
    assert entry.rule is not None
    figures = entry.rule.read(repair.allocation.funded, repair.allocation.granted_cents).readings
    values = [
        figure.value for figure in figures if figure.value is not None and bound.group in ("", figure.group)
    ]
    if not values:
        return None
    steps = (max if bound.side == "max" else min)(values) / HUNDREDTH_OF_PERCENT
    whole = math.ceil(steps) if bound.side == "max" else int(steps // 1)
    return whole * HUNDREDTH_OF_PERCENT


def _find_cheapest_dossier(
    form: ElasticProblem, entry: WrittenPart, bound: LiftableBound, repair: RuleRepair
) -> CheapestDossier | None:
    """Return the cheapest unfunded application that would count towards a minimum number of one group."""
    limit = next(
        (
            limit
            for limit, name, side, _ in entry.iterate_bounds()
            if (name or "", side) == (bound.group, bound.side)
        ),
        None,
    )
    if limit is None:
        return None
    group = [name or "" for name in limit.groups.names].index(bound.group)
    offers = form.problem.offers
    counts = (limit.terms.per_funded > 0) & (limit.groups.codes == group)
    for part in limit.terms.once:
        counts[part.row] |= limit.groups.codes[part.row] == group
    rows = np.flatnonzero(counts & offers.candidate & ~repair.allocation.funded)
    if not len(rows):
        return None
    row = int(rows[np.argmin(offers.least_cents[rows])])
    name = form.problem.case.table["dossier"][row]
    return CheapestDossier(dossier=name, cents=int(offers.least_cents[row]))


def write_repair(form: ElasticProblem, repair: RuleRepair) -> RuleRepair:
    """Return a repair with the `--set` texts that write it into the scenario; its allocation is checked there.

    It has none if the grammar has no place for it, or if the texts would change more (a share of an amount).
    """
    written = replace(repair, written=_merge_groups(form, repair.eased))
    written = replace(written, written=_fit_to_texts(form, written))
    lines = _build_set_lines(form, written)
    if lines is None or not _can_repair(form.problem, lines, repair.allocation):
        return repair
    return replace(written, set_texts=tuple(lines))


def _merge_groups(
    form: ElasticProblem, eased: Mapping[LiftableBound, Fraction]
) -> dict[LiftableBound, Fraction]:
    """Return the slack of each bound; groups that share a written bound have one slack, enough for all of them."""
    result: dict[LiftableBound, Fraction] = {}
    for bound, slack in sorted(eased.items()):
        entry, whole = form.get_entry(bound.entry), LiftableBound(bound.entry, "", bound.side)
        if not bound.group or not _has_one_bound(form, entry, bound.side):
            result[bound] = slack
        elif _get_rate_bound(entry, bound) is not None:
            result[whole] = result.get(whole, Fraction(0)) + slack
        else:
            own, written = get_written_bound(entry, bound), get_written_bound(entry, whole)
            assert own is not None
            assert written is not None
            more = written - own if bound.side == "min" else own - written
            result[whole] = max(result.get(whole, Fraction(0)), slack + more)
    return result


def _fit_to_texts(form: ElasticProblem, repair: RuleRepair) -> dict[LiftableBound, Fraction]:
    """Return the slack of each bound so that the eased bound is what the text sets, to the cent."""
    result = dict(repair.written)
    for liftable, slack in repair.written.items():
        entry = form.get_entry(liftable.entry)
        bound = get_written_bound(entry, liftable)
        if bound is None or entry.unit is not Unit.MONEY or _get_rate_bound(entry, liftable) is not None:
            continue
        if entry.kind == "min_use":
            rate, whole = _compute_use_rate(form, entry, bound - slack, repair)
            result[liftable] = bound - math.ceil(rate * whole) * CENT
        elif liftable.side == "min":
            result[liftable] = bound - (bound - slack) // CENT * CENT
        else:
            result[liftable] = (bound + slack) // CENT * CENT - bound
    return result


def _compute_use_rate(
    form: ElasticProblem, entry: WrittenPart, least: Fraction, repair: RuleRepair
) -> tuple[Fraction, int]:
    """Return a minimum use as a share, rounded down to 0.01 %, and the amount in cents of which it is one."""
    tree = form.problem.case.tree
    node = tree.get_node(entry.id)
    whole = (tree.written_cents[node] or 0) + compute_written_raises(form, repair).get(node, 0)
    share = least / CENT / whole if whole else Fraction(0)
    return share // HUNDREDTH_OF_PERCENT * HUNDREDTH_OF_PERCENT, whole


def _has_one_bound(form: ElasticProblem, entry: WrittenPart, side: str) -> bool:
    """Whether a rule writes one amount, number or rate for all its groups, of which it has several."""
    spec = next((rule for rule in form.problem.scenario.spec.rules if rule.id == entry.id), None)
    return (
        entry.path[0] == "rules"
        and entry.kind in ("limit", "share")
        and _count_bounded_groups(entry, side) > 1
        and getattr(spec, "by", None) is not None
        and isinstance(getattr(spec, side, None), str | Fraction)
    )


def _count_bounded_groups(entry: WrittenPart, side: str) -> int:
    """Count the groups that a bound binds: a minimum of nothing, as of a group without demand, binds none."""
    whole = side == "max" or entry.kind == "share"  # the sum of a share is compared with 0
    return sum(one == side and (whole or bound > 0) for _, _, one, bound in entry.iterate_bounds())


def _can_repair(problem: Problem, lines: list[str], allocation: Allocation) -> bool:
    scenario = problem.scenario
    if scenario.raw is None or scenario.spec.steps:
        return True  # cannot be checked: no raw scenario, or several steps
    try:
        changed = compile_problem(replace(with_sets(scenario, lines), portfolio=scenario.portfolio))
    except (ScenarioError, UsageError):
        return False
    return not list_broken_rules(changed, allocation, read_allocation(changed, allocation))


def _build_set_lines(form: ElasticProblem, repair: RuleRepair) -> list[str] | None:
    result = _build_decision_lines(
        form, [line for line in repair.written if form.get_entry(line.entry).kind == "decide"]
    )
    raises = _build_raise_lines(form, repair)
    if raises is None:
        return None
    result += raises
    for path, slack in sorted(repair.written.items()):
        if form.get_entry(path.entry).kind in ("decide", "envelope"):
            continue
        item = _set_of(form, form.get_entry(path.entry), path, slack, repair)
        if item is None:
            return None
        result += item
    waivers: list[object] = []
    for path in sorted(repair.lifted):
        entry = form.get_entry(path.entry)
        if entry.kind == "cap":
            waivers.append(_build_waiver(form, entry, repair.allocation))
        elif entry.path[0] != "rules" or path.group:
            return None
        else:
            result.append(f"rules.{entry.id}.off=true")
    if waivers:  # a list is set as a whole: those that are written stay
        waivers = [*_list_written_waivers(form.problem.scenario), *waivers]
        result.append(f"waivers={json.dumps(waivers, ensure_ascii=False)}")
    return result


def _list_written_waivers(scenario: ScenarioData) -> list[object]:
    """List the waivers of a scenario as written; those of a step, which has no file, as read."""
    if scenario.raw is not None:
        return list(scenario.raw.tree.get("waivers") or ())
    return [
        one.model_dump(mode="json", exclude_defaults=True, by_alias=True) for one in scenario.spec.waivers
    ]


def _build_waiver(form: ElasticProblem, cap: WrittenPart, allocation: Allocation) -> dict[str, object]:
    """Write a waiver of a cap for the dossiers that exceed it; its author still has to give the reason."""
    caps = form.problem.caps
    over = {
        one.project
        for one in caps.list_excesses(allocation.funded, allocation.granted_cents)
        if one.cap == cap.id
    }
    rows = np.flatnonzero(np.isin(caps.code, sorted(over)) & allocation.funded & ~caps.committed)
    dossiers = form.problem.case.table["dossier"].gather(rows).to_list()
    return {"of": cap.id, "where": {"dossier": dossiers}, "reason": "…", "author": "…"}


def _build_decision_lines(form: ElasticProblem, lines: list[LiftableBound]) -> list[str]:
    """Write the decisions without the applications that are withdrawn; an empty decision is switched off."""
    result = []
    for key in sorted({line.entry for line in lines}):
        name = form.get_entry(key).id
        spec = next(one for one in form.problem.decided.specs if one.id == name)
        back = {line.group for line in lines if line.entry == key}
        retained = {
            "fund": [d for d in spec.fund if d not in back],
            "refuse": [d for d in spec.refuse if d not in back],
        }
        if not any(retained.values()) and not spec.amounts:
            result.append(f"rules.{name}.off=true")
            continue
        for side, dossiers in retained.items():
            if len(dossiers) < len(getattr(spec, side)):
                result.append(f"rules.{name}.{side}={json.dumps(dossiers, ensure_ascii=False)}")
    return result


def _set_of(
    form: ElasticProblem, entry: WrittenPart, liftable: LiftableBound, slack: Fraction, repair: RuleRepair
) -> list[str] | None:
    if entry.kind == "min_use":
        return _build_use_line(form, entry, liftable, slack, repair)
    if entry.limits and entry.path[0] == "envelope":
        bound = (get_written_bound(entry, liftable) or Fraction(0)) + (
            slack if liftable.side == "max" else -slack
        )
        return [f"envelopes.{entry.id}.{entry.kind}={write_number(bound)}"]
    if entry.path[0] != "rules" or (liftable.group and _count_bounded_groups(entry, liftable.side) > 1):
        return None
    path = f"rules.{entry.id}.{liftable.side}"
    if _get_rate_bound(entry, liftable) is not None:
        reached = _compute_reached_share(entry, liftable, repair)
        return None if reached is None else [f"{path}={write_rate(reached)}"]
    return _build_bound_lines(path, entry, liftable, slack) if entry.limits else None


def _build_use_line(
    form: ElasticProblem, entry: WrittenPart, liftable: LiftableBound, slack: Fraction, repair: RuleRepair
) -> list[str] | None:
    """Write a minimum use, a share of what an envelope has after the repair."""
    tree = form.problem.case.tree
    specs = (spec for spec, _ in form.problem.scenario.spec.programme.walk())
    spec, bound = next((one for one in specs if one.id == entry.id), None), get_written_bound(entry, liftable)
    if spec is None or spec.min_use is None or not bound:
        return None
    rate, _ = _compute_use_rate(form, entry, bound - slack, repair)
    path = "programme" if entry.id == tree.ids[0] else f"envelopes.{entry.id}"
    return [f"{path}.min_use={write_rate(rate)}"]


def _build_bound_lines(path: str, entry: WrittenPart, liftable: LiftableBound, slack: Fraction) -> list[str]:
    bound = (get_written_bound(entry, liftable) or Fraction(0)) + (
        slack if liftable.side == "max" else -slack
    )
    if entry.unit is Unit.MONEY:
        return [f"{path}={write_amount(int(bound / CENT))}"]
    return [f"{path}={write_number(bound)}"]


def compute_written_raise(form: ElasticProblem, node: int, cents: int) -> int:
    """Return the increase of the written amount with which an envelope can grant `cents` more.

    A reserve keeps its share of the increase, so the increase exceeds `cents`; overprogramming has
    the opposite effect.
    """
    tree = form.problem.case.tree
    spec = next(
        (one for one, _ in form.problem.scenario.spec.programme.walk() if one.id == tree.ids[node]), None
    )
    amount = tree.written_cents[node]
    if spec is None or amount is None or not (spec.reserve or spec.overprogram):
        return cents
    limits, excess = spec.reserve or Fraction(0), spec.overprogram or Fraction(0)

    def compute_grantable_cents(written: int) -> int:
        return written + math.floor(-written * limits) + math.floor(written * excess)

    wanted, share = compute_grantable_cents(amount) + cents, 1 - limits + excess
    more = math.floor(cents / share) - 2 if share > 0 else 0
    while share > 0 and compute_grantable_cents(amount + more) < wanted:
        more += 1
    return max(more, 0) if share > 0 else cents


def compute_written_raises(form: ElasticProblem, repair: RuleRepair) -> dict[int, int]:
    """Return the increase of each written amount in cents: an envelope, and as much for each one above it.

    So no other envelope has less. The increase of an envelope includes the increases of its parts.
    """
    tree, own = form.problem.case.tree, dict[int, int]()
    for line, slack in repair.written.items():
        entry = form.get_entry(line.entry)
        if entry.kind == "envelope":
            own[entry.node] = int(slack / CENT)
    written: dict[int, int] = {}
    grantable: dict[int, int] = {}
    for node in reversed(range(tree.n_nodes)):
        below = [child for child in tree.list_children(node) if child in written]
        if node not in own and not below:
            continue
        grantable[node] = own.get(node, 0) + sum(grantable[child] for child in below)
        written[node] = sum(written[child] for child in below)
        if node in own:
            written[node] += compute_written_raise(form, node, own[node])
        if f"envelope:{tree.ids[node]}" in repair.fix:
            written[node] = max(written[node], compute_written_raise(form, node, grantable[node]))
    return written


def _build_raise_lines(form: ElasticProblem, repair: RuleRepair) -> list[str] | None:
    """Write the increases of envelopes, from the lowest to the programme; None where a split wrote one."""
    tree = form.problem.case.tree
    known = {spec.id for spec, _ in form.problem.scenario.spec.programme.walk()}
    result = []
    for node, cents in compute_written_raises(form, repair).items():
        amount = tree.written_cents[node]
        if amount is None:
            continue
        if tree.ids[node] not in known:
            return None
        path = "programme.amount" if node == 0 else f"envelopes.{tree.ids[node]}.amount"
        result.append(f"{path}={write_amount(amount + cents)}")
    return result
