"""Impossible settings drawn on small scenarios, as `--set` texts, and checks of what `conflict` gives."""

from __future__ import annotations

import random
from pathlib import Path

from support.tiny_scenario import TABLE
from tnt_sim.analysis.infeasibility.document import EasedHead
from tnt_sim.analysis.infeasibility.minimal_conflicts import ConflictResult
from tnt_sim.cli.project_templates import FRENCH, build_dossiers_csv
from tnt_sim.domain.field_types import write_amount
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
RULES = """schema_version: 1
id: regles
date: 2021-06-01
territory: {year: 2021}
programme:
  id: tout
  title: Le programme
  amount: 1 500 €
  envelopes:
    - {id: a, title: Première part, amount: 900 €, split: {by: department, each: 300 €}}
    - {id: b, title: Seconde part, amount: 600 €}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
caps: [{id: etat, title: Plafond des aides, max: 80 %, of: cost}]
rules:
  - {id: oui, title: Décision du comité, kind: decide, fund: ['4'], author: préfet}
  - {id: equite, title: Équité, kind: equity, measure: granted, by: department, groups: present, max: 900 %}
  - {id: exclut, title: Une variante, kind: exclusive, dossiers: ['1', '3'], max: 1}
  - {id: suppose, title: Le socle, kind: requires, dossiers: ['3'], need: ['2']}
  - {id: haut, title: Plafond, kind: limit, measure: granted, max: 1500 €}
"""
IN_STEPS = """steps:
  - {id: un, title: Première date, date: 2021-03-01}
  - {id: deux, title: Seconde date, date: 2021-06-01}
"""
PROJECTS = """dossier,envelope,department,project,population,cost,requested,other_public,score
1,a,01,P1,100,1000,250.10,,10
2,a,02,P2,200,1000,300,,9
3,b,01,P3,300,2000,200.50,,8
4,b,2A,P4,400,900,400,300,7
5,b,02,P4,200,900,300,300,6
"""
COMMITTED = TREE.replace("id: arbre", "id: engages")
NAMES = ("arbre", "engages", "demo", "deux-parts", "regles", "dates")


def write_scenario(name: str, folder: Path) -> ScenarioData:
    """Write one of the scenarios and load it."""
    if name == "demo":
        templates = FRENCH
        (folder / "data").mkdir(exist_ok=True)
        (folder / "data" / "dossiers.csv").write_text(build_dossiers_csv(), encoding="utf-8")
        (folder / "demo.yaml").write_text(templates.scenario, encoding="utf-8")
        return load_scenario(folder / "demo.yaml")
    if name in ("regles", "dates"):
        text = RULES.replace("id: regles", f"id: {name}") + (IN_STEPS if name == "dates" else "")
        (folder / "table.csv").write_text(PROJECTS, encoding="utf-8")
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        return load_scenario(folder / f"{name}.yaml")
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
    if name in ("regles", "dates"):
        return _draw_rules(draw, name)
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


def _draw_rules(draw: random.Random, name: str) -> list[str]:
    """Draw a split, an equity band, caps, the limit of public aid, links, decisions, amounts of a date."""
    ways = [
        [f"envelopes.a.split.each={draw.randint(301, 900)} €"],
        [f"envelopes.a.amount={draw.randint(1, 599)}.05 €"],
        [f"rules.equite.min={draw.randint(10, 100)} %"],
        [f"rules.equite.max={draw.randint(100, 120)} %", f"rules.haut.min={draw.randint(300, 1_500)} €"],
        ["rules.oui.fund=['4', '5']"],
        ["rules.oui.fund=['4', '5']", f"rules.haut.min={draw.randint(900, 1_500)} €"],
        ["rules.oui.fund=['1', '3']"],
        ["rules.oui.fund=['3']", "rules.oui.refuse=['2']"],
        [f"caps=[{{id: etat, title: Plafond des aides, max: {draw.randint(1, 39)} %, of: cost}}]"],
        [f"caps=[{{id: etat, max: {draw.randint(10, 39)} %, of: cost}}]", "rules.haut.min=1000.01 €"],
        [f"rules.oui.amounts={{'4': '{draw.randint(401, 800)}.01 €', '2': '{draw.randint(200, 400)} €'}}"],
        [f"rules.haut.min={draw.randint(951, 1_900)}.50 €"],
        [f"programme.amount={draw.randint(1, 1_499)}.99 €"],
        [f"envelopes.b.min_dossiers={draw.randint(3, 9)}"],
    ]
    if name == "dates":
        amount, step = draw.randint(1, 399), draw.choice(("un", "deux"))
        ways = [
            *ways[2:8],
            [f"steps.{step}.set={{rules.haut.min: {draw.randint(900, 2_000)} €}}"],
            [f"steps.un.set={{envelopes.b.amount: {amount} €, envelopes.a.amount: 900 €}}"],
            [f"steps.{step}.set={{rules.oui.fund: ['4', '5']}}"],
            [f"steps.{step}.set={{envelopes.b.min_dossiers: {draw.randint(3, 9)}}}"],
            [f"steps.{step}.set={{programme.amount: {amount} €}}"],
        ]
    return draw.choice(ways)


def check_repairs(scenario: ScenarioData, found: ConflictResult) -> int:
    """Check that each repair with `--set` texts leads to the optimum that it states; return how many.

    Prices ascend, titles stand in place of keys, and where no repair exists a member is what no repair lifts.
    """
    document = found.data
    assert document.status == "infeasible"
    assert document.sets
    kinds = {member.kind for one in document.sets for member in one.members}
    assert document.repairs or kinds & {"committed", "law"}
    prices = [one.cents or one.change_cents for one in document.repairs]
    assert None not in prices
    assert prices == sorted(prices)
    assert [one.rank for one in document.repairs] == list(range(1, len(prices) + 1))
    n = 0
    for one in document.repairs:
        eased = [(action.kind, action.id, action.group, action.side) for action in one.actions]
        assert len(eased) == len(set(eased)), one.words
        if one.set is None:
            continue
        paths = [text.partition("=")[0] for text in one.set]
        assert len(paths) == len(set(paths)), one.set
        for action in one.actions:  # what is announced is what the line sets
            if (
                isinstance(action, EasedHead)
                and action.to_cents is not None
                and action.kind not in ("share", "min_use")
            ):
                assert any(write_amount(action.to_cents) in text for text in one.set), (action, one.set)
        assert one.added_cents <= one.cents
        again = solve(with_sets(scenario, list(one.set)), cross_check="never")
        assert again.status.value in ("optimal", "feasible"), one.set
        if one.best_found and again.status.value == "optimal" and not scenario.spec.steps:
            stated = [goal.value for goal in one.objective]
            assert [goal.value for goal in again.data.objective] == stated, one.set
        n += 1
    return n
