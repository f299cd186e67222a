"""Whether a rule holds with one dossier more: the sums of its group say what a whole reading says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tnt_sim.rules.protocols import Mode
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.verify.dossier_addition import build_rule_test

SCENARIO = """schema_version: 1
id: o
date: 2026-03-31
programme:
  id: p
  title: P
  amount: 900 k€
  envelopes:
    - {id: a, amount: 300 k€, max_dossiers: 3}
    - {id: b, amount: 300 k€}
dossiers: [{file: d.csv}]
objective: [{maximise: {score: 1}}]
measures:
  people: {column: population, once_per: applicant_id}
rules:
  - {id: money, kind: limit, measure: granted, by: department, max: 60 k€}
  - {id: count, kind: limit, measure: dossiers, where: {theme: x}, min: 1, max: 4}
  - {id: people, kind: limit, measure: people, by: department, max: 900}
  - {id: applicants, kind: limit, measure: applicants, max: 5}
  - {id: leverage, kind: limit, measure: leverage, by: theme, max: 150 k€}
  - {id: part, kind: share, measure: granted, where: {theme: x}, max: 55 %}
  - {id: each, kind: share, measure: people, of_measure: people, where: {theme: y}, by: department, max: 70 %}
  - {id: pooled, kind: share, measure: granted, by: department, of: all, max: 50 %}
  - {id: alone, kind: exclusive, dossiers: [D01, D02]}
"""


def test_every_rule_says_what_a_whole_reading_says(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    rows = ["dossier,envelope,department,theme,applicant_id,population,cost,requested,score"]
    for k in range(40):
        applicant = int(random.integers(0, 9))
        cents = int(random.integers(500_000, 3_000_000))
        rows.append(
            f"D{k:02d},{'ab'[k % 2]},0{random.integers(1, 4)},{'xyz'[int(random.integers(0, 3))]},"
            f"A{applicant},{100 * applicant + 50},{cents * 2 / 100:.2f},{cents / 100:.2f},{1 + k % 7}"
        )
    (tmp_path / "d.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (tmp_path / "o.yaml").write_text(SCENARIO, encoding="utf-8")
    problem = compile_problem(load_scenario(tmp_path / "o.yaml"))
    hard = [*problem.limits, *(rule for rule in problem.rules if rule.mode is Mode.HARD)]
    assert len(hard) == 10
    least = problem.offers.least_cents
    said = {True: 0, False: 0}
    for n_funded in (0, 1, 3, 6, 12):
        funded = np.zeros(problem.case.n, dtype=np.bool_)
        funded[random.choice(problem.case.n, n_funded, replace=False)] = True
        granted = np.where(funded, least, 0)
        tests = [build_rule_test(rule, funded, granted) for rule in hard]
        for row in np.flatnonzero(~funded).tolist():
            with_it, cents = funded.copy(), granted.copy()
            with_it[row], cents[row] = True, least[row]
            for rule, holds in zip(hard, tests, strict=True):
                expected = rule.read(with_it, cents).holds
                assert holds(row, int(least[row])) == expected, (rule, row)
                said[expected] += 1
    assert min(said.values()) > 100


@pytest.mark.parametrize("rule", ["money", "people", "part", "each"])
def test_sums_are_not_read_anew_for_each_dossier(
    rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A million dossiers times two hundred that fit would take a minute."""
    (tmp_path / "d.csv").write_text(
        "dossier,envelope,department,theme,applicant_id,population,cost,requested,score\n"
        "D01,a,01,x,A1,100,20000,10000,3\nD02,b,01,y,A2,200,20000,10000,4\nD03,b,02,y,A2,200,20000,10000,4\n",
        encoding="utf-8",
    )
    (tmp_path / "o.yaml").write_text(SCENARIO, encoding="utf-8")
    problem = compile_problem(load_scenario(tmp_path / "o.yaml"))
    found = next(one for one in problem.rules if one.id == rule)
    funded, read, readings = np.zeros(3, dtype=np.bool_), type(found).read, list[int]()

    def counted(*args: object) -> object:
        readings.append(1)
        return read(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(type(found), "read", counted)
    holds = build_rule_test(found, funded, np.zeros(3, dtype=np.int64))
    for row in range(3):
        holds(row, 1_000_000)
    assert len(readings) == 1
