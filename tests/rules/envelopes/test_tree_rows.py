"""The rows of the envelope tree allow a list exactly where the exact reading does, whatever money moves."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array
from support.analysis_cases import nested_envelopes as cases
from support.lanes import first_of, seeds
from support.tiny_scenario import tiny

from tnt_sim.certify.claim_systems import ENVELOPES_PLACE, build_claims
from tnt_sim.certify.rule_rows import build_second_reading, compare_readings
from tnt_sim.engine.solve import solve
from tnt_sim.errors import InputError
from tnt_sim.rules.envelopes.tree_reading import read_envelopes
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.second_reading.rows import Columns
from tnt_sim.scenario.problem import Problem, compile_problem


class TreeRows:
    """Rows of the envelopes of a problem over what is granted and what moves: as written, or read again."""

    def __init__(self, problem: Problem, *, second: bool = False) -> None:
        claims = build_claims(problem)
        written, system = claims.written[ENVELOPES_PLACE], claims.system
        self.low, self.high = system.low.astype(float), system.high.astype(float)
        self.dossier, self.cents = claims.choices.dossier, claims.choices.cents
        self.ranged = claims.choices.ranged
        if second:
            read = build_second_reading(Columns.of(problem.offers, system.free_names), written.of)
            assert read is not None
            row, col, value, upper = read.row, read.col, read.value, np.array(read.bound)
            for column, most in read.most.items():
                self.low[column], self.high[column] = 0, most
        else:
            rows = system.rows
            own = (rows.row >= written.first) & (rows.row < written.last)
            row, col, value = rows.row[own] - written.first, rows.col[own], rows.value[own]
            upper = rows.upper[written.first : written.last]
        self.matrix = csr_array((value.astype(float), (row, col)), shape=(len(upper), system.n_cols))
        self.upper = upper.astype(float)

    def allow(self, problem: Problem, granted_cents: IntArray) -> bool:
        """Whether some money that moves satisfies each row, with what is granted as it is."""
        low, high, n = self.low.copy(), self.high.copy(), len(self.dossier)
        taken = granted_cents[self.dossier] == self.cents
        ranged = np.isin(self.dossier, self.ranged) & (granted_cents[self.dossier] > 0)
        low[:n] = high[:n] = (taken | ranged) & (granted_cents[self.dossier] > 0)
        offers = problem.offers
        units = (granted_cents - offers.least_cents)[self.ranged] // offers.unit_cents[self.ranged]
        steps = slice(n, n + len(self.ranged))
        low[steps] = high[steps] = np.maximum(units, 0)
        rows = LinearConstraint(self.matrix, -np.inf, self.upper)
        whole = np.ones(len(low))
        found = milp(np.zeros(len(low)), constraints=rows, bounds=Bounds(low, high), integrality=whole)
        return bool(found.status == 0)


def draw_awards(problem: Problem, dice: random.Random) -> IntArray:
    """What each dossier gets: nothing, its least or its most."""
    offers = problem.offers
    funded: BoolArray = np.array([dice.random() < 0.6 for _ in range(problem.case.n)]) & offers.candidate
    cents = np.where(
        [dice.random() < 0.5 for _ in range(problem.case.n)], offers.least_cents, offers.most_cents
    )
    return np.where(offers.committed, offers.committed_cents, np.where(funded, cents, 0))


def draw_problems(numbers: Iterable[int], folder: Path) -> Iterator[tuple[int, Problem, random.Random]]:
    """Drawn trees: half with transfers, half with dossiers of envelopes above others, a third with fences."""
    for seed in numbers:
        case, dice = cases.drawn(seed), random.Random(seed)
        case = cases.with_transfers(case, dice) if seed % 2 else case
        case = cases.with_dossiers_above(case, dice) if seed % 4 > 1 else case
        case = cases.with_fences_below(case, dice) if seed % 3 == 0 else case
        try:
            yield seed, compile_problem(cases.load(case, folder)), dice
        except InputError:
            continue


@pytest.mark.drawn
@pytest.mark.parametrize("first", seeds(range(0, 600, 100), 1))
def test_rows_allow_what_the_reading_allows(first: int, tmp_path: Path) -> None:
    seen: Counter[bool] = Counter()
    for seed, problem, dice in draw_problems(first_of(range(first, first + 100), 60), tmp_path):
        rows, again = TreeRows(problem), TreeRows(problem, second=True)
        for _ in range(10):
            granted = draw_awards(problem, dice)
            holds = read_envelopes(problem.case.tree, problem.case.node, granted).holds
            assert rows.allow(problem, granted) is holds, (seed, granted.tolist(), holds)
            assert again.allow(problem, granted) or not holds, (seed, granted.tolist())
            seen[holds] += 1
    assert min(seen.values()) > 20


@pytest.mark.drawn
@pytest.mark.parametrize("first", seeds(range(0, 600, 100), 1))
def test_each_row_of_a_tree_is_read_twice(first: int, tmp_path: Path) -> None:
    """No row is narrower than its second reading, and none is left unread where the programme has an amount."""
    seen: Counter[bool] = Counter()
    for seed, problem, _ in draw_problems(first_of(range(first, first + 100), 60), tmp_path):
        claims = build_claims(problem)
        agreement = compare_readings(problem, claims)
        assert agreement.narrow == (), seed
        if problem.case.tree.amount_cents[0] is not None:
            assert agreement.n_unread == 0, seed
            moves = [
                k for k, name in enumerate(claims.system.free_names) if name.startswith(("extra:", "move:"))
            ]
            seen[bool(moves)] += 1
            _refuses_narrower_columns(problem, moves)
    assert min(seen.values()) > 10


def _refuses_narrower_columns(problem: Problem, moves: list[int]) -> None:
    """A column that cannot take what a list may need is told by its name."""
    for place in moves:
        claims = build_claims(problem)
        column = claims.system.n_choices + place
        read = build_second_reading(Columns.of(problem.offers, claims.system.free_names), problem.case)
        assert read is not None
        if read.most[column]:
            claims.system.high[column] = read.most[column] - 1
            assert compare_readings(problem, claims).narrow == (claims.system.free_names[place],)


FENCED = """schema_version: 1
id: s
title: SYNTHETIC
programme:
  id: x
  amount: 200 €
  envelopes: [{id: c, amount: 100 €, envelopes: [{id: f, amount: 60 €, ring_fenced: true}]}]
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
"""


def test_free_money_pays_what_a_fence_keeps_from_the_envelope_above_it(tmp_path: Path) -> None:
    """c may grant 40 outside f; the 50 that A lacks come from x, though A asks for less than c has in all."""
    scenario = tiny(tmp_path, FENCED, "dossier,envelope,requested,score\nA,c,90,10\nB,f,5,1\n")
    found, problem = solve(scenario), compile_problem(scenario)
    assert TreeRows(problem, second=True).allow(problem, problem.offers.most_cents)
    assert found.document["objective"][0]["value"] == "11"
    assert found.document["proof"] == "PROVED"
