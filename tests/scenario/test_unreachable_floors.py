"""Floors above what caps let through: `validate` says so, and is never wrong about it."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from support.lanes import seeds

from tnt_sim.cli.main import main
from tnt_sim.engine.result import Status
from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.scenario.scenario import ScenarioData, list_decision_steps
from tnt_sim.scenario.unreachable_floors import find_unmet_floors

HEAD = """schema_version: 1
id: t
programme: {{id: p, amount: {amount} €, min_use: {use} %}}
dossiers: [{{file: d.csv}}]
objective: [{{maximise: {{score: 1}}}}]
rules: [{rules}]
"""


def scenario(folder: Path, rows: str, rules: str, amount: int = 100, use: int = 0) -> ScenarioData:
    (folder / "d.csv").write_text("dossier,requested,zone,kind,committed,score\n" + rows, encoding="utf-8")
    (folder / "t.yaml").write_text(HEAD.format(amount=amount, use=use, rules=rules), encoding="utf-8")
    return load_scenario(folder / "t.yaml")


ROWS = "A,40,N,a,,1\nB,30,N,b,,1\nC,30,S,a,,1\n"
CAP = "{id: cap, kind: limit, measure: granted, by: zone, max: 35 €}"


def test_a_minimum_use_against_a_cap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A (40 €) never fits under 35 €, so that N gets 30 € and S 30 €."""
    asked = scenario(tmp_path, ROWS, CAP, use=70)
    (found,) = find_unmet_floors([compile_problem(asked)])
    nb = "\u00a0"
    assert found.text.fr == (
        f"l'enveloppe « p » doit recevoir au moins 70{nb}€, ce que ses dossiers ne peuvent pas recevoir sous la "
        "règle « cap »."
    )
    assert 'envelope "p" must get at least €70' in found.line(Lang.EN)
    assert main(["validate", str(tmp_path / "t.yaml")]) == 4
    shown = capsys.readouterr().out
    assert "« cap »" in shown
    assert "t.yaml" in shown
    assert main(["validate", str(tmp_path / "t.yaml"), "--quiet"]) == 4
    err = capsys.readouterr().err
    assert "t.yaml:3:44 — " in err
    assert "(floor-reach)" in err
    assert find_unmet_floors([compile_problem(scenario(tmp_path, ROWS, CAP, use=60))]) == []


def test_a_floor_of_a_rule_against_a_cap(tmp_path: Path) -> None:
    floor = "{id: sol, kind: limit, measure: granted, where: {kind: a}, min: 31 €}"
    (found,) = find_unmet_floors([compile_problem(scenario(tmp_path, ROWS, f"{CAP}, {floor}"))])
    assert "at least €31, which" in found.text.en
    report = floor.replace("}, min", "}, report: true, min")
    assert find_unmet_floors([compile_problem(scenario(tmp_path, ROWS, f"{CAP}, {report}"))]) == []


TREE = """schema_version: 1
id: t
programme: {programme}
dossiers: [{{file: d.csv}}]
grants: [{{mode: all_or_nothing}}]
objective: [{{maximise: {{score: 1}}}}]
rules: [{rules}]
{more}"""
AMOUNTS = (
    "{id: p, amount: 100 €, envelopes: [{id: a, amount: 50 €, ring_fenced: true}, {id: b, amount: 50 €}]}"
)
LISTED = "A,a,40.25,N,,1\nB,a,30,S,,1\nC,b,30,N,,1\nD,b,20.50,S,,1\nE,b,25,,,1\n"
ZONES = "{id: cap, kind: limit, measure: granted, by: zone, max: 35 €}"
ONE_EACH = "{id: une, kind: limit, measure: dossiers, by: zone, max: 1}"


