"""What would fund a refused dossier of a mixed case, against enumeration."""

from __future__ import annotations

import copy
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from support.enumeration.oracle import decide
from support.enumeration.rows import Case, cents
from support.mixed_cases.curve import Curve, is_fixed
from support.mixed_cases.dossiers import euros
from support.mixed_cases.solved import Mix, Told, differ, reported
from tnt_sim.analysis.explain.minimal_changes import Asking, list_changes, prepare_question
from tnt_sim.analysis.explain.rule_effects import minimise_violation
from tnt_sim.analysis.shared.decided_run import of_result
from tnt_sim.analysis.shared.reference_solution import can_relax
from tnt_sim.documents import dump_document
from tnt_sim.rules.protocols import Mode


def of_explain(mix: Mix) -> Told:
    """What would fund each refused dossier: its score, its request, the programme, a rule that gives way."""
    told: Told = []
    question = prepare_question(of_result(mix.result))
    decided = question.decided
    waiting = decided.problem.offers.candidate & ~decided.allocation.funded
    rows = [row for row, waits in enumerate(waiting.tolist()) if waits]
    for row in mix.dice.sample(rows, min(3, len(rows))):
        name = decided.numbers[row]
        for change in map(dump_document, list_changes(question, row)):
            mix.count[f"explain {change['kind']} {change['status']}"] += 1
            told += [f"{name}: {line}" for line in CHANGES[change["kind"]](mix, question, name, change)]
        told += _rules(mix, question, row, name)
    return told


def _is_in(case: Case, name: str) -> bool:
    decision = decide(case).decision
    return decision is not None and name in decision.award


def _with_cell(case: Case, name: str, column: str, value: str) -> Case:
    found = copy.deepcopy(case)
    next(row for row in found["rows"] if row["dossier"] == name)[column] = value
    return found


def _by_score(mix: Mix, question: Asking, name: str, change: dict[str, Any]) -> Told:
    if change["status"] not in ("exact", "impossible"):
        return []
    row = next(row for row in mix.case["rows"] if row["dossier"] == name)
    column, step = change["of"], Fraction(change.get("step", "0.5"))
    start = Fraction(row[column] or 0)
    exact = change["status"] == "exact"
    end = Fraction(change["to"]) if exact else start + 40 * step
    some = {start + step * k for k in range(1, max(1, min(400, int((end - start) / step))))}
    told: Told = []
    for value in sorted(mix.dice.sample(sorted(some), min(3, len(some))) + ([end - step] if exact else [])):
        if value > start and _is_in(_with_cell(mix.case, name, column, _decimal(value)), name):
            told.append(f"score {change.get('to', 'never')}, but {value} is enough")
    if exact and not _is_in(_with_cell(mix.case, name, column, _decimal(end)), name):
        told.append(f"score {end} is not enough")
    return told


def _decimal(value: Fraction) -> str:
    assert (value * 10**6).denominator == 1, value
    return f"{float(value):.6f}".rstrip("0").rstrip(".")


def _by_grant(mix: Mix, question: Asking, name: str, change: dict[str, Any]) -> Told:
    if change["status"] not in ("exact", "impossible"):
        return []
    row = next(row for row in mix.case["rows"] if row["dossier"] == name)
    asked = change.get("from_cents", cents(row["requested"]))
    exact = change["status"] == "exact"
    low = change["to_cents"] + 1 if exact else 1
    some = {low, *(mix.dice.randint(low, asked - 1) for _ in range(4))} if low < asked else set()
    told = [
        f"grant {change.get('to_cents', 'never')}, but {value} is small enough"
        for value in sorted(some)
        if value < asked and _is_in(_with_cell(mix.case, name, "requested", euros(value)), name)
    ]
    if exact and not _is_in(_with_cell(mix.case, name, "requested", euros(change["to_cents"])), name):
        told.append(f"grant {change['to_cents']} is not small enough")
    return told


def _by_envelope(mix: Mix, question: Asking, name: str, change: dict[str, Any]) -> Told:
    root = mix.case["scenario"]["programme"]["id"]
    if change["of"] != root or not is_fixed(mix.case):
        return []
    curve, now = mix.curve, mix.curve.best_of(mix.curve.at(mix.curve.amount))
    assert now is not None
    need = curve.least(
        lambda p: name in p.award and all(a >= b for a, b in zip(p.goals, now.goals, strict=True))
    )
    extra = None if need is None else max(0, need - curve.amount)
    told: Told = []
    if change["status"] in ("exact", "impossible"):
        differ(told, "more money", change.get("by_cents"), extra)
    elif change["status"] == "interval" and extra is not None:
        differ(told, "more money between", change["low_cents"] <= extra <= change["by_cents"], True)
    if change.get("first_cents") is not None:
        needs = sorted({p.need for p in curve.points if p.need >= curve.amount} | {curve.amount})
        first = next(
            (a for a in needs if (best := curve.best_of(curve.at(a))) is not None and name in best.award),
            None,
        )
        differ(told, "first in", change["first_cents"], first)
    return told


def _nothing(mix: Mix, question: Asking, name: str, change: dict[str, Any]) -> Told:
    return []


CHANGES: dict[str, Callable[[Mix, Asking, str, dict[str, Any]], Told]] = {
    "score": _by_score, "grant": _by_grant, "envelope": _by_envelope, "rule": _nothing, "any": _nothing,
}  # fmt: skip


def _rules(mix: Mix, question: Asking, row: int, name: str) -> Told:
    told: Told = []
    now = mix.curve.best_of(mix.curve.at(mix.curve.amount))
    assert now is not None
    for rule in question.decided.problem.rules:
        if rule.mode is not Mode.HARD or not can_relax(rule):
            continue
        soft = Curve(reported(mix.case, rule.id))
        distance = soft.step.distances[rule.id]
        steps = [
            distance(p.award)
            for p in soft.at(mix.curve.amount)
            if name in p.award and all(a >= b for a, b in zip(p.goals, now.goals, strict=True))
        ]
        found = minimise_violation(question.decided, row, rule).distance
        differ(told, f"{name} by {rule.id}", found, min(steps, default=None))
        mix.count["explain rule"] += 1
    return told
