"""The second reading of rules is exact, agrees with the rows written, and sees rows that are too narrow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from fractions import Fraction
from itertools import product
from math import ceil, floor, gcd
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.lanes import first_of
from support.mixed_cases.points import Points, points_of, problem_of
from support.tiny_scenario import HEAD, TABLE, tiny

from tnt_sim.certify.claim_systems import Claims, build_claims
from tnt_sim.certify.proof_checker import Checker
from tnt_sim.certify.row_writer import RowWriter
from tnt_sim.certify.rule_rows import (
    READERS,
    SecondRow,
    _is_implied,
    _mark_implied_rows,
    build_second_reading,
    build_second_rows,
    compare_readings,
    has_stage_rows,
)
from tnt_sim.certify.system import STAGE
from tnt_sim.deadline import UNLIMITED
from tnt_sim.engine.result import Proof, Status
from tnt_sim.engine.solve import solve
from tnt_sim.rules.envelopes.tree_reading import read_envelopes
from tnt_sim.rules.kinds.equity.check import _add_group_row
from tnt_sim.rules.kinds.limit.rule import Limit
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.rules.offers.caps import Caps
from tnt_sim.rules.offers.decisions import Decisions
from tnt_sim.rules.protocols import CompiledRule, Mode
from tnt_sim.rules.second_reading.rows import ChoiceColumns, Columns, RowCollector, Sum, _multiply_exact
from tnt_sim.scenario.problem import Problem, compile_problem

SEEDS = (*range(40), 72)
KINDS = {rule.__name__ for rule in READERS} - {"CommonRates", "SharedSums"}  # see test_further_columns.py


def problems(seeds: Iterable[int]) -> Iterator[tuple[int, Problem, Points]]:
    """The problems of mixed cases that are not refused and have few allocations."""
    for seed in seeds:
        problem = problem_of(seed)
        points = None if problem is None else points_of(problem)
        if problem is not None and points is not None:
            yield seed, problem, points


def hard(rule: CompiledRule) -> Any:
    """A rule as if it were hard: what it reads does not change."""
    return replace(rule, mode=Mode.HARD)  # type: ignore[type-var]


def parts(problem: Problem) -> list[Any]:
    """All that a problem's rows come from."""
    rules = [hard(rule) for rule in (*problem.rules, *problem.table_rules)]
    return [*rules, *problem.limits, problem.caps, problem.case, problem.decided]


def holds(problem: Problem, rule: Any, funded: Any, granted: IntArray) -> bool:
    """The exact reading of one part on one allocation."""
    if isinstance(rule, Caps):
        return not rule.list_excesses(funded, granted)
    if rule is problem.case:
        return read_envelopes(problem.case.tree, problem.case.node, granted).holds
    if isinstance(rule, Decisions):
        free = ~problem.offers.committed
        return bool(funded[free & (rule.choice > 0)].all() and not funded[free & (rule.choice < 0)].any())
    found: bool = rule.read(funded, granted).holds
    return found


def kept(rows: list[SecondRow], points: Points) -> Any:
    """Which points keep every row, bool (n_points,)."""
    fine = np.ones(len(points.columns), dtype=np.bool_)
    for row in rows:
        fine &= points.columns @ np.concatenate([row.choices, row.units]) <= row.bound
    return fine


def test_second_rows_hold_exactly_where_the_rule_is_read_to_hold() -> None:
    exact: Counter[str] = Counter()
    for seed, problem, points in problems(SEEDS):
        for rule in parts(problem):
            rows = build_second_rows(problem, rule)
            assert rows is not None
            second = build_second_reading(Columns.of(problem.offers), rule)
            truth = np.array(
                [holds(problem, rule, f, g) for f, g in zip(points.funded, points.granted, strict=True)]
            )
            mine = kept(rows, points)
            told = f"{seed} {type(rule).__name__} {getattr(rule, 'id', '')}"
            assert (mine | ~truth).all(), f"{told}: too narrow"
            if second is not None and not second.unread - always_unread(problem, rule):
                assert (mine == truth).all(), f"{told}: too wide"
                exact[type(rule).__name__] += bool(truth.any() and not truth.all())
    assert {kind for kind in KINDS - {"Offers"} if not exact[kind]} == set()


