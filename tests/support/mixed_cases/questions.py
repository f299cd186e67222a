"""Every question on one mixed case, against enumeration: what each answer says otherwise."""

from __future__ import annotations

import copy
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import tnt_sim as tnt
from support.enumeration.oracle import decide
from support.enumeration.rows import Case, cents
from support.mixed_cases.curve import Curve, Point, at_amount, is_fixed, one_decision
from support.mixed_cases.dossiers import euros
from support.mixed_cases.envelopes import nodes
from support.mixed_cases.explained import of_explain
from support.mixed_cases.run import REFUSED_FORMS, awards
from support.mixed_cases.solved import Mix, Told, differ, reported, text
from tnt_sim.analysis.batch.plan import read_plan
from tnt_sim.analysis.batch.runner import run_batch
from tnt_sim.analysis.marginal.marginal_euro import compute_marginal_euros
from tnt_sim.analysis.marginal.rule_prices import FENCE, FORCED, REFUSED, RULE, compute_prices
from tnt_sim.analysis.marginal.target_envelope import parse_target, reach
from tnt_sim.analysis.shared.envelope_path import build_envelope_path
from tnt_sim.analysis.shared.executors import executor
from tnt_sim.analysis.shared.reference_solution import can_relax
from tnt_sim.analysis.sweep.result import build_document
from tnt_sim.documents import dump_document
from tnt_sim.engine.optimise import OptimiseOptions
from tnt_sim.engine.result import Status
from tnt_sim.engine.session import SolverSession
from tnt_sim.errors import InputError, NothingDecided, UsageError

FORMS = {*REFUSED_FORMS, "children-exceed", "shares-whole"}
"""What is refused for its form when a value is changed."""


