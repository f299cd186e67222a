"""Floors above what caps let through: `validate` says so, and is never wrong about it."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tnt_sim.cli.main import main
from tnt_sim.engine import solve
from tnt_sim.errors import Lang, ScenarioError
from tnt_sim.result import Status
from tnt_sim.scenario.compile import compile_problem
from tnt_sim.scenario.floors import unmet_floors
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import Scenario

HEAD = """schema_version: 1
id: t
programme: {{id: p, amount: {amount} €, min_use: {use} %}}
dossiers: [{{file: d.csv}}]
objective: [{{maximise: {{score: 1}}}}]
rules: [{rules}]
"""


def scenario(folder: Path, rows: str, rules: str, amount: int = 100, use: int = 0) -> Scenario:
    (folder / "d.csv").write_text("dossier,requested,zone,kind,committed,score\n" + rows, encoding="utf-8")
    (folder / "t.yaml").write_text(HEAD.format(amount=amount, use=use, rules=rules), encoding="utf-8")
    return load_scenario(folder / "t.yaml")


ROWS = "A,40,N,a,,1\nB,30,N,b,,1\nC,30,S,a,,1\n"
CAP = "{id: cap, kind: limit, measure: granted, by: zone, max: 35 €}"


def test_a_minimum_use_against_a_cap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A (40 €) never fits under 35 €, so that N gets 30 € and S 30 €."""
    asked = scenario(tmp_path, ROWS, CAP, use=70)
    (found,) = unmet_floors(compile_problem(asked))
    nb = "\u00a0"
    assert found.text.fr == (
        f"l'enveloppe « p » doit recevoir au moins 70{nb}€, et la règle « cap » ne laisse pas accorder plus de "
        f"60{nb}€ à ses dossiers : ce minimum ne peut pas être respecté."
    )
    assert 'envelope "p" must get at least €70' in found.line(Lang.EN)
    assert main(["validate", str(tmp_path / "t.yaml")]) == 3
    assert "floor-reach t.yaml:3:44" in capsys.readouterr().err.replace("\n", " ")
    assert unmet_floors(compile_problem(scenario(tmp_path, ROWS, CAP, use=60))) == []


def test_a_floor_of_a_rule_against_a_cap(tmp_path: Path) -> None:
    floor = "{id: sol, kind: limit, measure: granted, where: {kind: a}, min: 31 €}"
    (found,) = unmet_floors(compile_problem(scenario(tmp_path, ROWS, f"{CAP}, {floor}")))
    assert "€31" in found.text.en
    assert "€30" in found.text.en
    report = floor.replace("}, min", "}, report: true, min")
    assert unmet_floors(compile_problem(scenario(tmp_path, ROWS, f"{CAP}, {report}"))) == []


@pytest.mark.parametrize("block", range(4))
def test_what_cannot_be_met_is_infeasible(tmp_path: Path, block: int) -> None:
    """On drawn cases with commitments and cents; and clashes are seen."""
    seen = missed = 0
    for seed in range(block * 30, block * 30 + 30):
        dice = Random(seed)
        rows = ""
        for k in range(dice.randint(2, 6)):
            money = dice.randint(500, 6000)
            text = f"{money // 100}.{money % 100:02d}"
            held = text if dice.random() < 0.15 else ""
            rows += (
                f"{k},{text},{dice.choice(['N', 'S', ''])},{dice.choice('ab')},{held},{dice.randint(0, 9)}\n"
            )
        cap = f"{{id: c, kind: limit, measure: granted, by: zone, max: {dice.randint(10, 80)} €}}"
        floor = f"{{id: f, kind: limit, measure: granted, where: {{kind: a}}, min: {dice.randint(5, 90)} €}}"
        rules = ", ".join([cap, *([floor] if dice.random() < 0.6 else [])])
        asked = scenario(tmp_path, rows, rules, dice.randint(60, 200), dice.choice([0, 30, 60, 90]))
        try:
            found = unmet_floors(compile_problem(asked))
        except ScenarioError:
            continue
        infeasible = solve(asked, cross_check="never").status is Status.INFEASIBLE
        assert infeasible or not found, (seed, [one.text.en for one in found])
        seen += bool(found)
        missed += infeasible and not found
    assert seen >= 2, (seen, missed)
