"""Document of a sweep (`sweep --json`): amounts in integer cents, exact decimals as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.analysis.sweep.document import (
    AnyCurvePoint,
    BandEntry,
    CurvePoint,
    FundedCurvePoint,
    PointGoal,
    SweepDocument,
    SweepGoal,
    SweepPointEntry,
    SweepStepsEntry,
    SweptDossier,
    TighteningEntry,
    UnspentEntry,
)
from tnt_sim.analysis.sweep.envelope_point import Point
from tnt_sim.analysis.sweep.exact_steps import Counters, build_step_columns
from tnt_sim.analysis.sweep.plan import Tolerance
from tnt_sim.analysis.sweep.runner import SweepResult
from tnt_sim.analysis.sweep.store import FREE_CURVE, NESTED_CURVE
from tnt_sim.documents import TableRows
from tnt_sim.engine.result import Status, find_weakest_proof
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.scenario.scenario import has_synthetic_mark
from tnt_sim.verify.allocation_reading import Allocation, read_allocation
from tnt_sim.verify.decision_reasons import determine_reasons
from tnt_sim.verify.reason_sentences import describe_unspent
from tnt_sim.verify.run_document import format_bound, format_fraction, format_warnings


def build_document(result: SweepResult, lang: Lang | None = None) -> SweepDocument:
    """Build the whole document; points not reached before Ctrl-C or the deadline are missing from `points`.

    Sentences are in `lang`, by default the scenario's locale.
    """
    plan, spec = result.plan, result.plan.scenario.spec
    base = result.base
    counters = Counters.of(base)
    lang = lang or Lang(spec.locale)
    return SweepDocument(
        scenario=plan.scenario.id,
        scenario_sha256=plan.scenario.sha256,
        title=plan.scenario.title,
        date=spec.date.isoformat() if spec.date else None,
        synthetic=has_synthetic_mark(spec, plan.scenario.portfolio.table),
        status=_get_status(result),
        stopped_by=result.stopped_by,
        progress=result.progress,
        proof=find_weakest_proof(point.proof for point in (*result.free, *result.nested)),
        envelopes=plan.moved.names,
        share=plan.moved.share,
        base_cents=plan.moved.base_cents,
        from_cents=plan.amounts[0],
        to_cents=plan.amounts[-1],
        free=plan.free,
        nested=plan.nested,
        exact=plan.exact,
        tolerance=None if plan.tolerance is None else _format_tolerance(plan.tolerance),
        goals=[SweepGoal(goal=stage.goal, sense=stage.sense, unit=stage.terms.unit) for stage in base.stages],
        n_dossiers=base.case.n,
        n_departments=counters.n_departments,
        tightening=[TighteningEntry(id=rule.id, option=rule.option) for rule in result.tightening],
        points=_build_point_entries(result),
        dossiers=_build_dossier_entries(result),
        unspent=_explain_unspent(result, lang),
        steps=_build_steps_entry(result, counters),
        band=_build_band_entries(result),
        warnings=format_warnings(base.warnings, lang),
    )


def _get_status(result: SweepResult) -> Status:
    points = [*result.free, *result.nested]
    wanted = len(result.plan.amounts) * (result.plan.free + result.plan.nested)
    if result.stopped_by == "interrupt" or len(points) < wanted:
        return Status.STOPPED
    settled = all(point.settled for point in points) and not result.open
    return Status.OPTIMAL if settled else Status.FEASIBLE


def _build_point_entries(result: SweepResult) -> list[SweepPointEntry]:
    free = {point.cents: point for point in result.free}
    nested = {point.cents: point for point in result.nested}
    entries, before = [], dict[str, Point]()
    for cents in result.plan.amounts:
        curves: dict[str, AnyCurvePoint] = {}
        for name, point in ((FREE_CURVE, free.get(cents)), (NESTED_CURVE, nested.get(cents))):
            if point is not None:
                curves[name] = _build_curve_entry(result, name, point, before.get(name))
                before[name] = point if point.allocation is not None else before.get(name, point)
        price, goal = _compute_price(result, free.get(cents), nested.get(cents))
        if curves:
            entries.append(
                SweepPointEntry(
                    amount_cents=cents,
                    free=curves.get(FREE_CURVE),
                    nested=curves.get(NESTED_CURVE),
                    price_of_nesting=price,
                    price_goal=goal,
                )
            )
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


def _build_curve_entry(result: SweepResult, name: str, point: Point, before: Point | None) -> AnyCurvePoint:
    """Build one point of one curve; `entered` and `left` compare it with the previous amount."""
    width = _compute_width_cents(result, name, point)
    if point.allocation is None:
        return CurvePoint(
            status=point.status,
            proof=point.proof,
            canonical=point.canonical,
            method=point.method,
            width_cents=width,
            seconds=round(point.seconds, 4),
        )
    totals, names = result.list_totals[name, point.cents], set(result.plan.moved.names)
    granted = sum(entry.granted_cents for entry in totals["envelopes"] if entry.id in names)
    now, then = point.allocation.funded, None if before is None else before.allocation
    return FundedCurvePoint(
        status=point.status,
        proof=point.proof,
        canonical=point.canonical,
        method=point.method,
        objective=[
            PointGoal(
                goal=stage.goal,
                sense=stage.sense,
                value=format_fraction(value),
                bound=format_bound(bound, value, is_maximised=stage.sense is Sense.MAXIMISE),
                gap=None if bound is None else format_fraction(abs(bound - value)),
            )
            for stage, value, bound in zip(result.base.stages, point.values, point.bounds, strict=True)
        ],
        width_cents=width,
        seconds=round(point.seconds, 4),
        **totals,
        left_cents=point.cents - granted,
        entered=() if then is None else _list_names(result.base, now & ~then.funded),
        left=() if then is None else _list_names(result.base, then.funded & ~now),
    )


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


def _build_dossier_entries(result: SweepResult) -> TableRows[SweptDossier]:
    """List the dossiers that some amount changes, with their entry amount on each curve."""
    free, nested = _collect_lists(result.free), _collect_lists(result.nested)
    known, case = [*free, *nested], result.base.case
    lists = [allocation.funded for _, allocation in known] or [np.zeros(case.n, dtype=np.bool_)]
    changed = np.flatnonzero(np.logical_or.reduce(lists) & ~np.logical_and.reduce(lists))
    most = np.zeros(len(changed), dtype=np.int64)
    for _, allocation in known:
        np.maximum(most, allocation.granted_cents[changed], out=most)
    envelopes = np.array([*case.tree.ids, ""], dtype=np.object_)[case.node[changed]]
    rows = case.table.select("dossier", "title")[changed].with_columns(
        pl.Series("envelope", envelopes, dtype=pl.String),
        pl.Series("granted_cents", most, dtype=pl.Int64),
        *_build_curve_columns(FREE_CURVE, free, changed),
        *_build_curve_columns(NESTED_CURVE, nested, changed),
    )
    return TableRows(rows, SweptDossier)


def _collect_lists(points: Sequence[Point]) -> list[tuple[int, Allocation]]:
    return [(point.cents, point.allocation) for point in points if point.allocation is not None]


def _build_curve_columns(
    curve: str, lists: Sequence[tuple[int, Allocation]], rows: IntArray
) -> tuple[pl.Series, pl.Series]:
    """Return, of some dossiers, the least amount from which each stays funded, and all at which it is funded."""
    stable, missing = np.zeros(len(rows), dtype=np.int64), np.ones(len(rows), dtype=np.bool_)
    stays = np.ones(len(rows), dtype=np.bool_)
    for amount, allocation in reversed(lists):
        stays &= allocation.funded[rows]
        stable[stays], missing[stays] = amount, False
    funded = np.array([allocation.funded[rows] for _, allocation in lists], dtype=np.bool_)
    at = _list_amounts([amount for amount, _ in lists], funded.reshape(len(lists), len(rows)))
    least = pl.DataFrame({"amount": stable, "missing": missing}).select(
        pl.when("missing").then(None).otherwise("amount").alias(f"{curve}_from_cents")
    )
    return least.to_series(), at.alias(f"{curve}_at_cents")


def _list_amounts(amounts: Sequence[int], funded: BoolArray) -> pl.Series:
    """Return the amounts at which each dossier is funded; `funded` has the shape (n_amounts, n_dossiers)."""
    if not amounts:
        return pl.Series([[]] * funded.shape[1], dtype=pl.List(pl.Int64))
    columns = [
        pl.select(pl.when(pl.Series(row)).then(pl.lit(amount, dtype=pl.Int64))).to_series()
        for amount, row in zip(amounts, funded, strict=True)
    ]
    return pl.select(pl.concat_list(columns).list.drop_nulls()).to_series()


def _explain_unspent(result: SweepResult, lang: Lang) -> list[UnspentEntry]:
    """Explain, at the largest amount, what the envelopes just below the programme leave unspent."""
    point = next((p for p in reversed(result.free or result.nested) if p.allocation is not None), None)
    if point is None or point.allocation is None:
        return []
    moved = result.plan.moved
    problem = moved.derive_problem_at(result.base, point.cents) or moved.compile_problem_at(point.cents)
    reading = read_allocation(problem, point.allocation)
    why = determine_reasons(problem, point.allocation, reading)
    tree = problem.case.tree
    return [
        UnspentEntry(
            id=tree.ids[k],
            title=tree.titles[k],
            unspent_cents=reading.envelopes.left_cents[k],
            unspent_code=code,
            unspent_because=describe_unspent(problem, why, k).in_(lang),
        )
        for k in tree.list_children(0) or [0]
        if reading.envelopes.left_cents[k] and (code := why.unspent_code[k])
    ]


def _build_steps_entry(result: SweepResult, counters: Counters) -> SweepStepsEntry | None:
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
            return SweepStepsEntry(**columns)
    return _with_walked(columns, result, counters)


def _with_walked(
    columns: Mapping[str, list[Any]], result: SweepResult, counters: Counters
) -> SweepStepsEntry:
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
    return SweepStepsEntry(**{name: [row[k] for row in rows] for k, name in enumerate(names)})


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


def _build_band_entries(result: SweepResult) -> list[BandEntry]:
    """Write the intervals in which the free curve is known only to lie between two values of the first stage."""
    entries = []
    wide = {low.cents for low, _ in result.open}
    for low, high in sorted(result.band, key=lambda pair: pair[0].cents):
        bound = high.bounds[0] if high.bounds else None
        known = bool(low.values) and bound is not None
        entries.append(
            BandEntry(
                from_cents=low.cents,
                until_cents=high.cents,
                low=format_fraction(low.values[0]) if low.values else None,
                high=format_fraction(bound),
                width=format_fraction(abs(bound - low.values[0])) if known and bound is not None else None,
                within_tolerance=None if result.plan.tolerance is None else low.cents not in wide,
            )
        )
    return entries
