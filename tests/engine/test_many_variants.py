"""Variants solved together have the lists, hashes and certificates that each has when its file is read alone."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from support.lanes import seeds

from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import SolveOutcome
from tnt_sim.engine.session import SessionOutcome, SolverSession
from tnt_sim.errors import TntError
from tnt_sim.kernel.compiled import library
from tnt_sim.scenario.load import load_scenario, set_text
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.verify.run_document import hash_allocation

BASE = """schema_version: 1
id: many
title: SYNTHETIC
programme:
  id: tout
  amount: 2400.50 €
  overbooked: OVERBOOKED
  envelopes:
    - id: a
      amount: 1000 €
      overbooked: OVERBOOKED
      envelopes: [{id: a1, amount: 500.25 €}, {id: a2, amount: 450 €}]
    - {id: b, amount: 1100 €}
    - {id: vide, amount: 10 €}
dossiers: [{file: dossiers.csv}]
grants:
  - {mode: all_or_nothing, max_rate: 80 %}
caps: [{id: aides, max: 90 %}]
rules:
  - {id: theme, kind: limit, measure: granted, by: theme, max: 700 €}
  - {id: nombre, kind: limit, measure: dossiers, by: department, min: 1}
  - {id: rural, kind: share, measure: dossiers, where: {theme: rural}, min: 12.5 %}
  - {id: vote, kind: decide, refuse: [D03], reason: motif, author: jury}
objective: [{maximise: {score: 1}}]
solver: {cross_check: never}
"""


def write_base(folder: Path, dice: random.Random) -> Path:
    """A tree of three depths, some with commitments or ceilings, equal scores, equal amounts, cents."""
    amounts = [dice.randint(20_00, 160_00) for _ in range(5)]
    committed = dice.choice([(), (), (5, 17)])
    lines = ["dossier,requested,cost,score,theme,department,envelope,committed"]
    for k in range(26):
        asked = dice.choice(amounts) if dice.random() < 0.4 else dice.randint(20_00, 160_00)
        cost = round(asked * dice.choice([1.1, 1.25, 2]))
        score = dice.choice(["1", "2", "2.5", "3.25", "7"])
        paid = f"{asked / 100:.2f}" if k in committed else ""
        theme, department = dice.choice(["rural", "ville", "mer"]), dice.choice(["01", "02", "2A"])
        envelope = dice.choice(["a1", "a2", "a", "b", "b"])
        lines.append(
            f"D{k:02},{asked / 100:.2f},{cost / 100:.2f},{score},{theme},{department},{envelope},{paid}"
        )
    (folder / "dossiers.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    path = folder / "many.yaml"
    # where amounts are ceilings, no envelope gains what another leaves, and bounds move without their rows
    ceilings = dice.choice(["true", "true", "false"])
    path.write_text(BASE.replace("OVERBOOKED", ceilings), encoding="utf-8")
    return path


def draw_change(dice: random.Random) -> dict[str, object]:
    """Changes of one or two kinds: amounts, goals, grants, caps, bounds, switches, decisions; some contradict."""
    kinds: list[dict[str, object]] = [
        {"programme.amount": f"{dice.randint(205_000, 280_000) / 100:.2f} €"},
        {"envelopes.a1.amount": f"{dice.randint(0, 50_000) / 100:.2f} €"},
        {
            "envelopes.b.amount": f"{dice.randint(30_000, 140_000) / 100:.2f} €",
            "envelopes.a.amount": "960.01 €",
        },
        {"envelopes.vide.amount": f"{dice.choice([0, 1, 10])} €"},
        {
            "objective": [
                {"maximise": {"score": dice.choice([1, 2.5]), "requested": dice.choice([0.01, 0.25])}}
            ]
        },
        {"objective": [{"maximise": {"dossiers": 1}}, {"maximise": {"score": 1}}]},
        {
            "grants": [
                {"mode": "all_or_nothing", "max_rate": f"{dice.randint(500, 900) / 10} %", "round": "1 €"}
            ]
        },
        {"grants": [{"mode": "levels", "levels": ["20 %", "50 %"]}]},
        {"caps.aides.max": f"{dice.randint(40, 90)} %"},
        {"rules.theme.max": f"{dice.randint(30_000, 90_000) / 100:.2f} €"},
        {"rules.nombre.min": dice.randint(0, 3)},
        {"accept": [{"id": "left_out/0", "reason": "lu", "author": "jury"}]},
        {f"rules.{dice.choice(['theme', 'nombre', 'rural', 'vote'])}.off": True},
        {"rules.vote.refuse": [f"D{dice.randint(0, 25):02}"]},
        {"rules.vote.fund": [f"D{dice.randint(6, 16):02}"]},
    ]
    if dice.random() < 0.4:  # amounts alone
        kinds = kinds[:4]
    chosen = dice.sample(kinds, dice.choice([1, 1, 1, 2]))
    return {path: value for change in chosen for path, value in change.items()}


def describe(problem: Problem, outcome: SolveOutcome) -> tuple[object, ...]:
    """All that a caller may compare, list and certificates included."""
    digest = None if outcome.allocation is None else hash_allocation(problem, outcome.allocation)
    evidence = outcome.status, outcome.proof, outcome.canonical, outcome.bound, outcome.certificates
    return digest, outcome.values, outcome.granted_cents, *evidence


def optimise_alone(path: Path, changes: dict[str, object]) -> tuple[object, ...] | str:
    """The same of a version read from its file, with nothing known before."""
    sets = [f"{name}={set_text(value)}" for name, value in changes.items()]
    try:
        problem = compile_problem(load_scenario(path, sets))
        return describe(problem, optimise(problem))
    except TntError as error:
        return error.text.en


def describe_variant(found: SessionOutcome | TntError) -> tuple[object, ...] | str:
    return found.text.en if isinstance(found, TntError) else describe(found.problem, found.answer)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("seed", seeds(range(7), 2))
def test_variants_together_are_those_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, compiled: bool
) -> None:
    monkeypatch.setenv(library.VARIABLE, library.COMPILED if compiled else library.NUMPY)
    dice = random.Random(seed)
    path = write_base(tmp_path, dice)
    asked = [draw_change(dice) for _ in range(5)]
    asked += [dice.choice(asked), {}]
    session = SolverSession(load_scenario(path))
    together = dict(session.optimise_many(asked, OptimiseOptions()))
    assert sorted(together) == list(range(len(asked)))
    for place, changes in enumerate(asked):
        assert describe_variant(together[place]) == optimise_alone(path, changes), changes
    assert any(not isinstance(found, TntError) and found.answer.certificates for found in together.values())
