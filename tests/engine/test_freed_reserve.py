"""The last of several steps frees the reserve, whatever its name, and `run` shows every step."""

from __future__ import annotations

import random
from itertools import combinations
from pathlib import Path

import pytest
from support.lanes import seeds
from support.tiny_scenario import funded, tiny

from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.reporting.reports.run import build_report
from tnt_sim.reporting.text.vocabulary import Labels
from tnt_sim.verify.run_replay import verify_run

HEAD = """schema_version: 1
id: t
date: 2026-01-01
programme: {id: p, amount: AMOUNT, reserve: 20 %}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
"""
STEPS = "steps: [{id: one, date: 2026-01-05}, {id: NAME, date: 2026-02-05}]\n"
TABLE = "dossier,requested,score,filed_at\nA,800,5,2026-01-02\nB,200,3,2026-02-02\n"


@pytest.mark.parametrize("name", ["two", "fin", "reserves"])
def test_the_last_step_grants_from_the_reserve(tmp_path: Path, name: str) -> None:
    result = solve(tiny(tmp_path, HEAD.replace("AMOUNT", "1000 €") + STEPS.replace("NAME", name), TABLE))
    assert funded(result) == {"A": 800_00, "B": 200_00}
    assert [(step.id, step.granted_cents) for step in result.data.steps or ()] == [
        ("one", 800_00),
        (name, 200_00),
    ]
    assert verify_run(write_run(result)).ok


@pytest.mark.parametrize(
    "steps", ["", STEPS.replace("NAME", "reserve"), "steps: [{id: one, date: 2026-02-05}]\n"]
)
def test_the_reserve_list_is_not_granted(tmp_path: Path, steps: str) -> None:
    result = solve(tiny(tmp_path, HEAD.replace("AMOUNT", "1000 €") + steps, TABLE))
    assert funded(result) == {"A": 800_00}
    assert dict(result.dossiers.select("dossier", "reserve_cents").iter_rows())["B"] == 200_00


def test_run_shows_every_step(tmp_path: Path) -> None:
    for name, last in (("two", "two 5 February 2026 1 €200"),
                       ("reserve", "reserve 5 February 2026 1 €200 reserve list, not granted")):  # fmt: skip
        result = solve(tiny(tmp_path, HEAD.replace("AMOUNT", "1000 €") + STEPS.replace("NAME", name), TABLE))
        lines = render_report(build_report(result.data, Labels()), Lang.EN, 120)
        shown = [" ".join(str(line).split()) for line in lines]
        assert "one 5 January 2026 1 €800" in shown
        assert last in shown


@pytest.mark.parametrize("seed", seeds(range(12), 3))
def test_two_steps_equal_enumeration(tmp_path: Path, seed: int) -> None:
    """The first step has 80 % of the amount, the second all that is left of the whole."""
    rng = random.Random(seed)
    rows = {k: (rng.randint(50, 400), rng.randint(1, 9), rng.random() < 0.5) for k in "ABCDEF"}
    lines = [f"{k},{c},{s},2026-0{1 if early else 2}-02" for k, (c, s, early) in rows.items()]
    amount = rng.randint(300, 1000)
    table = "\n".join(["dossier,requested,score,filed_at", *lines]) + "\n"
    result = solve(tiny(tmp_path, HEAD.replace("AMOUNT", f"{amount} €") + STEPS.replace("NAME", "x"), table))

    def best(names: list[str], cents: int) -> int:
        every = [part for n in range(len(names) + 1) for part in combinations(names, n)]
        fitting = [part for part in every if 5 * sum(rows[k][0] for k in part) <= cents]
        return max(sum(rows[k][1] for k in part) for part in fitting)

    first, second = result.data.steps or ()
    early = [k for k in rows if rows[k][2]]
    assert first.objective[0].value == str(best(early, 4 * amount))
    kept = set(result.dossiers.filter(result.dossiers["step"] == "one")["dossier"])
    held = sum(rows[k][0] for k in kept)
    added = best([k for k in rows if k not in kept], 5 * (amount - held))
    assert second.objective[0].value == str(sum(rows[k][1] for k in kept) + added)
