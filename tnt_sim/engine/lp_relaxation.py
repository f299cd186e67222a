"""Linear relaxation of a scenario: an upper bound and shadow prices, never a decision.

A shadow price is the change of a stage's value per unit of the row's own measure: per euro for an envelope or
a rule on money, per dossier for a rule on dossiers, per unit of the numerator for a share. When the stage is
maximised, it is ≥ 0 for a maximum and ≤ 0 for a minimum; the signs are reversed when it is minimised.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import polars as pl

from tnt_sim.documents import dump_document
from tnt_sim.engine.result import ResultData, Status
from tnt_sim.errors import LimitReached
from tnt_sim.formulation.formulate import Formulation, select_planner_rows
from tnt_sim.i18n.message import Lang, _
from tnt_sim.rules.protocols import RowLabel, Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.backends.backend import Backend, Limits, Termination
from tnt_sim.solve.methods.lexicographic import RelaxedStage, solve_relaxed
from tnt_sim.verify import run_document
from tnt_sim.verify.run_document import ShadowPrice, format_bound, format_fraction
from tnt_sim.verify.verification import NO_ROWS

NEGLIGIBLE = 1e-12


def solve_relaxation(
    problem: Problem,
    form: Formulation,
    backend: Backend,
    limits: Limits,
    seconds: Mapping[str, float],
) -> ResultData:
    """Solve the linear relaxation and build a result with values and prices; `allocation_sha256` is null."""
    stages = [stage.to_solve_stage() for stage in form.stages]
    result = solve_relaxed(form.model, stages, backend, limits)
    last = result[-1].termination
    if last not in (Termination.OPTIMAL, Termination.INFEASIBLE):
        raise build_limit_error(last)
    status = Status.OPTIMAL if last is Termination.OPTIMAL else Status.INFEASIBLE
    prices = _build_price_entries(form, result) if status is Status.OPTIMAL else []
    lang = Lang(problem.scenario.spec.locale)
    document = run_document.RunDocument(
        scenario=problem.scenario.id,
        scenario_sha256=problem.scenario.sha256,
        title=problem.scenario.title,
        relaxed=True,
        status=status,
        stopped_by=None,
        proof=None,
        publishable=False,
        canonical=False,
        canonical_proof=run_document.TieEvidence(),
        proof_rows=NO_ROWS,
        method="relax",
        objective=[_build_goal_entry(form, k, stage) for k, stage in enumerate(result)],
        **run_document.build_totals(problem, None, None),
        envelopes=run_document.build_envelope_entries(problem, None, None, None, lang),
        rules=(),
        warnings=run_document.format_warnings(problem.warnings, lang),
        allocation_sha256=None,
        prices=prices,
        seconds={**seconds, "solve": round(sum(stage.seconds for stage in result), 4)},
        conflict=() if status is Status.INFEASIBLE else None,
    )
    return ResultData(
        problem=problem,
        status=status,
        proof=None,
        data=document,
        allocation=None,
        reading=None,
        reasons=None,
        dossiers=problem.case.table,
        prices=pl.DataFrame([dump_document(one) for one in prices], infer_schema_length=None)
        if prices
        else None,
        certificate={},
        log="",
        warnings=problem.warnings,
    )


def _build_goal_entry(form: Formulation, number: int, relaxation: RelaxedStage) -> run_document.StageEntry:
    """Build the entry of an objective: the solver's value, and the exact bound on all fractional points."""
    stage = form.stages[number]
    value = bound = None
    if relaxation.value is not None:
        value = stage.to_value(Fraction(relaxation.value).limit_denominator(10**9))
    if relaxation.bound is not None:
        bound = stage.to_value(relaxation.bound)
    gap = None if value is None or bound is None else _round_price(float(abs(bound - value)))
    return run_document.StageEntry(
        goal=stage.name,
        sense=stage.sense,
        value=format_fraction(value),
        bound=format_bound(bound, value, is_maximised=stage.sense is Sense.MAXIMISE),
        gap=format_fraction(gap),
        gap_money_cents=None,
        proof=None,
    )


def _build_price_entries(form: Formulation, relaxations: tuple[RelaxedStage, ...]) -> list[ShadowPrice]:
    """Return the price of each envelope and rule at each stage, without technical link rows."""
    prices = []
    for number, (stage, solved) in enumerate(zip(form.stages, relaxations, strict=False), start=1):
        if solved.row_duals is None:
            continue
        for row in select_planner_rows(form.labels):
            label = form.labels[row]
            price = float(solved.row_duals[row]) * float(stage.scale) / float(form.units[row])
            prices.append(
                ShadowPrice(
                    stage=number,
                    goal=stage.name,
                    kind=label.kind.value,
                    id=label.id,
                    group=label.group,
                    side=label.side or "max",
                    price=format_fraction(_round_price(price)),
                    per=form.row_measures[row],
                )
            )
    return prices


def build_limit_error(word: Termination) -> LimitReached:
    """Build the error for a linear program that a limit stopped."""
    return LimitReached(_("the linear program was not solved to the end ({word}).", word=word.value))


def compute_shadow_prices(
    form: Formulation, backend: Backend, limits: Limits = Limits()
) -> dict[RowLabel, float]:
    """Return the absolute shadow price of each row for the first objective, per unit of the row's measure.

    Rows with equal labels keep the larger price. Returns {} if there are no prices.
    """
    stage = form.stages[0]
    first = stage.to_solve_stage()
    relaxed = solve_relaxed(form.model, [first], backend, limits)[0]
    if relaxed.row_duals is None or relaxed.termination is not Termination.OPTIMAL:
        return {}
    prices: dict[RowLabel, float] = {}
    for label, unit, dual in zip(form.labels, form.units, relaxed.row_duals.tolist(), strict=True):
        price = abs(dual) * float(stage.scale) / float(unit)
        if price > NEGLIGIBLE:
            prices[label] = max(price, prices.get(label, 0.0))
    return prices


def _round_price(price: float) -> Fraction:
    """Round a float price to 12 significant digits, as a fraction."""
    return Fraction(0) if abs(price) < NEGLIGIBLE or not np.isfinite(price) else Fraction(f"{price:.12g}")
