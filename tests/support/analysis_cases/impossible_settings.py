"""Impossible settings drawn on four small scenarios, as `--set` texts, and checks of what `conflict` gives."""

from __future__ import annotations

import random
from pathlib import Path

from support.tiny_scenario import TABLE
from tnt_sim.analysis.infeasibility.minimal_conflicts import ConflictResult
from tnt_sim.cli.project_templates import FRENCH, build_dossiers_csv
from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario, with_sets
from tnt_sim.scenario.scenario import ScenarioData

TREE = """schema_version: 1
id: arbre
programme:
  id: tout
  title: Le programme
  amount: 1 500,50 €
  envelopes:
    - id: a
      title: Première part
      amount: 900 €
      envelopes: [{id: a1, title: Sous-part, amount: 600.25 €}]
    - {id: b, title: Seconde part, amount: 600.50 €}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
rules:
  - {id: oui, title: Décision du comité, kind: decide, fund: ['4'], author: préfet}
  - {id: part, title: Part de 01, kind: share, measure: granted, where: {department: '01'}, min: 0 %}
  - {id: reste, title: Part des autres, kind: share, measure: granted, where: {department: {not: '01'}}, min: 0 %}
  - {id: haut, title: Plafond, kind: limit, measure: granted, max: 1500.50 €}
  - {id: chacun, title: Par département, kind: limit, measure: granted, by: department, min: 0 €, max: 1500.50 €}
"""
COMMITTED = TREE.replace("id: arbre", "id: engages")
NAMES = ("arbre", "engages", "demo", "deux-parts")


def write_scenario(name: str, folder: Path) -> ScenarioData:
    """Write one of the four scenarios and load it."""
    if name == "demo":
        templates = FRENCH
        (folder / "data").mkdir(exist_ok=True)
        (folder / "data" / "dossiers.csv").write_text(build_dossiers_csv(), encoding="utf-8")
        (folder / "demo.yaml").write_text(templates.scenario, encoding="utf-8")
        return load_scenario(folder / "demo.yaml")
    table = TABLE.replace("1,a,", "1,a1,", 1)
    text = TREE
    if name == "engages":
        head, *rows = table.strip().split("\n")
        table = "\n".join(
            [f"{head},committed", *(f"{row},{'300.10' if row[0] == '3' else ''}" for row in rows)]
        )
        text = COMMITTED
    if name == "deux-parts":
        text = TREE.replace("id: arbre", "id: deux-parts").replace("'4'", "'2'")
    (folder / "table.csv").write_text(table + "\n", encoding="utf-8")
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load_scenario(folder / f"{name}.yaml")


def draw_setting(name: str, seed: int) -> list[str]:
    """Draw one or two changes, each of which may make the scenario impossible."""
    draw = random.Random(f"{name}-{seed}")
    euros = draw.randint(1, 3_000) + draw.choice((0, 0.01, 0.5))
    if name == "demo":
        share, use = draw.randint(60, 100), draw.randint(80, 100)
        ways = [
            [f"envelopes.numerique.amount={draw.randint(801, 3_000)} k€"],
            [f"programme.amount={draw.randint(1, 990)} k€"],
            [f"rules.part-communes.min={share} %", f"programme.min_use={use} %"],
            [f"rules.part-communes.max={draw.randint(1, 39)} %"],
            [f"rules.plafond-departement.max={draw.randint(1, 300)} k€", f"programme.min_use={use} %"],
            [f"envelopes.mobilites.min_dossiers={draw.randint(8, 40)}"],
        ]  # fmt: skip
        return draw.choice(ways)
    ways = [
        [f"envelopes.a.amount={euros + 900:.2f} €"],
        [f"envelopes.b.amount={euros + 600:.2f} €"],
        [f"envelopes.a1.amount={euros + 900:.2f} €"],
        [f"envelopes.a1.amount={euros + 900:.2f} €", f"envelopes.b.amount={euros + 700:.2f} €"],
        [f"programme.amount={min(euros, 1_499):.2f} €"],
        ["rules.oui.refuse=['4', '2']" if name != "deux-parts" else "rules.oui.refuse=['2']"],
        [f"rules.oui.amounts={{'4': '{euros + 500:.2f} €'}}"],
        [f"rules.part.min={draw.randint(51, 100)} %", f"rules.reste.min={draw.randint(50, 100)} %"],
        [f"rules.part.min={draw.randint(20, 100)} %", f"rules.part.max={draw.randint(1, 19)} %"],
        [f"rules.haut.min={euros + 1_501:.2f} €"],
        [f"rules.haut.max={draw.randint(1, 299)} €"],
        [f"envelopes.b.min_dossiers={draw.randint(2, 9)}"],
        [f"rules.chacun.min={draw.randint(1, 1_500)} €"],
        [f"rules.chacun.min={draw.randint(800, 1_500)} €", f"rules.chacun.max={draw.randint(700, 1_200)} €"],
        [f"rules.chacun.max={draw.randint(1, 399)} €"],
        [f"programme.min_use={draw.randint(1, 10_000) / 100} %"],
    ]
    return draw.choice(ways)


def check_repairs(scenario: ScenarioData, found: ConflictResult) -> int:
    """Check that each repair with `--set` texts leads to the optimum that it states; return how many."""
    document = found.data
    assert document.status == "infeasible"
    assert document.sets
    prices = [one.cents or one.change_cents for one in document.repairs]
    assert None not in prices
    assert prices == sorted(prices)
    assert [one.rank for one in document.repairs] == list(range(1, len(prices) + 1))
    n = 0
    for one in document.repairs:
        if one.set is None:
            continue
        again = solve(with_sets(scenario, list(one.set)), cross_check="never")
        assert again.status.value in ("optimal", "feasible"), one.set
        if one.best_found and again.status.value == "optimal":
            stated = [goal.value for goal in one.objective]
            assert [goal.value for goal in again.data.objective] == stated, one.set
        n += 1
    return n