def test_units_of_a_range_are_read_to_be_there_only_with_its_least() -> None:
    seen = 0
    for seed, problem, _points in problems(SEEDS):
        second = build_second_reading(Columns.of(problem.offers), problem.offers)
        assert second is not None
        assert (
            len(second.names)
            == len(second.bound)
            == int(problem.offers.ranged[problem.offers.candidate].sum())
        )
        for row, name in enumerate(second.names):
            one = int(name.removeprefix("range:"))
            most = int(problem.offers.most_cents[one] - problem.offers.least_cents[one])
            most //= int(problem.offers.unit_cents[one])
            funded, units = second.value[second.row == row].tolist()
            for x, above in product((0, 1), range(most + 2)):
                fits = funded * x + units * above <= second.bound[row]
                assert fits is (above <= most * x), (seed, name)
            seen += 1
    assert seen > 10


def always_unread(problem: Problem, rule: Any) -> set[str]:
    """Names that say only how further columns are bound, or rows whose sense the second rows give otherwise."""
    if rule is problem.case:
        names = problem.case.tree.ids
        links = {f"link:{name}:unassigned:max" for name in names} | {f"{name}:shares" for name in names}
        return links | {f"{way}:{name}" for name in names for way in ("in", "out")}
    if type(rule).__name__ == "Order":
        return set(build_second_reading(Columns.of(problem.offers), rule).unread)  # type: ignore[union-attr]
    return set()


def test_prices_are_those_of_the_rows_that_are_written() -> None:
    dice, compared = Random(1), Counter[str]()
    for _, problem, _points in problems(SEEDS):
        for rule in (*map(hard, (*problem.rules, *problem.table_rules)), *problem.limits):
            sheet = RowWriter(problem.offers, ChoiceColumns.of(problem.offers))
            n_own, first = len(sheet.low), len(sheet.upper)
            rule.build_rows(sheet)
            if len(sheet.low) > n_own or len(sheet.upper) == first:
                continue
            system = sheet.build_system()
            dense = np.zeros((system.rows.n, system.n_cols), dtype=object)
            dense[system.rows.row, system.rows.col] = system.rows.value
            rows = build_second_rows(problem, rule) or []
            by_name = {row.name: row for row in rows}
            chosen, weights, price, constant = [], [], np.zeros(system.n_cols, dtype=object), 0
            for place in range(first, system.rows.n):
                row = by_name.get(system.rows.names[place])
                if row is None:
                    continue
                y, mine = dice.randint(0, 9), gcd(*dense[place]) or 1
                theirs = gcd(*np.concatenate([row.choices, row.units]).tolist()) or 1
                chosen.append(row)
                weights.append(y * mine)
                price = price + dense[place] * (y * theirs)
                constant += int(system.rows.upper[place]) * y * theirs
            if chosen:
                assert sum(row.bound * y for row, y in zip(chosen, weights, strict=True)) == constant
                sides = [np.concatenate([row.choices, row.units]).astype(object) for row in chosen]
                assert (np.dot(weights, sides) == price).all()
                compared[type(rule).__name__] += 1
    assert {"Limit", "Share", "Exclusive", "Requires", "Together", "Order", "Schedule"} <= set(compared)


def test_every_kind_that_is_linear_has_a_second_reading() -> None:
    for _, problem, _points in problems(range(10)):
        for rule in problem.rules:
            assert (build_second_rows(problem, rule) is None) == (rule.mode is not Mode.HARD)


class LimitOfNobody(Limit):
    """A limit of a class for which nobody has written a second reading."""

    __slots__ = ()