def of_sweep(mix: Mix) -> Told:
    """The free curve at some amounts, and its steps where one pass or a walk finds them all."""
    told: Told = []
    fixed = is_fixed(mix.case)
    now = cents(mix.case["scenario"]["programme"]["amount"])
    amounts = mix.amounts(4) if fixed else [now, now + now // 7]
    found = tnt.sweep(mix.scenario, at=[text(amount) for amount in amounts], free=True).found
    for point in found.free:
        best = decide(at_amount(mix.case, point.cents)).decision
        differ(told, f"list at {point.cents}", mix.award(point.allocation), best and best.award)
        if best is not None and point.values:
            differ(told, f"values at {point.cents}", list(point.values), best.values)
        mix.count["sweep"] += 1
    if fixed and not any(mix.curve.tolerances):
        told += _steps_of_sweep(mix)
    return told


def _steps_of_sweep(mix: Mix) -> Told:
    told: Told = []
    start, stop = mix.curve.amount, mix.curve.amount * 5 // 4
    found = tnt.sweep(mix.scenario, start=text(start), stop=text(stop), exact=True, free=True).found
    document = dump_document(build_document(found))
    if found.open or document.get("steps") is None:
        return told
    steps = document["steps"]
    starts, values = steps["amount_cents"], [Fraction(value) for value in steps["value"]]
    needs = {point.need for point in mix.curve.points if start <= point.need <= stop}
    for amount in sorted({start, stop, *needs, *(need - 1 for need in needs if need > start)}):
        best = mix.curve.best_of(mix.curve.at(amount))
        before = [k for k, at in enumerate(starts) if at <= amount]
        if best is None or not before:
            differ(told, f"steps at {amount}", bool(before), best is not None)
            continue
        differ(told, f"step at {amount}", values[before[-1]] * mix.signs[0], best.goals[0])
        mix.count["sweep steps"] += 1
    return told


def of_entries(mix: Mix) -> Told:
    """No loss, first and stable entry of every dossier; figures that are not exact hold the true one."""
    if not is_fixed(mix.case):
        return []
    told: Told = []
    curve, start = mix.curve, mix.curve.amount
    stop = start * 5 // 4
    rows = tnt.entries(mix.scenario, start=text(start), stop=text(stop)).document["entries"]
    needs = sorted({start, stop, *(p.need for p in curve.points if start <= p.need <= stop)})
    lists = [(amount, curve.best_of(curve.at(amount))) for amount in needs]
    _, limits, _ = curve.bests(curve.at(start))
    for row in rows:
        name = row["dossier"]
        held = [(amount, point is not None and name in point.award) for amount, point in lists]
        first = next((amount for amount, is_in in held if is_in), None)
        last_out = max((k for k, (_, is_in) in enumerate(held) if not is_in), default=-1)
        stable = held[last_out + 1][0] if held[-1][1] else None
        mix.count["entries"] += 1
        for key, true in (("first", first), ("stable", stable)):
            low, high = row[f"{key}_{'from' if key == 'first' else 'low'}_cents"], row[f"{key}_upto_cents"]
            if row["exact"]:
                differ(told, f"{key} of {name}", high, true)
            elif true is not None and low is not None and not low <= true:
                told.append(f"{key} of {name} from {low}, but {true}")
            elif true is not None and high is not None and true > high:
                told.append(f"{key} of {name} up to {high}, but {true}")
        if row["funded"]:
            continue
        need = curve.least(
            lambda p, n=name: n in p.award and all(a >= b for a, b in zip(p.goals, limits, strict=True))
        )
        low, high = row["no_loss_cents"], row["no_loss_upto_cents"]
        extra = None if need is None else max(0, need - start)
        if row["no_loss_never"] and extra is not None:
            told.append(f"no loss of {name}: never, but {extra}")
        elif extra is not None and not (low or 0) <= extra <= (extra if high is None else high):
            told.append(f"no loss of {name}: {low} to {high}, but {extra}")
        elif extra is None and high is not None:
            told.append(f"no loss of {name}: {low} to {high}, but never")
    return told


def of_next(mix: Mix) -> Told:
    """The least to add to the programme, and by which each rule gives way, for one unit more."""
    told: Told = []
    curve = mix.curve
    if is_fixed(mix.case):
        (found,) = compute_marginal_euros(
            mix.base, envelopes=[mix.base.problem.case.tree.ids[0]], rules=[], prove=False
        )
        need = curve.least(curve.rises)
        step = None if found.step.low is None else curve.amount + int(found.step.low * 100)
        differ(told, "next of the programme", (step, found.step.exact), (need, need is not None))
        if need is not None and found.n_funded is not None:
            there, now = curve.best_of(curve.at(need)), curve.best_of(curve.at(curve.amount))
            assert there is not None
            assert now is not None
            differ(told, "enter", set(found.moves.enter), set(there.award) - set(now.award))
            differ(told, "leave", set(found.moves.leave), set(now.award) - set(there.award))
        mix.count["next"] += 1
    for rule in mix.base.problem.rules:
        if not can_relax(rule):
            continue
        (found,) = compute_marginal_euros(mix.base, envelopes=[], rules=[rule.id], prove=False)
        soft = Curve(reported(mix.case, rule.id))
        distance = soft.step.distances[rule.id]
        steps = [distance(p.award) for p in soft.at(curve.amount) if curve.rises(p)]
        differ(told, f"next of {rule.id}", found.step.low, min(steps, default=None))
        mix.count["next rule"] += 1
    return told


def of_targets(mix: Mix) -> Told:
    """The smallest programme for a number, an amount, every dossier, every group."""
    if not is_fixed(mix.case):
        return []
    told: Told = []
    curve, problem = mix.curve, mix.base.problem
    measures = curve.step.measures
    playing = set(measures.in_play)
    granted = [sum(point.award.values()) for point in curve.points]
    wanted = mix.dice.choice(granted)
    number = mix.dice.randint(1, len(playing) or 1)
    keys = measures.groups("key", list(playing)).values()
    aims: dict[str, Callable[[Point], bool]] = {
        f"dossiers={number}": lambda p: len(p.award) >= number,
        f"granted={euros(wanted)}": lambda p: sum(p.award.values()) >= wanted,
        "all": lambda p: set(p.award) >= playing,
        "every:key": lambda p: all(any(n in p.award for n in names) for names in keys),
        "rules": lambda p: True,
    }
    for aim, holds in aims.items():
        target = parse_target(problem, aim, lambda: mix.base.allocation)
        found = reach(problem, target, build_envelope_path(problem, problem.case.tree.ids[0]), prove=False)
        need = curve.least(holds)
        differ(told, f"target {aim}", found.amount_cents, need)
        mix.count["targets"] += 1
        if need is not None and found.answer is not None:
            there = curve.best_of([point for point in curve.at(need) if holds(point)])
            assert there is not None
            differ(told, f"list of target {aim}", mix.award(found.answer.allocation), there.award)
    return told


def of_prices(mix: Mix) -> Told:
    """What rules, fences and decisions cost: the best without each."""
    told: Told = []
    now = decide(mix.case).decision
    assert now is not None
    line = build_envelope_path(mix.base.problem, mix.base.problem.case.tree.ids[0])
    for price in compute_prices(mix.base, line, kinds=(RULE, FENCE, FORCED, REFUSED), prove=False):
        then = decide(let_go(mix.case, price.kind, price.named.id)).decision
        assert then is not None
        differ(told, f"price of {price.kind} {price.named.id}", list(price.values), then.values)
        differ(
            told,
            f"who enters without {price.named.id}",
            set(price.moves.enter),
            set(then.award) - set(now.award),
        )
        mix.count[f"price {price.kind}"] += 1
    return told


def let_go(case: Case, kind: str, name: str) -> Case:
    """The case with one thing let go."""
    if kind == RULE:
        return reported(case, name)
    found = copy.deepcopy(case)
    if kind == FENCE:
        for node in nodes(found["scenario"]["programme"]):
            if node["id"] == name:
                del node["ring_fenced"]
        return found
    for rule in found["scenario"]["rules"]:
        for key in ("fund", "refuse"):
            if name in rule.get(key, ()):
                rule[key] = [one for one in rule[key] if one != name]
    return found


def of_alternatives(mix: Mix) -> Told:
    """Lists within a loss, each as far from those before as can be."""
    told: Told = []
    within = mix.dice.choice([Fraction(0), Fraction(1, 20), Fraction(1, 4)])
    found = tnt.alternatives(mix.scenario, within=within, count=3, steer=False).result
    curve = mix.curve
    points = curve.at(curve.amount)
    best = max(point.goals[0] for point in points)
    near = [point for point in points if point.goals[0] >= best - within * abs(best)]
    playing = set(curve.step.measures.in_play)
    seen = [set(mix.award(found.optimum.allocation) or {})]
    for one in found.portfolios:
        mine = mix.award(one.allocation)
        assert mine is not None
        if mine not in [point.award for point in near]:
            told.append(f"alternative {mine} is not within {within}")
        far = max(min(len(set(point.award) ^ other) for other in seen) for point in near)
        if one.proven:
            differ(told, "how far", int(one.distance), far)
        seen.append(set(mine))
        mix.count["alternatives"] += 1
    if len(found.portfolios) < 3 and found.course.stopped_by is None:
        rest = {frozenset(point.award) for point in near} - {frozenset(one) for one in seen}
        differ(told, "lists that were not found", rest, set())
    for row, (must, out) in enumerate(zip(found.must.tolist(), found.out.tolist(), strict=True)):
        name = mix.names[row]
        if name in playing and must and not all(name in point.award for point in near):
            told.append(f"{name} is said to be always in")
        if name in playing and out and any(name in point.award for point in near):
            told.append(f"{name} is said to be never in")
    return told


def changes_in_turn(mix: Mix) -> Iterator[tuple[dict[str, Any], Case]]:
    """Values changed one after the other, each with the case that has them."""
    now = cents(mix.case["scenario"]["programme"]["amount"])
    for part in (19, 20, 23):
        yield {"programme.amount": text(now * part // 20)}, at_amount(mix.case, now * part // 20)
    for rule in mix.case["scenario"]["rules"]:
        if rule["kind"] != "decide":
            changed = copy.deepcopy(mix.case)
            next(one for one in changed["scenario"]["rules"] if one["id"] == rule["id"])["report"] = "true"
            if "penalty" not in rule:
                yield {f"rules.{rule['id']}.report": True}, changed
    goals = [{"maximise": {"dossiers": "1"}}, {"minimise": {"granted": "1"}}]
    changed = copy.deepcopy(mix.case)
    changed["scenario"]["objective"] = goals
    if not any("stage" in rule.get("penalty", {}) for rule in mix.case["scenario"]["rules"]):
        yield {"objective": goals}, changed


def of_session(mix: Mix) -> Told:
    """A session after each change, as a fresh enumeration."""
    told: Told = []
    session = SolverSession(mix.scenario)
    every = list(changes_in_turn(mix))
    for changes, case in mix.dice.sample(every, min(4, len(every))):
        best = decide(case).decision
        try:
            answer = session.optimise(changes, OptimiseOptions(prove=False)).answer
        except InputError as error:
            if best is not None and best.award and not {d.code for d in error.defects} & FORMS:
                told.append(f"session {changes}: refused {error}, but {best.award}")
            continue
        mix.count["session"] += 1
        if best is None:
            differ(told, f"session {changes}", answer.status, Status.INFEASIBLE)
            continue
        differ(told, f"session {changes}", mix.award(answer.allocation), best.award)
        differ(told, f"session values {changes}", list(answer.values), best.values)
    return told


def of_batch(mix: Mix) -> Told:
    """A batch over amounts of the programme, as single enumerations."""
    told: Told = []
    now = cents(mix.case["scenario"]["programme"]["amount"])
    amounts = [now, now * 21 // 20, now * 13 // 10]
    listed = ", ".join(f'"{text(amount)}"' for amount in amounts)
    plan = mix.folder / "lot.yaml"
    plan.write_text(f"base: case.yaml\nmatrix: {{programme.amount: [{listed}]}}\n", encoding="utf-8")
    found = run_batch(read_plan([plan]), mix.folder / "store", executor("serial", 1), 1)
    for row, amount in zip(found.runs.to_dicts(), amounts, strict=True):
        best = decide(at_amount(mix.case, amount)).decision
        mix.count["batch"] += 1
        if best is None:
            differ(told, f"batch at {amount}", row["status"] in ("infeasible", "error"), True)
            continue
        if row["status"] == "error" and amount < mix.curve.low:
            continue
        differ(told, f"batch granted at {amount}", row["granted_cents"], sum(best.award.values()))
        differ(told, f"batch number at {amount}", row["n_funded"], len(best.award))
    return told


QUESTIONS: dict[str, Callable[[Mix], Told]] = {
    "sweep": of_sweep,
    "entries": of_entries,
    "next": of_next,
    "targets": of_targets,
    "prices": of_prices,
    "explain": of_explain,
    "alternatives": of_alternatives,
    "session": of_session,
    "batch": of_batch,
}


def check(seed: int, questions: tuple[str, ...] = tuple(QUESTIONS), **size: int) -> tuple[Told, Counter[str]]:
    """What the answers to a case say otherwise than enumeration, and how often each was compared."""
    case = one_decision(seed, **size)
    with tempfile.TemporaryDirectory() as name:
        try:
            mix = Mix(seed, case, Path(name))
        except InputError:
            return [], Counter({"refused": 1})
        if mix.result.status is not Status.OPTIMAL:
            return [], Counter({str(mix.result.status): 1})
        best = decide(case).decision
        told: Told = []
        differ(told, "run", awards(mix.result), best and best.award)
        if told:
            return told, mix.count
        for question in questions:
            try:
                told += [f"{question}: {line}" for line in QUESTIONS[question](mix)]
            except (UsageError, NothingDecided) as error:
                mix.count[f"{question} not asked: {getattr(error, 'code', error)}"] += 1
    return told, mix.count
