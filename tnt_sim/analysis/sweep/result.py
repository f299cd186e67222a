"""Document of a sweep (`sweep --json`): amounts in integer cents, exact decimals as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tnt_sim.analysis.sweep.envelope_point import Point
from tnt_sim.analysis.sweep.exact_steps import Counters, build_step_columns
from tnt_sim.analysis.sweep.plan import Tolerance
from tnt_sim.analysis.sweep.runner import FREE_CURVE, NESTED_CURVE, SweepResult
from tnt_sim.engine.result import Proof
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.text.decision_reasons import describe_unspent
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.scenario.scenario import has_synthetic_mark
from tnt_sim.verify.allocation_reading import read_allocation
from tnt_sim.verify.decision_reasons import determine_reasons
from tnt_sim.verify.run_document import format_fraction, format_warnings

RANKS = (Proof.PROVED, Proof.CROSS_CHECKED, Proof.FEASIBLE_GAP)


def build_document(result: SweepResult, lang: Lang | None = None) -> dict[str, Any]:
    """Write the whole document; points not reached before Ctrl-C or the deadline are missing from `points`.

    Sentences are in `lang`, by default the scenario's locale.
    """
    plan, spec = result.plan, result.plan.scenario.spec
    base = result.base
    counters = Counters.of(base)
    lang = lang or Lang(spec.locale)
    return {
        "schema_version": 1,
        "command": "sweep",
        "scenario": plan.scenario.id,
        "scenario_sha256": plan.scenario.sha256,
        "title": plan.scenario.title,
        "date": spec.date.isoformat() if spec.date else None,
        "synthetic": has_synthetic_mark(spec, plan.scenario.portfolio.table),
        "sweep_dir": None,
        "status": _get_status(result),
        **result.build_progress_entry(),
        "proof": _find_weakest_proof([*result.free, *result.nested]),
        "envelopes": list(plan.moved.names),
        "share": plan.moved.share,
        "base_cents": plan.moved.base_cents,
        "from_cents": plan.amounts[0],
        "to_cents": plan.amounts[-1],
        "free": plan.free,
        "nested": plan.nested,
        "exact": plan.exact,
        "tolerance": None if plan.tolerance is None else _format_tolerance(plan.tolerance),
        "goals": [
            {"goal": stage.goal, "sense": stage.sense.value, "unit": stage.terms.unit.value}
            for stage in base.stages
        ],
        "n_dossiers": base.case.n,
        "n_departments": counters.n_departments,
        "tightening": [{"id": rule.id, "option": rule.option} for rule in result.tightening],
        "points": _build_point_entries(result),
        "dossiers": _build_dossier_entries(result),
        "unspent": _explain_unspent(result, lang),
        "steps": _build_steps_entry(result, counters),
        "band": _build_band_entries(result),
        "warnings": format_warnings(base.warnings, lang),
    }


def _get_status(result: SweepResult) -> str:
    points = [*result.free, *result.nested]
    wanted = len(result.plan.amounts) * (result.plan.free + result.plan.nested)
    if result.stopped_by == "interrupt" or len(points) < wanted:
        return "stopped"
    return "optimal" if all(point.settled for point in points) and not result.open else "feasible"


def _find_weakest_proof(points: Sequence[Point]) -> str | None:
    proofs = [point.proof for point in points]
    if not proofs or None in proofs:
        return None
    return max((proof for proof in proofs if proof), key=RANKS.index).value


def _build_point_entries(result: SweepResult) -> list[dict[str, Any]]:
    free = {point.cents: point for point in result.free}
    nested = {point.cents: point for point in result.nested}
    entries, before = [], dict[str, Point]()
    for cents in result.plan.amounts:
        entry: dict[str, Any] = {"amount_cents": cents, "free": None, "nested": None}
        for name, point in ((FREE_CURVE, free.get(cents)), (NESTED_CURVE, nested.get(cents))):
            if point is not None:
                entry[name] = _build_curve_entry(result, name, point, before.get(name))
                before[name] = point if point.allocation is not None else before.get(name, point)
        entry["price_of_nesting"], entry["price_goal"] = _compute_price(
            result, free.get(cents), nested.get(cents)
        )
        if entry["free"] or entry["nested"]:
            entries.append(entry)
    return entries


def _compute_width_cents(result: SweepResult, name: str, point: Point) -> int | None:
    """Return by how many cents less money may be worth as much as what was found.

    None if unknown: for the nested curve, which exists at its announcements only, and if a rule
    tightens.
    """
    if point.settled:
        return 0
    return result.widths.get(point.cents) if name == FREE_CURVE else None


def _format_tolerance(tolerance: Tolerance) -> str:
    if tolerance.relative:
        return f"{format_fraction(tolerance.size * 100)} %"
    return str(format_fraction(tolerance.size))


def _build_curve_entry(result: SweepResult, name: str, point: Point, before: Point | None) -> dict[str, Any]:
    """Write one point of one curve; `entered` and `left` compare it with the previous amount."""
    document: dict[str, Any] = {
        "status": point.status.value,
        "proof": point.proof.value if point.proof else None,
        "canonical": point.canonical,
        "method": point.method,
        "objective": [],
        "width_cents": _compute_width_cents(result, name, point),
        "seconds": round(point.seconds, 4),
    }
    if point.allocation is None:
        return document
    document["objective"] = [
        {
            "goal": stage.goal,
            "sense": stage.sense.value,
            "value": format_fraction(value),
            "bound": format_fraction(bound),
            "gap": None if bound is None else format_fraction(abs(bound - value)),
        }
        for stage, value, bound in zip(result.base.stages, point.values, point.bounds, strict=True)
    ]
    document |= result.list_totals[name, point.cents]
    names = set(result.plan.moved.names)
    granted = sum(entry["granted_cents"] for entry in document["envelopes"] if entry["id"] in names)
    document["left_cents"] = point.cents - granted
    return document | _build_changes_entry(result.base, point, before)


def _build_changes_entry(problem: Problem, point: Point, before: Point | None) -> dict[str, Any]:
    assert point.allocation is not None
    if before is None or before.allocation is None:
        return {"entered": [], "left": []}
    now, then = point.allocation.funded, before.allocation.funded
    return {"entered": _list_names(problem, now & ~then), "left": _list_names(problem, then & ~now)}


def _list_names(problem: Problem, mask: BoolArray) -> list[str]:
    names: list[str] = problem.case.table["dossier"].gather(np.flatnonzero(mask)).to_list()
    return names


def _compute_price(
    result: SweepResult, free: Point | None, nested: Point | None
) -> tuple[str | None, str | None]:
    """Return the loss from keeping earlier grants, in the first stage that differs, and that stage.

    ("0", None) if none differs.
    """
    if free is None or nested is None or not free.values or not nested.values:
        return None, None
    for stage, one, other in zip(result.base.stages, free.values, nested.values, strict=True):
        if one != other:
            price = (one - other) * (1 if stage.sense is Sense.MAXIMISE else -1)
            return format_fraction(price), stage.goal
    return "0", None


def _build_dossier_entries(result: SweepResult) -> list[dict[str, Any]]:
    """List the applications that some amount changes, with their entry amount on each curve."""
    lists = {
        name: _collect_lists(points)
        for name, points in ((FREE_CURVE, result.free), (NESTED_CURVE, result.nested))
    }
    all_items = [funded for _, funded, _ in (*lists[FREE_CURVE], *lists[NESTED_CURVE])]
    if not all_items:
        return []
    changed = np.logical_or.reduce(all_items) & ~np.logical_and.reduce(all_items)
    table, tree = result.base.case.table, result.base.case.tree
    ids = [tree.ids[int(k)] if k >= 0 else "" for k in result.base.case.node]
    entries = []
    for row in np.flatnonzero(changed).tolist():
        entry: dict[str, Any] = {
            "dossier": table["dossier"][row],
            "title": table["title"][row],
            "envelope": ids[row],
            "granted_cents": max(int(cents[row]) for part in lists.values() for _, _, cents in part),
        }
        for name, part in lists.items():
            entry[f"{name}_from_cents"] = _find_stable_amount(part, row)
            entry[f"{name}_at_cents"] = [amount for amount, funded, _ in part if funded[row]]
        entries.append(entry)
    return entries


def _collect_lists(points: Sequence[Point]) -> list[tuple[int, BoolArray, IntArray]]:
    return [
        (p.cents, p.allocation.funded, p.allocation.granted_cents) for p in points if p.allocation is not None
    ]


def _find_stable_amount(lists: Sequence[tuple[int, BoolArray, IntArray]], row: int) -> int | None:
    """Return the least amount of the plan from which the application is funded at every amount."""
    result = None
    for amount, funded, _ in reversed(lists):
        if not funded[row]:
            break
        result = amount
    return result


def _explain_unspent(result: SweepResult, lang: Lang) -> list[dict[str, Any]]:
    """Explain, at the largest amount, what the envelopes just below the programme leave unspent."""
    point = next((p for p in reversed(result.free or result.nested) if p.allocation is not None), None)
    if point is None or point.allocation is None:
        return []
    problem = result.plan.moved.compile_problem_at(point.cents)
    reading = read_allocation(problem, point.allocation)
    why = determine_reasons(problem, point.allocation, reading)
    tree = problem.case.tree
    return [
        {
            "id": tree.ids[k],
            "title": tree.titles[k],
            "unspent_cents": reading.envelopes.left_cents[k],
            "unspent_code": why.unspent_code[k],
            "unspent_because": describe_unspent(problem, why, k).in_(lang),
        }
        for k in tree.list_children(0) or [0]
        if reading.envelopes.left_cents[k] and why.unspent_code[k]
    ]


def _build_steps_entry(result: SweepResult, counters: Counters) -> dict[str, Any] | None:
    """Write every known amount at which the optimum changes, by column; None if the curve is not refined."""
    if not result.plan.refined or result.tightening:
        return None
    columns: dict[str, list[Any]] = {"amount_cents": [], "value": [], "bound": []}
    if result.steps is not None:
        columns["amount_cents"] = result.steps.cents.tolist()
        columns["value"] = [
            format_fraction(result.steps.compute_value(k)) for k in range(len(result.steps.cents))
        ]
        columns["bound"] = list(columns["value"])
        columns |= build_step_columns(counters, result.steps)
        if not result.walked:
            return columns
    return _with_walked(columns, result, counters)


def _with_walked(columns: Mapping[str, list[Any]], result: SweepResult, counters: Counters) -> dict[str, Any]:
    """Merge the steps that were found one by one with the others."""
    names = (
        "amount_cents",
        "value",
        "bound",
        "n_funded",
        "granted_cents",
        "population",
        "inhabitants",
        "n_departments",
    )
    rows = list(zip(*(columns.get(name, []) for name in names), strict=True)) if columns["value"] else []
    known = {row[0] for row in rows}
    lists = _map_step_grants(result)
    first = [] if result.steps is not None else result.free[:1]
    for point in (*first, *result.walked):
        if point.allocation is None or point.cents in known:
            continue
        known.add(point.cents)
        lists[point.cents] = point.allocation.granted_cents
        funded = point.allocation.funded[:, None]
        people = counters.count_population(funded)
        rows.append(
            (
                point.cents,
                format_fraction(point.values[0]),
                format_fraction(point.bounds[0]),
                int(funded.sum()),
                int(point.allocation.granted_cents.sum()),
                None if people is None else int(people[0]),
                counters.count_inhabitants(funded)[0],
                int(counters.count_departments(funded)[0]),
            )
        )
    rows = _select_changes(sorted(rows, key=lambda row: row[0]), lists)
    return {name: [row[k] for row in rows] for k, name in enumerate(names)}


def _map_step_grants(result: SweepResult) -> dict[int, IntArray]:
    """Return the grants of the steps of the pass, by amount."""
    steps = result.steps
    if steps is None:
        return {}
    return {int(cents): steps.build_allocation(k).granted_cents for k, cents in enumerate(steps.cents)}


def _select_changes(rows: Sequence[tuple[Any, ...]], lists: Mapping[int, IntArray]) -> list[tuple[Any, ...]]:
    """Drop the rows at which nothing changes: same value, same grants."""
    retained: list[tuple[Any, ...]] = []
    for row in rows:
        before = retained[-1] if retained else None
        if before is None or before[1] != row[1] or not np.array_equal(lists[before[0]], lists[row[0]]):
            retained.append(row)
    return retained


def _build_band_entries(result: SweepResult) -> list[dict[str, Any]]:
    """Write the intervals in which the free curve is known only to lie between two values of the first stage."""
    entries = []
    wide = {low.cents for low, _ in result.open}
    for low, high in sorted(result.band, key=lambda pair: pair[0].cents):
        bound = high.bounds[0] if high.bounds else None
        known = bool(low.values) and bound is not None
        entries.append(
            {
                "from_cents": low.cents,
                "until_cents": high.cents,
                "low": format_fraction(low.values[0]) if low.values else None,
                "high": format_fraction(bound),
                "width": format_fraction(abs(bound - low.values[0])) if known and bound is not None else None,
                "within_tolerance": None if result.plan.tolerance is None else low.cents not in wide,
            }
        )
    return entries