def test_a_hard_rule_without_a_second_reading_proves_nothing(tmp_path: Path) -> None:
    rules = "rules: [{id: r, kind: limit, measure: dossiers, max: 1}]\n"
    result = solve(tiny(tmp_path, HEAD + rules))
    problem = result.problem
    proofs, values = result.certificate["proofs"], result.reading.values
    assert Checker.of(problem).check_stages(values, proofs) == (True,) * len(values)
    (rule,) = problem.rules
    unread = LimitOfNobody(**{one.name: getattr(rule, one.name) for one in fields(rule)})
    checker = Checker.of(replace(problem, rules=(unread,)))
    assert checker.rows.narrow == ("rule:r:max:max",)
    assert not any(checker.check_stages(values, proofs))
    assert not checker.is_infeasible(proofs[0])


def test_rows_that_nobody_reads_a_second_time_are_counted(tmp_path: Path) -> None:
    """Two pairs that exclude each other at a price, of a kind whose price nobody reads, and a row of no rule."""
    rules = "rules: [{id: r, kind: exclusive, by: department, max: 1, penalty: {cost: 2, stage: 1}}]\n"
    problem = compile_problem(
        tiny(tmp_path, HEAD + rules, TABLE.replace(",02,", ",01,").replace(",2A,", ",01,"))
    )
    claims = build_claims(problem)
    n_priced = sum(name.startswith("rule:r:") for name in claims.system.rows.names)
    assert n_priced > 0
    found = compare_readings(problem, claims)
    assert (found.narrow, found.n_read, found.n_unread) == ((), 3, n_priced)
    more = claims.system.rows.with_row(np.array([0]), np.array([1]), 1, "row of no rule")
    found = compare_readings(problem, replace(claims, system=claims.system.with_rows(more)))
    assert (found.narrow, found.n_read, found.n_unread) == ((), 3, n_priced + 1)


@pytest.mark.drawn
def test_what_rules_write_agrees() -> None:
    for seed, problem, _points in problems(first_of(range(100, 140), 12)):
        claims = build_claims(problem)
        found = compare_readings(problem, claims)
        assert found.holds, (seed, found)
        assert found.n_read + found.n_unread == claims.system.rows.n


def changed(claims: Claims, place: int, dice: Random) -> Claims:
    """The same rows, one of them with another bound or another entry."""
    rows = claims.system.rows
    upper, value = rows.upper.copy(), rows.value.copy()
    inside = np.flatnonzero(rows.row == place)
    if dice.random() < 0.6 or not len(inside):
        upper[place] -= dice.choice([1, 2, 100, 1000])  # cents: one alone often cuts off nothing
    else:
        value[dice.choice(inside.tolist())] += dice.choice([1, 50, 500])
    return replace(claims, system=claims.system.with_rows(replace(rows, upper=upper, value=value)))


def test_a_goal_that_counts_a_dossier_otherwise_is_refused() -> None:
    """What a dossier, a step of a range, or a shared key adds to a goal; constant, sense, tolerance."""
    dice, n_shared = Random(5), 0
    for seed, problem, _points in problems(range(12)):
        claims = build_claims(problem)
        n = claims.system.n_choices + len(claims.choices.ranged)
        shared = [k for k, name in enumerate(claims.system.free_names) if name.startswith("any:")]
        for place, goal in enumerate(claims.goals):
            columns = [dice.randrange(n)] if n else []
            held = [
                k + claims.system.n_choices for k in shared if goal.coefficient[k + claims.system.n_choices]
            ]
            n_shared += len(held)
            others = [
                replace(goal, constant=goal.constant + 1),
                replace(goal, sign=-goal.sign),
                replace(goal, sign=2 * goal.sign),
                replace(goal, tolerance=goal.tolerance + Fraction(1, 100)),
                replace(goal, scale=goal.scale / 2),
            ]
            for column in columns + held:
                for more in (-1, 1):
                    coefficient = goal.coefficient.copy()
                    coefficient[column] += more
                    others.append(replace(goal, coefficient=coefficient))
            for number, other in enumerate(others):
                goals = (*claims.goals[:place], other, *claims.goals[place + 1 :])
                narrow = compare_readings(problem, replace(claims, goals=goals)).narrow
                counts = bool(goal.constant or held or goal.coefficient[:n].any())
                assert (f"{STAGE}{goal.name}" in narrow) is (number != 4 or counts), (seed, place, number)
    assert n_shared


