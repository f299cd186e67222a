"""The rows of the envelope tree allow a list exactly where the exact reading does, whatever money moves."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array
from support.analysis_cases import nested_envelopes as cases
from support.lanes import first_of, seeds
from support.tiny_scenario import tiny

from tnt_sim.certify.claim_systems import ENVELOPES_PLACE, build_claims
from tnt_sim.engine.solve import solve
from tnt_sim.errors import InputError
from tnt_sim.rules.envelopes.tree_reading import read_envelopes
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.scenario.problem import Problem, compile_problem


class TreeRows:
    """The rows that the envelopes of a problem write, over what is granted and what moves."""

    def __init__(self, problem: Problem) -> None:
        claims = build_claims(problem)
        written, system = claims.written[ENVELOPES_PLACE], claims.system
        rows = system.rows
        own = (rows.row >= written.first) & (rows.row < written.last)
        entries = rows.value[own].astype(float), (rows.row[own] - written.first, rows.col[own])
        self.matrix = csr_array(entries, shape=(written.last - written.first, system.n_cols))
        self.upper = rows.upper[written.first : written.last].astype(float)
        self.low, self.high = system.low.astype(float), system.high.astype(float)
        self.dossier, self.cents = claims.choices.dossier, claims.choices.cents
        self.ranged = claims.choices.ranged

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


@pytest.mark.drawn
@pytest.mark.parametrize("first", seeds(range(0, 600, 100), 1))
def test_rows_allow_what_the_reading_allows(first: int, tmp_path: Path) -> None:
    seen: Counter[bool] = Counter()
    for seed in first_of(range(first, first + 100), 40):
        case, dice = cases.drawn(seed), random.Random(seed)
        case = cases.with_transfers(case, dice) if seed % 2 else case
        try:
            problem = compile_problem(cases.load(case, tmp_path))
        except InputError:
            continue
        rows = TreeRows(problem)
        for _ in range(10):
            granted = draw_awards(problem, dice)
            holds = read_envelopes(problem.case.tree, problem.case.node, granted).holds
            assert rows.allow(problem, granted) is holds, (seed, granted.tolist(), holds)
            seen[holds] += 1
    assert min(seen.values()) > 20


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
    found = solve(tiny(tmp_path, FENCED, "dossier,envelope,requested,score\nA,c,90,10\nB,f,5,1\n"))
    assert found.document["objective"][0]["value"] == "11"
    assert found.document["proof"] == "PROVED"