def said(folder: Path, programme: str, rules: str, rows: str = LISTED, more: str = "") -> list[str]:
    """What is said of the minimums of a tree, in English."""
    (folder / "d.csv").write_text(
        "dossier,envelope,requested,zone,committed,score\n" + rows, encoding="utf-8"
    )
    text = TREE.format(programme=programme, rules=rules, more=more)
    (folder / "t.yaml").write_text(text, encoding="utf-8")
    asked = load_scenario(folder / "t.yaml")
    steps = [compile_problem(step.scenario) for step in list_decision_steps(asked)]
    return [one.text.en for one in find_unmet_floors(steps)]


CROSSED = "A,a,30,N,,1\nB,a,30,S,,1\nC,b,20.25,X,,1\nD,b,20.25,X,,1\nE,b,20.25,X,,1\n"
TWO = "{id: p, amount: 111 €, envelopes: [{id: a, amount: 50 €, ring_fenced: true}, {id: b, amount: 61 €}]}"
PAIR = "{id: cap, kind: limit, measure: granted, by: zone, max: 41 €}"
FLOOR = "{id: f, kind: limit, measure: granted, where: {zone: [N, S, X]}, min: MIN}"
EACH = {
    "money under a cap and the tree": (
        (TWO, f"{PAIR}, {FLOOR}", CROSSED, "70.51 €", "70.50 €"),
        'the rule "f" must get at least €70.51, which its applications cannot get under the rule '
        '"cap" and the caps of envelopes',
    ),
    "whole dossiers under one envelope": (
        (AMOUNTS.replace("fenced: true", "fenced: true, min_use: MIN"), "", LISTED, "81 %", "80.5 %"),
        'envelope "a" must get at least €40.50, which its applications cannot get under the cap of '
        'envelope "a"',
    ),
    "a number under a cap": (
        (AMOUNTS.replace("id: p, ", "id: p, min_dossiers: MIN, "), ONE_EACH, LISTED, "4", "3"),
        'envelope "p" must fund at least 4 applications, which is impossible under the rule "une"',
    ),
    "a number under money": (
        (
            AMOUNTS,
            "{id: n, kind: limit, measure: dossiers, where: {envelope: a}, min: MIN}",
            LISTED,
            "2",
            "1",
        ),
        'the rule "n" must fund at least 2 applications, which is impossible under the cap of envelope "a"',
    ),
    "a share beside what is committed": (
        (
            AMOUNTS,
            f"{ZONES}, {{id: part, kind: share, measure: granted, where: {{zone: N}}, min: MIN}}",
            LISTED.replace("C,b,30", "C,b,24").replace("25,,,", "25,,25,"),
            "50 %",
            "48.9 %",
        ),
        'the rule "part" must get at least €25, which its applications cannot get under the rule "cap"',
    ),
}


@pytest.mark.parametrize("name", EACH)
def test_each_kind_of_minimum(tmp_path: Path, name: str) -> None:
    """The fewest caps that explain it are named; nothing is said of a minimum that they just allow."""
    (programme, rules, rows, above, allowed), text = EACH[name]

    def with_least(least: str) -> list[str]:
        return said(tmp_path, programme.replace("MIN", least), rules.replace("MIN", least), rows)

    assert with_least(above) == [f"{text}."]
    assert with_least(allowed) == []


def test_every_step_is_looked_at(tmp_path: Path) -> None:
    """A later step whose minimum no list of all steps can reach."""
    rules = f"{PAIR}, {FLOOR.replace('MIN', '20 €')}"
    steps = "steps: [{id: t1, date: 2026-01-01}, {id: t2, date: 2026-06-01, set: {rules.f.min: 70.51 €}}]\n"
    (found,) = said(tmp_path, TWO, rules, CROSSED, steps)
    assert "€70.51" in found
    assert said(tmp_path, TWO, rules, CROSSED, steps.replace("70.51", "70.50")) == []


@pytest.mark.parametrize("block", seeds(range(4), 1))
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
            found = find_unmet_floors([compile_problem(asked)])
        except ScenarioError:
            continue
        infeasible = solve(asked, cross_check="never").status is Status.INFEASIBLE
        assert infeasible or not found, (seed, [one.text.en for one in found])
        seen += bool(found)
        missed += infeasible and not found
    assert seen >= 2, (seen, missed)