def test_a_choice_that_a_system_narrows_is_refused() -> None:
    dice = Random(8)
    for seed, problem, _points in problems(range(12)):
        claims = build_claims(problem)
        system, choices = claims.system, claims.choices
        n = system.n_choices
        dossier = np.append(choices.dossier, choices.ranged)
        if not len(dossier):
            continue
        column = dice.randrange(len(dossier))
        low, high, block = system.low.copy(), system.high.copy(), system.block.copy()
        low[column] += 1
        high[column] -= 1
        block[0] = system.block[:n].max() + 1 - block[0]
        for more in ({"low": low}, {"high": high}, {"block": block}):
            narrow = compare_readings(problem, replace(claims, system=replace(system, **more))).narrow
            place = 0 if "block" in more else column
            assert f"choice:{dossier[place]}" in narrow, (seed, column, more)


def test_a_system_asks_for_no_more_than_its_stages_say() -> None:
    """A weaker row of a stage is accepted; a stronger one, or a changed row of the claims, is not."""
    for seed, problem, _points in problems(range(12)):
        claims = build_claims(problem)
        best = [Fraction(3) * goal.scale for goal in claims.goals]
        for k, is_better in [(k, True) for k in range(len(best))] + [(len(best) - 1, False)]:
            asked = best[: k + 1]
            system = claims.of_stage(k, asked) if is_better else claims.restrict_to_values(asked)
            rows, n = system.rows, claims.system.rows.n
            assert has_stage_rows(claims, system, asked, is_better=is_better), seed
            assert not has_stage_rows(claims, system, asked[1:], is_better=is_better)
            for place in range(rows.n):
                for more in (-1, 1):
                    upper = rows.upper.copy()
                    upper[place] += more
                    other = system.with_rows(replace(rows, upper=upper))
                    is_weaker = place >= n and more > 0
                    assert has_stage_rows(claims, other, asked, is_better=is_better) is is_weaker, seed
            for entry in {0, len(rows.row) - 1} if len(rows.row) else set():
                value = rows.value.copy()
                value[entry] += 1
                other = system.with_rows(replace(rows, value=value))
                assert not has_stage_rows(claims, other, asked, is_better=is_better), seed
            less = replace(rows, row=rows.row[:-1], col=rows.col[:-1], value=rows.value[:-1])
            if len(rows.row):
                assert not has_stage_rows(claims, system.with_rows(less), asked, is_better=is_better)
            narrower = replace(system, low=system.low + (system.low < system.high))
            if (system.low < system.high).any():
                assert not has_stage_rows(claims, narrower, asked, is_better=is_better), seed


def test_a_changed_row_is_refused_or_cuts_off_nothing() -> None:
    """What is accepted after a change still holds wherever the rule of the row is read to hold."""
    dice, refused, accepted = Random(7), Counter[str](), 0
    for seed, problem, points in problems(range(40)):
        claims = build_claims(problem)
        for written in claims.written:
            second = None if written.soft else build_second_reading(Columns.of(problem.offers), written.of)
            if second is None:
                continue
            for place in range(written.first, written.last):
                other = changed(claims, place, dice)
                found = compare_readings(problem, other)
                if found.narrow:
                    refused[type(written.of).__name__] += 1
                elif claims.system.rows.names[place] not in second.unread:
                    accepted += 1
                    assert still_true(other, place, problem, written.of, points), (seed, place)
    assert set(refused) >= KINDS - {"Decisions", "Coverage", "Equity", "FirstCome", "EnvelopeLimit"}
    assert sum(refused.values()) > 2 * accepted


def wider(claims: Claims, place: int, dice: Random) -> Claims:
    """The same rows, one of them times three and then with a higher bound, or with an entry that is less."""
    rows = claims.system.rows
    upper, value = rows.upper.copy(), rows.value.copy()
    inside = np.flatnonzero(rows.row == place)
    upper[place] *= 3
    value[inside] *= 3
    if dice.random() < 0.5 or not len(inside):
        upper[place] += dice.randint(1, 3)
    else:
        value[dice.choice(inside.tolist())] -= dice.randint(1, 3)
    return replace(claims, system=claims.system.with_rows(replace(rows, upper=upper, value=value)))


def test_a_row_that_is_made_wider_still_follows() -> None:
    dice, asked = Random(5), Counter[str]()
    for seed, problem, _points in problems(range(25)):
        claims = build_claims(problem)
        for written in claims.written:
            second = None if written.soft else build_second_reading(Columns.of(problem.offers), written.of)
            for place in range(written.first, written.last if second else written.first):
                name = claims.system.rows.names[place]
                if second is not None and name in second.names and name not in second.unread:
                    system = wider(claims, place, dice).system
                    follows, _ = _mark_implied_rows(
                        system, system.rows.compute_row_starts(), written, second, UNLIMITED
                    )
                    assert follows[place - written.first], (seed, name)
                    asked[type(written.of).__name__] += 1
    assert {"Limit", "Share", "Exclusive", "Case"} <= set(asked)


def equity_of(linear: list[bool], most: int, *, strict: bool, side: str = "min") -> RowCollector:
    """What is written for the first of two groups, of which dossiers bring 5 and 6, at a third of all."""
    offers = SimpleNamespace(candidate=np.ones(2, dtype=np.bool_))
    lines = RowCollector(SimpleNamespace(offers=offers, n=2))  # type: ignore[arg-type]
    own = Sum(np.array([0, 1]), np.array([5, 6]), (0, 0), np.array(linear))
    of = SimpleNamespace(most=[most, 6], total=most + 6, settled=[0, 0])
    _add_group_row(lines, SimpleNamespace(strict=strict, of=of), own, 0, "e:g", side, Fraction(1, 3))  # type: ignore[arg-type]
    return lines


@pytest.mark.parametrize("side", ["min", "max"])
def test_an_equity_whose_groups_share_what_counts_once_is_unread(side: str) -> None:
    for linear in ([True, False], [False, True]):
        lines = equity_of(linear, 0, strict=False, side=side)
        assert (lines.names, lines.unread) == ([], {f"e:g:{side}"})


def test_an_equity_is_read_where_a_low_demand_opens_nothing() -> None:
    """3·M ≥ M + N: 10 against −6."""
    for most, strict in ((5, False), (2, True)):
        lines = equity_of([True, True], most, strict=strict)
        assert (lines.names, lines.unread) == (["e:g:min"], set())
        assert [part.tolist() for part in lines.entries[0]] == [[0, 0], [0, 1], [-10, 6]]
    assert equity_of([True, True], 2, strict=False).unread == {"e:g:min"}


def test_products_that_leave_64_bits_are_whole_numbers_all_the_same() -> None:
    assert _multiply_exact(np.array([2**60, -3]), 1).dtype == np.int64
    assert _multiply_exact(np.array([2**61, -3]), 8).tolist() == [2**64, -24]
    assert _multiply_exact(np.array([3, -(2**61)]), 8).tolist() == [24, -(2**64)]


def still_true(claims: Claims, place: int, problem: Problem, rule: Any, points: Points) -> bool:
    rows = claims.system.rows
    mine = rows.row == place
    size = points.columns.shape[1]
    if (rows.col[mine] >= size).any():
        return True
    figures = points.columns[:, rows.col[mine]] @ rows.value[mine]
    rows_of = build_second_rows(problem, rule) or []
    return bool((figures <= rows.upper[place])[kept(rows_of, points)].all())


def test_a_multiple_of_a_row_made_wider_follows_from_it_and_nothing_else_does() -> None:
    """Columns of some units, entries of either sign, bounds around 0: what follows holds at each point."""
    dice, followed = Random(3), 0
    for _ in range(400):
        n = dice.randint(1, 3)
        highs = np.array([dice.randint(1, 4) for _ in range(n)])
        lows = np.zeros(n, dtype=np.int64)
        other = [dice.randint(-3, 3) for _ in range(n)]
        bound, columns = dice.randint(-3, 4), np.arange(n)
        other_row = columns, np.array(other), bound
        shared = gcd(*other) or 1
        times = Fraction(dice.randint(0, 6), dice.choice([1, 2]))
        wider = [floor(times * value) - dice.randint(0, 2) for value in other]
        upper = ceil(times * (bound // shared * shared)) + dice.randint(0, 1)
        assert _is_implied(lows, highs, (columns, np.array(wider), upper), other_row)
        values, upper = np.array([dice.randint(-4, 4) for _ in range(n)]), dice.randint(-4, 6)
        if _is_implied(lows, highs, (columns, values, upper), other_row):
            followed += 1
            for x in product(*(range(high + 1) for high in highs.tolist())):
                assert np.dot(other, x) > bound or np.dot(values, x) <= upper
    assert followed > 20


NARROW = """rules:
  - {id: plafond, kind: limit, measure: dossiers, max: 2}
"""


def narrowed(monkeypatch: pytest.MonkeyPatch, by: int) -> None:
    """Let every `limit` write its maximum too low."""
    right = Limit.build_rows

    def wrong(self: Limit, builder: Any) -> None:
        low = tuple(None if bound is None else bound - by for bound in self.maximum)
        right(replace(self, maximum=low), builder)

    monkeypatch.setattr(Limit, "build_rows", wrong)


def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run keep proofs on such rows, as a forger would write them."""
    monkeypatch.setattr("tnt_sim.engine.optimise._Optimisation._check_rows", lambda _, proofs, __: proofs)


def test_a_proof_on_too_narrow_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Solver and prover read the same wrong rows, and agree; the second reading does not."""
    right = solve(tiny(tmp_path, HEAD + NARROW), cross_check="never")
    assert right.reading is not None
    proofs = right.certificate["proofs"]
    check = Checker.of(right.problem)
    assert check.check_stages(right.reading.values, proofs) == (True,)
    assert (check.rows.narrow, check.rows.n_unread) == ((), 0)
    narrowed(monkeypatch, 1)
    said = solve(tiny(tmp_path, HEAD + NARROW), cross_check="never")
    assert (said.proof, said.certificate["proofs"]) == (Proof.FEASIBLE_GAP, [])
    assert "proof-rows" in {warning.code for warning in said.warnings}
    unchecked(monkeypatch)
    wrong = solve(tiny(tmp_path, HEAD + NARROW), cross_check="never")
    assert wrong.reading is not None
    assert wrong.proof is Proof.PROVED
    assert wrong.reading.values[0] < right.reading.values[0]
    proofs = wrong.certificate["proofs"]
    check = Checker.of(wrong.problem)
    assert check.check_stages(wrong.reading.values, proofs) == (False,)
    assert check.rows.narrow == ("rule:plafond:max:max",)


def test_an_impossibility_on_too_narrow_rows_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = NARROW.replace("max: 2", "min: 2, max: 2")
    narrowed(monkeypatch, 1)
    said = solve(tiny(tmp_path, HEAD + rules), cross_check="never")
    assert (said.status, said.proof) == (Status.INFEASIBLE, None)
    assert "proof-rows" in {warning.code for warning in said.warnings}
    unchecked(monkeypatch)
    wrong = solve(tiny(tmp_path, HEAD + rules), cross_check="never")
    assert wrong.status is Status.INFEASIBLE
    assert wrong.proof is Proof.PROVED
    proof = wrong.certificate["proofs"][0]
    assert not Checker.of(wrong.problem).is_infeasible(proof)


def test_a_dossier_that_must_be_funded_without_a_decision_is_refused(tmp_path: Path) -> None:
    problem = compile_problem(tiny(tmp_path))
    claims = build_claims(problem)
    must = claims.system.must.copy()
    must[1] = True
    wrong = replace(claims, system=replace(claims.system, must=must))
    assert compare_readings(problem, wrong).narrow == ("must:1",)


@pytest.mark.parametrize("seed", [5, 301])
def test_an_envelope_hands_on_no_more_than_all_the_money(seed: int) -> None:
    """Several siblings may get money from one: what it hands on is bounded once, not once for each of them."""
    problem = problem_of(seed)
    assert problem is not None
    assert any(len(option.transfer_to) > 1 for option in problem.case.tree.options)
    assert compare_readings(problem, build_claims(problem)).narrow == ()
